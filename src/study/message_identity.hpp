#pragma once

#include <optional>

#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// What a message is to those that came before under the same source and control id; rules:
/// message_state.md.
struct MessageIdentity {
    std::optional<MessageId> duplicate_of;  ///< the oldest accepted message with the same digest
    bool reused = false;                    ///< the id was used for other content
};

MessageIdentity identify(const Proposal& proposal, const StateView& state);

}  // namespace labrelay::study
