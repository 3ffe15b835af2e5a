#pragma once

#include "labrelay/api/live_streams.hpp"
#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// GET /traffic, /sources/{id}, /traffic/live and /events. `streams` outlives the router.
void add_traffic_routes(Router& router, const Services& services, LiveStreams& streams);

}  // namespace labrelay::api
