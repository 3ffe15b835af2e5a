#pragma once

#include <chrono>

#include "labrelay/api/services.hpp"
#include "labrelay/api/signing.hpp"

namespace labrelay::api {

/// GET /access/review, /access/reviews, /access/reviews/{id}, POST /access/reviews: accounts and
/// roles are looked through and signed for; `each` says how often, 0: nobody is reminded. GET
/// /reveals, /reveals/file: who saw identity in a month, how often and why.
void add_access_routes(Router& router, const Services& services, Signing& signing,
                       std::chrono::days each);

}  // namespace labrelay::api
