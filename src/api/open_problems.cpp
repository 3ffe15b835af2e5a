#include "open_problems.hpp"

#include "labrelay/store/open_problems.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/problem_page.hpp"

namespace labrelay::api {

std::int64_t open_problems(store::ReadSession& session, const views::Sight& sight) {
    if (sight.everywhere() && !sight.blinded()) {
        return store::count_open_problems(session);
    }
    std::int64_t count = 0;
    for (store::BoardProblem& read : store::problem_board(session, store::ProblemState::open)) {
        count += views::seen(std::move(read), sight) ? 1 : 0;
    }
    return count;
}

}  // namespace labrelay::api
