#include "labrelay/app/oidc_provider.hpp"

#include <Poco/URI.h>
#include <sodium.h>

#include <nlohmann/json.hpp>

#include "labrelay/targets/http_exchange.hpp"
#include "labrelay/targets/secret_file.hpp"

namespace labrelay::app {
namespace {

constexpr std::int64_t kKeptUs = 600'000'000;
constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kLargestAnswer = std::size_t{1} << 20U;

tl::unexpected<Error> failed(std::string why) {
    return fail(Code::provider_failed, Place{"oidc"}, std::move(why));
}

std::string encoded(const std::string& text) {
    std::string made;
    Poco::URI::encode(text, "!#$&'()*+,/:;=?@[]%", made);
    return made;
}

std::string base64(const std::string& text) {
    std::string made(sodium_base64_encoded_len(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(made.data(), made.size(), reinterpret_cast<const unsigned char*>(text.data()),
                      text.size(), sodium_base64_VARIANT_ORIGINAL);
    made.pop_back();
    return made;
}

Result<std::string> exchange(const OidcSettings& settings, const std::string& url,
                             targets::HttpRequest request) {
    targets::HttpExchange server({url, settings.ca, kPatience, kPatience, kLargestAnswer});
    request.headers.emplace_back("Accept", "application/json");
    targets::HttpAnswer answer = server.send(request);
    if (answer.kind != targets::HttpAnswer::Kind::answered) {
        return failed(answer.why);
    }
    if (answer.status != 200) {
        return failed("its answer is " + std::to_string(answer.status));
    }
    return std::move(answer.body);
}

Result<std::string> read(const OidcSettings& settings, const std::string& url) {
    targets::HttpRequest request;
    request.method = "GET";
    return exchange(settings, url, std::move(request));
}

std::string text_of(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<OidcProvider::Addresses> OidcProvider::addresses(Instant now) {
    {
        const std::lock_guard lock(mutex_);
        if (known_ && now.microseconds - known_since_.microseconds < kKeptUs) {
            return *known_;
        }
    }
    std::string issuer = settings_.issuer;
    if (issuer.ends_with('/')) {
        issuer.pop_back();
    }
    const Result<std::string> text = read(settings_, issuer + "/.well-known/openid-configuration");
    if (!text) {
        return tl::unexpected(text.error());
    }
    const nlohmann::json said = nlohmann::json::parse(*text, nullptr, false);
    if (!said.is_object() || text_of(said, "issuer") != settings_.issuer) {
        return failed("it says to be another issuer");
    }
    Addresses found{text_of(said, "authorization_endpoint"), text_of(said, "token_endpoint"),
                    text_of(said, "jwks_uri")};
    for (const std::string* address : {&found.authorization, &found.token, &found.keys}) {
        if (!is_protected_url(*address)) {
            return failed("an address of it is no https");
        }
    }
    const std::lock_guard lock(mutex_);
    known_ = found;
    known_since_ = now;
    return found;
}

Result<std::string> OidcProvider::id_token(const Addresses& addresses, const std::string& code,
                                           const std::string& verifier,
                                           const std::string& redirect) const {
    targets::HttpRequest request;
    request.content_type = "application/x-www-form-urlencoded";
    request.body = "grant_type=authorization_code&code=" + encoded(code) +
                   "&redirect_uri=" + encoded(redirect) +
                   "&client_id=" + encoded(settings_.client_id) + "&code_verifier=" + verifier;
    if (!settings_.client_secret_file.empty()) {
        const Result<std::string> secret = targets::read_secret(settings_.client_secret_file);
        if (!secret) {
            return secret;
        }
        request.headers.emplace_back(
            "Authorization",
            "Basic " + base64(encoded(settings_.client_id) + ":" + encoded(*secret)));
    }
    const Result<std::string> text = exchange(settings_, addresses.token, std::move(request));
    if (!text) {
        return text;
    }
    const nlohmann::json said = nlohmann::json::parse(*text, nullptr, false);
    std::string token = said.is_object() ? text_of(said, "id_token") : std::string();
    if (token.empty()) {
        return failed("it gave no ID token");
    }
    return token;
}

Result<std::string> OidcProvider::keys(const Addresses& addresses) const {
    return read(settings_, addresses.keys);
}

}  // namespace labrelay::app
