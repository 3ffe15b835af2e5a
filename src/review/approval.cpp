#include "labrelay/review/approval.hpp"

#include <utility>

namespace labrelay::review {
namespace {

constexpr std::array<std::pair<ApprovalState, std::string_view>, 5> kStates{{
    {ApprovalState::pending, "pending"},
    {ApprovalState::approved, "approved"},
    {ApprovalState::refused, "refused"},
    {ApprovalState::stale, "stale"},
    {ApprovalState::applied, "applied"},
}};

constexpr std::array kActions{
    FourEyesAction{"subject.reassign", "Give results that were forwarded to another subject"},
    FourEyesAction{"config.activate", "Activate a mapping or another part of a configuration"},
    FourEyesAction{"unit.convert", "Teach a unit that converts values"},
    FourEyesAction{"post-lock.forward",
                   "Forward a result into a locked scope after another person has authorised it"},
    FourEyesAction{"audit.erase", "Erase personal data from the audit trail", true},
};

static_assert(!allowed(ApprovalState::refused, ApprovalState::approved));
static_assert(!allowed(ApprovalState::pending, ApprovalState::applied));

}  // namespace

std::string_view to_string(ApprovalState state) {
    for (const auto& [known, text] : kStates)
        if (known == state) return text;
    return {};
}

std::optional<ApprovalState> approval_state_from(std::string_view text) {
    for (const auto& [state, known] : kStates)
        if (known == text) return state;
    return std::nullopt;
}

Result<void> may_decide(ApprovalState state, const Pair& people) {
    if (state != ApprovalState::pending)
        return fail(state == ApprovalState::stale ? Code::approval_stale : Code::approval_settled,
                    {}, "it is " + std::string(to_string(state)));
    if (people.decides == 0) return fail(Code::forbidden, {}, "a person decides, not a command");
    if (people.asked_by == people.decides) return fail(Code::four_eyes_same_person);
    return {};
}

std::span<const FourEyesAction> four_eyes_actions() {
    return kActions;
}

const FourEyesAction* four_eyes_action(std::string_view key) {
    const auto* const found =
        std::find_if(kActions.begin(), kActions.end(),
                     [&](const FourEyesAction& action) { return action.key == key; });
    return found == kActions.end() ? nullptr : found;
}

}  // namespace labrelay::review
