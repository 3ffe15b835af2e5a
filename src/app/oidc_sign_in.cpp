#include "labrelay/app/oidc_sign_in.hpp"

#include <Poco/URI.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/oidc_provider.hpp"
#include "labrelay/crypto/aead.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/crypto/same_secret.hpp"
#include "labrelay/security/id_token.hpp"

namespace labrelay::app {
namespace {

using api::Access;
using api::Method;
using api::Request;
using api::Response;

constexpr std::string_view kCookie = "labrelay_oidc";
constexpr std::string_view kPath = "/api/v1/session/oidc";
constexpr std::string_view kAssociated = "oidc sign-in";
constexpr std::int64_t kLastsUs = 600'000'000;
constexpr std::size_t kSecretBytes = 32;

/// A sign-in that is under way at the provider.
struct UnderWay {
    std::string state;
    std::string nonce;
    std::string verifier;
    Instant until;
};

Response to(const std::string& address) {
    Response made;
    made.status = 303;
    made.headers.emplace_back("Location", address);
    return made;
}

class OidcSignIn {
public:
    OidcSignIn(const api::Services& services, api::Sessions& sessions, const OidcSettings& settings,
               const crypto::SecretKey& key)
        : services_(services),
          sessions_(sessions),
          settings_(settings),
          key_(key),
          provider_(settings) {}

    Result<Response> begin(const Request& request) {
        const auto addresses = provider_.addresses(request.at);
        if (!addresses) {
            return tl::unexpected(addresses.error());
        }
        const UnderWay begun{crypto::random_hex(kSecretBytes), crypto::random_hex(kSecretBytes),
                             crypto::random_hex(kSecretBytes),
                             Instant{request.at.microseconds + kLastsUs}};
        const crypto::Sha256 challenge = crypto::sha256(begun.verifier);
        Poco::URI uri(addresses->authorization);
        uri.addQueryParameter("response_type", "code");
        uri.addQueryParameter("client_id", settings_.client_id);
        uri.addQueryParameter("redirect_uri", redirect());
        uri.addQueryParameter("scope", "openid profile email");
        uri.addQueryParameter("state", begun.state);
        uri.addQueryParameter("nonce", begun.nonce);
        uri.addQueryParameter("code_challenge",
                              security::base64url(std::string(challenge.begin(), challenge.end())));
        uri.addQueryParameter("code_challenge_method", "S256");
        Response made = to(uri.toString());
        made.headers.emplace_back("Set-Cookie", cookie(sealed(begun), "600"));
        return made;
    }

    Result<Response> finish(const Request& request) {
        const std::optional<UnderWay> begun = under_way(request);
        if (!begun || !crypto::same_secret(request.asked("state"), begun->state) ||
            begun->until <= request.at) {
            return failed("it answers no sign-in of this browser");
        }
        if (request.asked("code").empty()) {
            return failed("it refused the sign-in");
        }
        const Result<security::IdToken> token =
            token_for(*begun, std::string(request.asked("code")), request.at);
        if (!token) {
            return tl::unexpected(token.error());
        }
        const auto opened =
            store::sign_in_proven(services_.writer, {token->name, token->subject, request.peer},
                                  sessions_.settings().times);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        Response made = to("/");
        made.headers.emplace_back("Set-Cookie", sessions_.cookie(request, opened->token));
        made.headers.emplace_back("Set-Cookie", cookie({}, "0"));
        return made;
    }

private:
    static tl::unexpected<Error> failed(std::string why) {
        return fail(Code::provider_failed, Place{"oidc"}, std::move(why));
    }

    std::string redirect() const {
        std::string address = settings_.page;
        if (address.ends_with('/')) {
            address.pop_back();
        }
        return address + std::string(kPath) + "/callback";
    }

    Result<security::IdToken> token_for(const UnderWay& begun, const std::string& code,
                                        Instant now) {
        const auto addresses = provider_.addresses(now);
        if (!addresses) {
            return tl::unexpected(addresses.error());
        }
        const auto token = provider_.id_token(*addresses, code, begun.verifier, redirect());
        const auto keys = token ? provider_.keys(*addresses) : token;
        if (!keys) {
            return tl::unexpected(keys.error());
        }
        return security::verify_id_token(
            *token, *keys,
            {settings_.issuer, settings_.client_id, begun.nonce, settings_.claim, now});
    }

    std::string sealed(const UnderWay& begun) const {
        const nlohmann::json json = {{"state", begun.state},
                                     {"nonce", begun.nonce},
                                     {"verifier", begun.verifier},
                                     {"until", begun.until.microseconds}};
        return security::base64url(crypto::seal(key_, json.dump(), kAssociated));
    }

    std::optional<UnderWay> under_way(const Request& request) const {
        const auto bytes = security::from_base64url(api::cookie_of(request, kCookie));
        const auto text = bytes ? crypto::open_sealed(key_, *bytes, kAssociated) : std::nullopt;
        if (!text) {
            return std::nullopt;
        }
        const nlohmann::json json = nlohmann::json::parse(*text);
        return UnderWay{json.at("state"), json.at("nonce"), json.at("verifier"),
                        Instant{json.at("until")}};
    }

    /// Comes back with the provider's redirect, which comes from elsewhere: Lax, and for this path.
    std::string cookie(const std::string& value, std::string_view seconds) const {
        std::string made(kCookie);
        made += '=' + value + "; Path=";
        made += kPath;
        made += "; HttpOnly; SameSite=Lax; Max-Age=";
        made += seconds;
        if (settings_.page.starts_with("https://")) {
            made += "; Secure";
        }
        return made;
    }

    const api::Services& services_;
    api::Sessions& sessions_;
    OidcSettings settings_;
    crypto::SecretKey key_;
    OidcProvider provider_;
};

}  // namespace

void add_oidc_routes(api::Router& router, const api::Services& services, api::Sessions& sessions,
                     const OidcSettings& settings, const crypto::SecretKey& key) {
    const auto sign_in = std::make_shared<OidcSignIn>(services, sessions, settings, key);
    router.add({Method::get,
                "/session/oidc",
                Access::anyone(),
                "Sign in by the organisation's service: sends the browser there",
                {},
                {},
                {},
                [sign_in](const Request& request) { return sign_in->begin(request); }});
    router.add({Method::get,
                "/session/oidc/callback",
                Access::anyone(),
                "Takes the service's answer",
                {{"code", "of the service"}, {"state", "as it was sent there"}},
                {},
                {},
                [sign_in](const Request& request) { return sign_in->finish(request); }});
}

}  // namespace labrelay::app
