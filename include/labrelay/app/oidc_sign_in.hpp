#pragma once

#include "labrelay/api/services.hpp"
#include "labrelay/api/sessions.hpp"
#include "labrelay/app/settings.hpp"
#include "labrelay/crypto/secret_key.hpp"

namespace labrelay::app {

/// GET /session/oidc sends the browser to the organisation's provider, GET /session/oidc/callback
/// takes its answer: authorization code with PKCE. What must be known in between travels in the
/// browser, sealed with `key`, so that any node may take the answer.
void add_oidc_routes(api::Router& router, const api::Services& services, api::Sessions& sessions,
                     const OidcSettings& settings, const crypto::SecretKey& key);

}  // namespace labrelay::app
