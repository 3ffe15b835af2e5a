#pragma once

#include "labrelay/api/config_routes.hpp"
#include "labrelay/api/repairs.hpp"

namespace labrelay::app {

/// Adds the repairs that teach: a code, a unit's spelling, a word. Each is one line in a source's
/// file: a configuration of its own, put in force before what is held is processed again. What it
/// is given outlives `repairs`.
void add_teaching_repairs(api::Repairs& repairs, const api::Services& services,
                          api::ConfigurationPort& configurations);

}  // namespace labrelay::app
