#pragma once

#include "labrelay/api/router.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/api/sessions.hpp"

namespace labrelay::api {

/// /accounts with their roles, /access (who could do what, now and on any past day), /permissions
/// (the table of rights).
void add_account_routes(Router& router, const Services& services, Sessions& sessions);

}  // namespace labrelay::api
