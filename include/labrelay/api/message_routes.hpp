#pragma once

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// GET /messages and what stands below a message; POST /messages/{id}/reveal.
void add_message_routes(Router& router, const Services& services);

}  // namespace labrelay::api
