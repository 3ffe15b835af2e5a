#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

// What people do with problems, questions and approvals. Pure.

/// With `changes`, a line for each thing that would be another, and the address of what it is
/// about.
nlohmann::ordered_json json_of(const store::Approval& approval, const study::Registry& registry,
                               bool may_decide);
nlohmann::ordered_json json_of(const store::FourEyes& action);
/// Its subject as the study names it; texts as the person may read them.
nlohmann::ordered_json json_of(const store::SiteQuery& query, const Sight& sight);
nlohmann::ordered_json json_of(const store::ProblemNote& note);
nlohmann::ordered_json json_of(const store::ChangedProblem& problem);

}  // namespace labrelay::views
