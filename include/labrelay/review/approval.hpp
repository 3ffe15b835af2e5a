#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::review {

// The second person. Pure.

enum class ApprovalState : std::uint8_t { pending, approved, refused, stale, applied };
std::string_view to_string(ApprovalState state);
std::optional<ApprovalState> approval_state_from(std::string_view text);

struct ApprovalTransition {
    ApprovalState from;
    ApprovalState to;
    std::string_view why;
};

inline constexpr std::array kApprovalTransitions{
    ApprovalTransition{ApprovalState::pending, ApprovalState::approved,
                       "a second person signed for it"},
    ApprovalTransition{ApprovalState::pending, ApprovalState::refused, "a second person said no"},
    ApprovalTransition{ApprovalState::pending, ApprovalState::stale,
                       "what was to be approved has changed"},
    ApprovalTransition{ApprovalState::approved, ApprovalState::applied, "done"},
    ApprovalTransition{ApprovalState::approved, ApprovalState::stale, "it could not be done"},
};

constexpr bool allowed(ApprovalState from, ApprovalState to) {
    return std::any_of(
        kApprovalTransitions.begin(), kApprovalTransitions.end(),
        [&](const ApprovalTransition& row) { return row.from == from && row.to == to; });
}

/// Accounts; 0: a command, which is nobody who could be another person.
struct Pair {
    std::int64_t asked_by = 0;
    std::int64_t decides = 0;
};
/// Whether `decides` may approve or refuse what `asked_by` asked for. Errors: approval-settled,
/// four-eyes-same-person, forbidden (a command has no second pair of eyes).
Result<void> may_decide(ApprovalState state, const Pair& people);

/// An action that needs a second person unless it was switched off with a reason.
struct FourEyesAction {
    std::string_view key;
    std::string_view text;
    bool always = false;  ///< cannot be switched off
};
std::span<const FourEyesAction> four_eyes_actions();
const FourEyesAction* four_eyes_action(std::string_view key);

}  // namespace labrelay::review
