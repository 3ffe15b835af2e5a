#pragma once

#include <functional>
#include <vector>

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// Processes what these problems hold again, as one job: the repair's part of POST /problems/bulk.
using ReprocessProblems =
    std::function<Result<Response>(const Request&, const std::vector<ProblemId>&)>;

/// PATCH /problems/{id}, POST /problems/{id}/comments, POST /problems/bulk, GET /assignees, GET and
/// POST /views, DELETE /views/{id}.
void add_problem_work_routes(Router& router, const Services& services, ReprocessProblems reprocess);

}  // namespace labrelay::api
