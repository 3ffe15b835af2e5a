#pragma once

#include <string>

#include "labrelay/api/router.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/api/sessions.hpp"

namespace labrelay::api {

/// /session (sign in, sign out, what ways there are) and /me: who is signed in, what they may, the
/// engine's state, their password and second factor. `version` is labrelay's own.
void add_session_routes(Router& router, const Services& services, Sessions& sessions,
                        std::string version);

}  // namespace labrelay::api
