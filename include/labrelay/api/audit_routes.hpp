#pragma once

#include "labrelay/api/services.hpp"
#include "labrelay/api/signing.hpp"

namespace labrelay::api {

class ApprovalActions;

/// GET /audit, /audit/verify, /audit/export (itself audited), GET and POST /audit/reviews (signed),
/// POST /audit/{id}/erase (asks for a second person; adds the action to `actions`).
void add_audit_routes(Router& router, const Services& services, Signing& signing,
                      ApprovalActions& actions);

}  // namespace labrelay::api
