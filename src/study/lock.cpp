#include "labrelay/study/lock.hpp"

#include <utility>

namespace labrelay::study {
namespace {

constexpr std::array<std::pair<LockState, std::string_view>, 3> kStates{{
    {LockState::open, "open"},
    {LockState::frozen, "frozen"},
    {LockState::locked, "locked"},
}};

constexpr std::array<std::pair<LockAction, std::string_view>, 4> kActions{{
    {LockAction::freeze, "freeze"},
    {LockAction::unfreeze, "unfreeze"},
    {LockAction::lock, "lock"},
    {LockAction::unlock, "unlock"},
}};

template <class Table, class Value>
std::string_view text_of(const Table& table, Value value) {
    for (const auto& [known, text] : table) {
        if (known == value) {
            return text;
        }
    }
    return {};
}

template <class Value, std::size_t size>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, size>& table,
                              std::string_view text) {
    for (const auto& [value, known] : table) {
        if (known == text) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(LockState state) {
    return text_of(kStates, state);
}
std::optional<LockState> lock_state_from(std::string_view text) {
    return value_of(kStates, text);
}
std::string_view to_string(LockAction action) {
    return text_of(kActions, action);
}
std::optional<LockAction> lock_action_from(std::string_view text) {
    return value_of(kActions, text);
}

std::string_view kind_of(const LockScope& scope) {
    if (!scope.subject) {
        return "study";
    }
    return scope.visit.empty() ? "subject" : "visit";
}

std::string name_of(const LockScope& scope) {
    return scope.study + ":" + std::to_string(scope.subject.value) + ":" + scope.visit;
}

bool covers(const LockScope& scope, SubjectId subject, const Placement& placement) {
    if (!scope.subject) {
        return true;
    }
    if (scope.subject != subject) {
        return false;
    }
    return scope.visit.empty() ||
           (placement.kind == VisitKind::scheduled && placement.visit == scope.visit);
}

LockState effective(std::span<const ScopeLock> locks, SubjectId subject, const Placement* before,
                    const Placement& after) {
    LockState strongest = LockState::open;
    for (const ScopeLock& lock : locks) {
        if (covers(lock.scope, subject, after) ||
            (before != nullptr && covers(lock.scope, subject, *before))) {
            strongest = std::max(strongest, lock.state);
        }
    }
    return strongest;
}

}  // namespace labrelay::study
