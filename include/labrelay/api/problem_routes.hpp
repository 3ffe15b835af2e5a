#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "labrelay/api/services.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// What other parts know of one problem: each gives an array. One that is not set leaves its member
/// empty.
struct ProblemParts {
    struct Asked {
        const Request& request;
        store::ReadSession& session;
        const store::BoardProblem& problem;
        const views::Sight& sight;
        bool revealed;  ///< the session may see whom it is about
    };
    using Part = std::function<nlohmann::ordered_json(const Asked&)>;
    Part repairs;
    Part comments;
    Part history;
    Part queries;
};

/// GET /problems, /problems/{id}, /problems/{id}/items.
void add_problem_routes(Router& router, const Services& services, ProblemParts parts = {});

}  // namespace labrelay::api
