#include "labrelay/security/id_token.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "labrelay/crypto/same_secret.hpp"

namespace labrelay::security {
namespace {

using nlohmann::json;

constexpr int kLeastRsaBits = 2048;
constexpr std::size_t kEcCoordinate = 32;
constexpr std::int64_t kLeewaySeconds = 60;

template <auto free_it>
struct Free {
    template <class Freed>
    void operator()(Freed* freed) const {
        free_it(freed);
    }
};
template <class Freed, auto free_it>
using Owned = std::unique_ptr<Freed, Free<free_it>>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using Number = Owned<BIGNUM, BN_free>;

tl::unexpected<Error> refused(std::string why) {
    return fail(Code::provider_failed, Place{"id_token"}, std::move(why));
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// 0 where it is no number.
std::int64_t seconds_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

Key key_from(const char* type, OSSL_PARAM_BLD* builder) {
    const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder));
    const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
        EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return Key(key);
}

Number number_from(const std::string& bytes) {
    return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key rsa_key(const json& jwk) {
    const auto modulus = from_base64url(text_of(jwk, "n"));
    const auto exponent = from_base64url(text_of(jwk, "e"));
    if (!modulus || !exponent) {
        return nullptr;
    }
    const Number n = number_from(*modulus);
    const Number e = number_from(*exponent);
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    Key key = key_from("RSA", builder.get());
    return key && EVP_PKEY_get_bits(key.get()) >= kLeastRsaBits ? std::move(key) : nullptr;
}

Key ec_key(const json& jwk) {
    const auto x = from_base64url(text_of(jwk, "x"));
    const auto y = from_base64url(text_of(jwk, "y"));
    if (text_of(jwk, "crv") != "P-256" || !x || !y || x->size() != kEcCoordinate ||
        y->size() != kEcCoordinate) {
        return nullptr;
    }
    const std::string point = '\x04' + *x + *y;
    const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    return key_from("EC", builder.get());
}

/// JOSE writes r and s one after the other, OpenSSL wants DER.
std::string der_of(std::string_view pair) {
    if (pair.size() != 2 * kEcCoordinate) {
        return {};
    }
    const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(pair), kEcCoordinate, nullptr),
                   BN_bin2bn(bytes_of(pair) + kEcCoordinate, kEcCoordinate, nullptr));
    std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(signature.get(), &out);
    return der;
}

struct Algorithm {
    std::string_view name;
    std::string_view key_type;
    Key (*key)(const json&);
    bool pairs;  ///< signatures are r and s
};
constexpr Algorithm kAlgorithms[] = {{"RS256", "RSA", rsa_key, false},
                                     {"ES256", "EC", ec_key, true}};

bool is_signed_with(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                            text.size()) == 1;
}

/// By one of the keys that may sign so; where the header names a key, by that one.
bool is_signed(const json& header, const json& keys, std::string_view text,
               const std::string& signature) {
    const std::string name = text_of(header, "alg");
    const auto* const algorithm = std::ranges::find(kAlgorithms, name, &Algorithm::name);
    const auto listed = keys.find("keys");
    if (algorithm == std::end(kAlgorithms) || listed == keys.end() || !listed->is_array()) {
        return false;
    }
    const std::string wanted = text_of(header, "kid");
    const std::string checked = algorithm->pairs ? der_of(signature) : signature;
    return std::ranges::any_of(*listed, [&](const json& jwk) {
        if (!jwk.is_object() || text_of(jwk, "kty") != algorithm->key_type ||
            (!wanted.empty() && text_of(jwk, "kid") != wanted)) {
            return false;
        }
        const std::string use = text_of(jwk, "use");
        const Key key = use.empty() || use == "sig" ? algorithm->key(jwk) : nullptr;
        return key && is_signed_with(key.get(), text, checked);
    });
}

bool is_for(const json& claims, const std::string& client) {
    const auto audience = claims.find("aud");
    if (audience == claims.end()) {
        return false;
    }
    if (audience->is_string()) {
        return *audience == client;
    }
    const bool named =
        audience->is_array() && std::ranges::find(*audience, json(client)) != audience->end();
    return named && (audience->size() == 1 || text_of(claims, "azp") == client);
}

Result<IdToken> accepted(const json& claims, const IdTokenCheck& check) {
    const std::int64_t now = check.now.microseconds / 1'000'000;
    if (text_of(claims, "iss") != check.issuer) return refused("it is of another issuer");
    if (!is_for(claims, check.client_id)) return refused("it is for another client");
    if (seconds_of(claims, "exp") + kLeewaySeconds <= now) return refused("it is expired");
    if (seconds_of(claims, "iat") - kLeewaySeconds > now) return refused("it is of the future");
    if (!crypto::same_secret(text_of(claims, "nonce"), check.nonce)) {
        return refused("it answers another sign-in");
    }
    IdToken token{text_of(claims, "sub"), text_of(claims, check.claim.c_str())};
    const auto verified = claims.find("email_verified");
    const bool doubtful =
        check.claim == "email" && verified != claims.end() && *verified != json(true);
    if (token.subject.empty() || token.name.empty() || doubtful) {
        return refused("it does not name the person");
    }
    return token;
}

}  // namespace

Result<IdToken> verify_id_token(std::string_view token, std::string_view keys,
                                const IdTokenCheck& check) {
    const std::size_t first = token.find('.');
    const std::size_t last = token.rfind('.');
    if (first == std::string_view::npos || first == last) return refused("it is no token");
    const auto header = from_base64url(token.substr(0, first));
    const auto payload = from_base64url(token.substr(first + 1, last - first - 1));
    const auto signature = from_base64url(token.substr(last + 1));
    if (!header || !payload || !signature) return refused("it is no token");
    const json head = json::parse(*header, nullptr, false);
    const json claims = json::parse(*payload, nullptr, false);
    const json set = json::parse(keys, nullptr, false);
    if (!head.is_object() || !claims.is_object() || !set.is_object()) {
        return refused("it is no token");
    }
    if (!is_signed(head, set, token.substr(0, last), *signature)) {
        return refused("its signature is not the issuer's");
    }
    return accepted(claims, check);
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes(text.size(), '\0');
    std::size_t size = 0;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                          text.size(), nullptr, &size, nullptr,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return std::nullopt;
    }
    bytes.resize(size);
    return bytes;
}

std::string base64url(std::string_view bytes) {
    std::string text(
        sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    text.pop_back();
    return text;
}

}  // namespace labrelay::security
