#pragma once

#include <vector>

#include "connection.hpp"
#include "labrelay/study/held_result.hpp"
#include "labrelay/study/outstanding.hpp"
#include "terms.hpp"

namespace labrelay::store {

// What stands in the store about one subject beside its results, from any connection.

/// In order of their ids.
std::vector<study::HeldResult> read_held(Connection& database, Terms& terms, SubjectId subject);
/// Whose problem is not resolved or dismissed.
std::vector<study::OpenNotice> open_notices(Connection& database, SubjectId subject);
/// What a target has not got.
std::vector<study::OpenDelivery> open_deliveries(Connection& database, Terms& terms,
                                                 SubjectId subject);
/// Problems that hold results of nobody known.
std::vector<study::OpenProblem> unplaced_problems(Connection& database);

}  // namespace labrelay::store
