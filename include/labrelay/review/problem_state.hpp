#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay::review {

// What becomes of a problem. Pure; docs/review.md says it in a user's words.

enum class ProblemState : std::uint8_t { open, in_review, resolved, dismissed };
std::string_view to_string(ProblemState state);  ///< `open`, `in review` …
std::optional<ProblemState> problem_state_from(std::string_view text);

/// Who may go along a transition.
enum class Mover : std::uint8_t { person, engine, both };

struct ProblemTransition {
    ProblemState from;
    ProblemState to;
    Mover by;
    std::string_view why;
};

inline constexpr std::array kProblemTransitions{
    ProblemTransition{ProblemState::open, ProblemState::in_review, Mover::person,
                      "somebody looks into it"},
    ProblemTransition{ProblemState::in_review, ProblemState::open, Mover::person, "given back"},
    ProblemTransition{ProblemState::open, ProblemState::resolved, Mover::both,
                      "nothing is held by it any more"},
    ProblemTransition{ProblemState::in_review, ProblemState::resolved, Mover::both,
                      "nothing is held by it any more"},
    ProblemTransition{ProblemState::open, ProblemState::dismissed, Mover::person,
                      "what it holds is not for the study"},
    ProblemTransition{ProblemState::in_review, ProblemState::dismissed, Mover::person,
                      "what it holds is not for the study"},
    ProblemTransition{ProblemState::resolved, ProblemState::open, Mover::both, "it holds again"},
    ProblemTransition{ProblemState::dismissed, ProblemState::open, Mover::both, "it holds again"},
};

/// By a person.
constexpr bool person_may_move(ProblemState from, ProblemState to) {
    return std::any_of(kProblemTransitions.begin(), kProblemTransitions.end(),
                       [&](const ProblemTransition& row) {
                           return row.from == from && row.to == to && row.by != Mover::engine;
                       });
}
constexpr bool closed(ProblemState state) {
    return state == ProblemState::resolved || state == ProblemState::dismissed;
}

/// Put away until a time, or until it holds more.
struct Snooze {
    std::optional<Instant> until;
    std::optional<std::int64_t> until_held;
};
/// A snoozed problem wakes when the time has come or when it holds that many, whichever is first.
constexpr bool asleep(const Snooze& snooze, std::int64_t held, Instant now) {
    if (!snooze.until && !snooze.until_held) return false;
    if (snooze.until && *snooze.until <= now) return false;
    return !snooze.until_held || held < *snooze.until_held;
}

}  // namespace labrelay::review
