#pragma once

#include "labrelay/api/services.hpp"

namespace labrelay::api {

/// GET /subjects, /results, /outstanding, /expected, /eligibility; POST /subjects/{id}/reveal.
void add_subject_routes(Router& router, const Services& services);

}  // namespace labrelay::api
