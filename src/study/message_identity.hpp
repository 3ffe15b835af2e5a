#pragma once

#include <optional>
#include <vector>

#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// What a message is to those that came before under the same source and control id; rules:
/// message_state.md.
struct MessageIdentity {
    std::optional<MessageId> duplicate_of;  ///< the oldest accepted message with the same digest
    bool reused = false;                    ///< the id was used for other content
};

MessageIdentity identify(const Proposal& proposal, const StateView& state);

/// For each observation, whether another of the message has the same specimen, code and OBX-4 for
/// the same person: one of them would stand in the other's place. One that is held for a reason of
/// its own counts, one that a rule ignores does not.
std::vector<bool> identity_twice(const std::vector<ProposedObservation>& observations);

}  // namespace labrelay::study
