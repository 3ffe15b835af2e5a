#include "message_identity.hpp"

#include <algorithm>

namespace labrelay::study {

MessageIdentity identify(const Proposal& proposal, const StateView& state) {
    MessageIdentity identity;
    const auto found = state.messages.find({proposal.source, proposal.control_id});
    if (found == state.messages.end()) {
        return identity;
    }
    for (const PriorMessage& prior : found->second) {
        const bool accepted =
            prior.state == MessageState::processed || prior.state == MessageState::held;
        if (!accepted || prior.id == proposal.message_id) {
            continue;
        }
        if (prior.sameness != proposal.sameness) {
            identity.reused = true;
        } else if (!identity.duplicate_of || prior.id < *identity.duplicate_of) {
            identity.duplicate_of = prior.id;
        }
    }
    return identity;
}

}  // namespace labrelay::study
