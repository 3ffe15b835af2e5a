#pragma once

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// GET /deliveries.
void add_delivery_routes(Router& router, const Services& services);

}  // namespace labrelay::api
