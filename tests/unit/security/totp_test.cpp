#include "labrelay/security/totp.hpp"

#include <gtest/gtest.h>

namespace labrelay::security {
namespace {

const std::string kSecret = "12345678901234567890";  // RFC 6238, appendix B
constexpr std::int64_t kSecond = 1'000'000;

struct Vector {
    std::int64_t seconds;
    const char* code;
};
constexpr Vector kVectors[] = {
    {59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
    {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"},
};

TEST(Totp, GivesTheVectorsOfRfc6238) {
    for (const Vector& vector : kVectors) {
        EXPECT_EQ(totp_code(kSecret, vector.seconds / 30, 8), vector.code) << vector.seconds;
    }
}

TEST(Totp, TakesTheCodeOfNowAndOfOneStepBesideIt) {
    const Instant now{1111111111 * kSecond};
    const std::int64_t step = 1111111111 / 30;
    for (const std::int64_t beside : {-2, -1, 0, 1, 2}) {
        const auto found = totp_step(kSecret, totp_code(kSecret, step + beside), now, 0);
        if (beside < -1 || beside > 1) {
            EXPECT_FALSE(found) << beside;
        } else {
            EXPECT_EQ(found, step + beside);
        }
    }
    EXPECT_FALSE(totp_step(kSecret, "", now, 0));
    EXPECT_FALSE(totp_step(kSecret, "0504711", now, 0));
}

TEST(Totp, ACodeWorksOnce) {
    const Instant now{1111111111 * kSecond};
    const std::int64_t step = 1111111111 / 30;
    EXPECT_FALSE(totp_step(kSecret, totp_code(kSecret, step), now, step));
    EXPECT_FALSE(totp_step(kSecret, totp_code(kSecret, step - 1), now, step));
    EXPECT_EQ(totp_step(kSecret, totp_code(kSecret, step + 1), now, step), step + 1);
}

TEST(Totp, SaysItsSecretAsAuthenticatorsReadIt) {
    EXPECT_EQ(base32("foobar"), "MZXW6YTBOI");  // RFC 4648, without padding
    EXPECT_EQ(otpauth_uri("a.chen@qilu", kSecret),
              "otpauth://totp/labrelay:a.chen%40qilu?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
              "&issuer=labrelay");
    EXPECT_EQ(make_totp_secret().size(), 20U);
    EXPECT_NE(make_totp_secret(), make_totp_secret());
}

}  // namespace
}  // namespace labrelay::security
