#include "labrelay/security/id_token.hpp"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace labrelay::security {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'790'000'000;

/// A provider's key: signs as JOSE does and says its public half as a JWK.
class SigningKey {
public:
    static SigningKey rsa(unsigned bits = 2048) { return SigningKey(EVP_RSA_gen(bits), "RSA"); }
    static SigningKey ec() { return SigningKey(EVP_EC_gen("prime256v1"), "EC"); }

    json jwk(const std::string& kid) const {
        json made = {{"kty", type_}, {"kid", kid}, {"use", "sig"}};
        if (type_ == "RSA") {
            made["n"] = number(OSSL_PKEY_PARAM_RSA_N);
            made["e"] = number(OSSL_PKEY_PARAM_RSA_E);
        } else {
            made["crv"] = "P-256";
            made["x"] = number(OSSL_PKEY_PARAM_EC_PUB_X, 32);
            made["y"] = number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
        }
        return made;
    }

    std::string sign(const json& header, const json& claims) const {
        const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                              EVP_MD_CTX_free);
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        std::string signature(512, '\0');
        std::size_t size = signature.size();
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
        signature.resize(size);
        return text + "." + base64url(type_ == "EC" ? pair(signature) : signature);
    }

private:
    SigningKey(EVP_PKEY* key, std::string type)
        : key_(key, EVP_PKEY_free), type_(std::move(type)) {}

    std::string number(const char* name, int size = 0) const {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &value);
        std::string bytes(static_cast<std::size_t>(size > 0 ? size : BN_num_bytes(value)), '\0');
        BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()),
                     static_cast<int>(bytes.size()));
        BN_free(value);
        return base64url(bytes);
    }
    static std::string pair(const std::string& der) {
        const auto* in = reinterpret_cast<const unsigned char*>(der.data());
        ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
        std::string bytes(64, '\0');
        auto* out = reinterpret_cast<unsigned char*>(bytes.data());
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
        ECDSA_SIG_free(signature);
        return bytes;
    }

    std::shared_ptr<EVP_PKEY> key_;
    std::string type_;
};

json good_claims() {
    return {{"iss", "https://id.example"}, {"aud", "labrelay"}, {"sub", "248289761001"},
            {"exp", kNow + 300},           {"iat", kNow - 5},   {"nonce", "n-0S6"},
            {"preferred_username", "anna"}};
}

IdTokenCheck check() {
    return {"https://id.example", "labrelay", "n-0S6", "preferred_username",
            Instant{kNow * 1'000'000}};
}

class IdTokenTest : public ::testing::Test {
protected:
    std::string keys() const { return json{{"keys", {rsa_.jwk("r"), ec_.jwk("e")}}}.dump(); }
    Result<IdToken> with(const json& claims) const {
        return verify_id_token(rsa_.sign({{"alg", "RS256"}, {"kid", "r"}}, claims), keys(),
                               check());
    }

    /// Made once: an RSA key takes its time.
    static const SigningKey& provider_rsa() {
        static const SigningKey kKey = SigningKey::rsa();
        return kKey;
    }

    const SigningKey& rsa_ = provider_rsa();
    SigningKey ec_ = SigningKey::ec();
};

TEST_F(IdTokenTest, IsTakenWhereEverythingFits) {
    const auto rsa = with(good_claims());
    ASSERT_TRUE(rsa) << rsa.error().detail;
    EXPECT_EQ(rsa->subject, "248289761001");
    EXPECT_EQ(rsa->name, "anna");
    EXPECT_TRUE(verify_id_token(ec_.sign({{"alg", "ES256"}, {"kid", "e"}}, good_claims()), keys(),
                                check()));
    EXPECT_TRUE(verify_id_token(ec_.sign({{"alg", "ES256"}}, good_claims()), keys(), check()));
    json several = good_claims();
    several["aud"] = {"other", "labrelay"};
    several["azp"] = "labrelay";
    EXPECT_TRUE(with(several));
}

