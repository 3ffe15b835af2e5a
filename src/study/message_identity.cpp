#include "message_identity.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace labrelay::study {
namespace {

bool same_person(const ProposedObservation& left, const ProposedObservation& right) {
    return std::ranges::find_first_of(left.subjects, right.subjects) != left.subjects.end() ||
           (left.patient == right.patient && left.specimen_name == right.specimen_name);
}

auto name_of(const ProposedObservation& observation) {
    return std::tie(observation.specimen, observation.code, observation.identity_unit,
                    observation.sub_id);
}

}  // namespace

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

std::vector<bool> identity_twice(const std::vector<ProposedObservation>& observations) {
    std::vector<bool> twice(observations.size(), false);
    std::vector<std::size_t> order(observations.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order, [&](std::size_t at) {
        return observations[at].disposition == Disposition::ignored ||
               observations[at].code.empty();
    });
    std::ranges::sort(order, [&](std::size_t left, std::size_t right) {
        return name_of(observations[left]) < name_of(observations[right]);
    });
    for (auto from = order.begin(); from != order.end();) {
        const auto until = std::find_if(from, order.end(), [&](std::size_t at) {
            return name_of(observations[at]) != name_of(observations[*from]);
        });
        for (auto one = from; one != until; ++one) {
            for (auto other = std::next(one); other != until; ++other) {
                const bool known = twice[*one] && twice[*other];
                if (!known && same_person(observations[*one], observations[*other])) {
                    twice[*one] = true;
                    twice[*other] = true;
                }
            }
        }
        from = until;
    }
    return twice;
}

}  // namespace labrelay::study
