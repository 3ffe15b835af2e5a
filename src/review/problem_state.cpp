#include "labrelay/review/problem_state.hpp"

#include <utility>

namespace labrelay::review {
namespace {

constexpr std::array<std::pair<ProblemState, std::string_view>, 4> kStates{{
    {ProblemState::open, "open"},
    {ProblemState::in_review, "in review"},
    {ProblemState::resolved, "resolved"},
    {ProblemState::dismissed, "dismissed"},
}};

static_assert(person_may_move(ProblemState::open, ProblemState::in_review));
static_assert(!person_may_move(ProblemState::resolved, ProblemState::dismissed));

}  // namespace

std::string_view to_string(ProblemState state) {
    for (const auto& [known, text] : kStates)
        if (known == state) return text;
    return {};
}

std::optional<ProblemState> problem_state_from(std::string_view text) {
    for (const auto& [state, known] : kStates)
        if (known == text) return state;
    return std::nullopt;
}

}  // namespace labrelay::review
