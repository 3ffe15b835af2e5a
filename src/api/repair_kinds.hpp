#pragma once

#include <vector>

#include "labrelay/api/repairs.hpp"

namespace labrelay::api {

/// The repairs of pipeline/repair_plan.hpp: who may do each, against which rules it may help, and
/// of which it is the likely remedy. In the order in which they are offered.
std::vector<RepairKind> built_in_repairs();

}  // namespace labrelay::api
