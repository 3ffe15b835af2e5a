#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::security {

/// What an ID token of OpenID Connect must say to be taken.
struct IdTokenCheck {
    std::string issuer;
    std::string client_id;
    std::string nonce;  ///< of the sign-in that it answers
    std::string claim;  ///< whose text names the account: `preferred_username`
    Instant now;
};

struct IdToken {
    std::string subject;  ///< the person at the issuer, for ever
    std::string name;     ///< the claim's text
};

/// Reads a token and verifies it: signed by one of `keys` (a JWK set) with RS256 (2048 bits or
/// more) or ES256 and nothing else, from this issuer, for this client, for this sign-in, not
/// expired (a minute is allowed between the clocks). Pure. Errors: provider-failed, in words that
/// hold nothing of the token.
Result<IdToken> verify_id_token(std::string_view token, std::string_view keys,
                                const IdTokenCheck& check);

/// RFC 4648, URL alphabet, no padding.
std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace labrelay::security
