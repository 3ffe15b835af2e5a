#pragma once

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// GET /search.
void add_search_routes(Router& router, const Services& services);

}  // namespace labrelay::api
