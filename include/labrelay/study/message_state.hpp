#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "labrelay/study/proposal.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::study {

/// The allowed changes of a message's and of an observation's state, each with its reason. Pictures
/// and words: src/study/message_state.md.
struct MessageTransition {
    MessageState from;
    MessageState to;
    std::string_view why;
};

inline constexpr std::array kMessageTransitions{
    MessageTransition{MessageState::received, MessageState::processed,
                      "every observation is stored or ignored"},
    MessageTransition{MessageState::received, MessageState::held,
                      "an observation, or the message, is held"},
    MessageTransition{MessageState::received, MessageState::duplicate,
                      "same source, control id and digest"},
    MessageTransition{MessageState::received, MessageState::refused, "answered AE or AR"},
    MessageTransition{MessageState::received, MessageState::quarantined,
                      "the bytes are no message"},
    MessageTransition{MessageState::received, MessageState::batch,
                      "a batch: its members go their own ways"},
    MessageTransition{MessageState::held, MessageState::processed,
                      "processed again: nothing is held any more"},
    MessageTransition{MessageState::processed, MessageState::held,
                      "processed again: what was ignored is held"},
};

constexpr bool allowed(MessageState from, MessageState to) {
    return std::ranges::any_of(kMessageTransitions,
                               [from, to](const MessageTransition& transition) {
                                   return transition.from == from && transition.to == to;
                               });
}

struct DispositionTransition {
    Disposition from;
    Disposition to;
    std::string_view why;
};

/// Nothing leaves `stored`: a value that is wrong gets a version, never another disposition.
inline constexpr std::array kDispositionTransitions{
    DispositionTransition{Disposition::held, Disposition::stored, "its cause was repaired"},
    DispositionTransition{Disposition::held, Disposition::ignored,
                          "its cause was repaired; a rule ignores it"},
    DispositionTransition{Disposition::ignored, Disposition::stored,
                          "the subject was registered later"},
    DispositionTransition{Disposition::ignored, Disposition::held,
                          "the subject was registered later"},
};

constexpr bool allowed(Disposition from, Disposition to) {
    return std::ranges::any_of(kDispositionTransitions,
                               [from, to](const DispositionTransition& transition) {
                                   return transition.from == from && transition.to == to;
                               });
}

static_assert(!allowed(MessageState::processed, MessageState::received));
static_assert(!allowed(MessageState::duplicate, MessageState::processed));
static_assert(!allowed(Disposition::stored, Disposition::held));
static_assert(!allowed(Disposition::stored, Disposition::ignored));

}  // namespace labrelay::study
