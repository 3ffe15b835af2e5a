#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::study {

// Freeze and lock of a study, a subject or one visit of a subject: what may still reach the study
// databases. Pure; the rules stand in src/study/lock.md.

enum class LockState : std::uint8_t {
    open,
    frozen,  ///< new values wait until somebody unfreezes
    locked,  ///< what arrives becomes a post-lock item
};
std::string_view to_string(LockState state);
std::optional<LockState> lock_state_from(std::string_view text);

enum class LockAction : std::uint8_t { freeze, unfreeze, lock, unlock };
std::string_view to_string(LockAction action);
std::optional<LockAction> lock_action_from(std::string_view text);

struct LockTransition {
    LockState from;
    LockAction action;
    LockState to;
    std::string_view why;
};

inline constexpr std::array kLockTransitions{
    LockTransition{LockState::open, LockAction::freeze, LockState::frozen,
                   "a person looks at what is there and wants it to stand still"},
    LockTransition{LockState::frozen, LockAction::unfreeze, LockState::open,
                   "what waited is delivered"},
    LockTransition{LockState::open, LockAction::lock, LockState::locked,
                   "nothing is outstanding, or each item is accepted by signature"},
    LockTransition{LockState::frozen, LockAction::lock, LockState::locked,
                   "the same; what waited is outstanding"},
    LockTransition{LockState::locked, LockAction::unlock, LockState::open,
                   "authorised; open post-lock items stay with their person"},
};

/// Nothing: not allowed from there.
constexpr std::optional<LockState> after(LockState from, LockAction action) {
    const auto row = std::find_if(
        kLockTransitions.begin(), kLockTransitions.end(),
        [&](const LockTransition& known) { return known.from == from && known.action == action; });
    if (row == kLockTransitions.end()) {
        return std::nullopt;
    }
    return row->to;
}

static_assert(!after(LockState::locked, LockAction::unfreeze),
              "a lock is lifted by name and reason, not by the way");
static_assert(!after(LockState::locked, LockAction::freeze), "a lock is more than a freeze");

/// What a freeze or lock is about.
struct LockScope {
    std::string study;
    SubjectId subject;  ///< none: the whole study
    std::string visit;  ///< empty: the whole subject

    friend auto operator<=>(const LockScope&, const LockScope&) = default;
};
/// `study`, `subject` or `visit`.
std::string_view kind_of(const LockScope& scope);
/// `NCT05872659:17:M3`, subject 0 for the whole study: as the audit trail and signatures name it.
std::string name_of(const LockScope& scope);

/// A scope that is frozen or locked now.
struct ScopeLock {
    LockScope scope;
    LockState state = LockState::open;
    Instant since;
    std::int64_t fact = 0;  ///< the lock fact that made it so
};

/// Whether the scope covers what stands at this placement of this subject. Results at no visit are
/// covered by locks of their subject and study only.
bool covers(const LockScope& scope, SubjectId subject, const Placement& placement);

/// The strongest state of all that cover a result which stood at `before` and stands at `after`: a
/// move out of a locked visit changes that visit too. `locks` are of the subject's study.
LockState effective(std::span<const ScopeLock> locks, SubjectId subject, const Placement* before,
                    const Placement& after);

}  // namespace labrelay::study