struct Change {
    const char* claim;
    json value;  ///< null: left out
    const char* why;
};
const Change kChanges[] = {
    {"iss", "https://evil.example", "it is of another issuer"},
    {"iss", nullptr, "it is of another issuer"},
    {"aud", "other", "it is for another client"},
    {"aud", json::array({"other", "labrelay"}), "it is for another client"},  // no azp
    {"aud", nullptr, "it is for another client"},
    {"exp", kNow - 60, "it is expired"},
    {"exp", nullptr, "it is expired"},
    {"exp", "tomorrow", "it is expired"},
    {"iat", kNow + 61, "it is of the future"},
    {"nonce", "other", "it answers another sign-in"},
    {"nonce", nullptr, "it answers another sign-in"},
    {"sub", nullptr, "it does not name the person"},
    {"preferred_username", nullptr, "it does not name the person"},
    {"preferred_username", 7, "it does not name the person"},
};

TEST_F(IdTokenTest, IsRefusedForEachClaimThatDoesNotFit) {
    for (const Change& change : kChanges) {
        json claims = good_claims();
        if (change.value.is_null()) {
            claims.erase(change.claim);
        } else {
            claims[change.claim] = change.value;
        }
        const auto token = with(claims);
        ASSERT_FALSE(token) << change.claim << " " << change.value;
        EXPECT_EQ(token.error().code, Code::provider_failed);
        EXPECT_EQ(token.error().detail, change.why) << change.claim;
    }
}

TEST_F(IdTokenTest, IsRefusedWithoutTheIssuersSignature) {
    const json claims = good_claims();
    const std::string good = rsa_.sign({{"alg", "RS256"}, {"kid", "r"}}, claims);
    const std::string head = good.substr(0, good.rfind('.'));
    json other = claims;
    other["preferred_username"] = "root.admin";
    const std::string swapped =
        good.substr(0, good.find('.') + 1) + base64url(other.dump()) + good.substr(good.rfind('.'));
    const std::string none =
        base64url(json{{"alg", "none"}}.dump()) + "." + base64url(claims.dump()) + ".";
    const std::vector<std::string> bad = {
        swapped,
        none,
        head + ".",
        head + "." + base64url(std::string(256, 'x')),
        SigningKey::rsa().sign({{"alg", "RS256"}, {"kid", "r"}}, claims),
        rsa_.sign({{"alg", "RS256"}, {"kid", "e"}}, claims),  // the other key's name
        rsa_.sign({{"alg", "ES256"}, {"kid", "r"}}, claims),
        rsa_.sign({{"alg", "HS256"}, {"kid", "r"}}, claims),
        ec_.sign({{"alg", "RS256"}, {"kid", "e"}}, claims),
        rsa_.sign({{"alg", 7}}, claims),
    };
    for (const std::string& token : bad) {
        const auto read = verify_id_token(token, keys(), check());
        ASSERT_FALSE(read) << token;
        EXPECT_EQ(read.error().detail, "its signature is not the issuer's") << token;
    }
    for (const std::string& token : {std::string(), std::string("a"), std::string("a.b"),
                                     std::string(".."), std::string("a.b.c"), good + ".x"}) {
        EXPECT_FALSE(verify_id_token(token, keys(), check())) << token;
    }
    for (const char* set : {"", "[]", "{}", R"({"keys":7})", R"({"keys":[7]})"}) {
        EXPECT_FALSE(verify_id_token(good, set, check())) << set;
    }
}

TEST_F(IdTokenTest, AShortKeyIsNone) {
    const SigningKey small = SigningKey::rsa(1024);
    EXPECT_FALSE(verify_id_token(small.sign({{"alg", "RS256"}}, good_claims()),
                                 json{{"keys", {small.jwk("s")}}}.dump(), check()));
}

TEST_F(IdTokenTest, AnAddressMustBeVerified) {
    IdTokenCheck by_address = check();
    by_address.claim = "email";
    json claims = good_claims();
    claims["email"] = "anna@site.example";
    const auto taken = [&] {
        return verify_id_token(rsa_.sign({{"alg", "RS256"}}, claims), keys(), by_address)
            .has_value();
    };
    EXPECT_TRUE(taken());
    claims["email_verified"] = false;
    EXPECT_FALSE(taken());
    claims["email_verified"] = true;
    EXPECT_TRUE(taken());
}

}  // namespace
}  // namespace labrelay::security
