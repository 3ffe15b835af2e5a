#pragma once

#include "labrelay/api/config_routes.hpp"

namespace labrelay::api {

/// What an engineer asks of files before they are proposed; nothing is stored:
/// GET /mappings/vocabulary; POST /config/check, /config/effect, /explain.
void add_workbench_routes(Router& router, const Services& services, ConfigurationPort& port);

}  // namespace labrelay::api
