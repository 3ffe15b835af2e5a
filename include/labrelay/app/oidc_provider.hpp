#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "labrelay/app/settings.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::app {

/// What labrelay asks of the organisation's OpenID Connect provider. Its addresses are looked up
/// at the issuer and kept for ten minutes, its keys are read for each sign-in. Redirects are not
/// followed. Thread-safe. Errors of all: provider-failed; secret-file-bad.
class OidcProvider {
public:
    explicit OidcProvider(const OidcSettings& settings) : settings_(settings) {}

    struct Addresses {
        std::string authorization;
        std::string token;
        std::string keys;
    };
    Result<Addresses> addresses(Instant now);

    /// The ID token that the provider gives for the code of a sign-in.
    Result<std::string> id_token(const Addresses& addresses, const std::string& code,
                                 const std::string& verifier, const std::string& redirect) const;
    /// Its JWK set.
    Result<std::string> keys(const Addresses& addresses) const;

private:
    OidcSettings settings_;
    std::mutex mutex_;
    std::optional<Addresses> known_;
    Instant known_since_;
};

}  // namespace labrelay::app
