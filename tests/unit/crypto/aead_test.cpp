#include "labrelay/crypto/aead.hpp"

#include <gtest/gtest.h>

#include <string>

namespace labrelay::crypto {
namespace {

TEST(Aead, OpensWhatItSealed) {
    const SecretKey key = SecretKey::random();
    for (const std::string& plain : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
        const auto opened = open_sealed(key, seal(key, plain, "raw 17"), "raw 17");
        ASSERT_TRUE(opened);
        EXPECT_EQ(*opened, plain);
    }
}

TEST(Aead, SealsTheSameTextDifferentlyEachTime) {
    const SecretKey key = SecretKey::random();
    EXPECT_NE(seal(key, "same", ""), seal(key, "same", ""));
}

TEST(Aead, RefusesEveryFlippedByteAndEveryCut) {
    const SecretKey key = SecretKey::random();
    const std::string sealed = seal(key, "CD4 412", "raw 17");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        EXPECT_FALSE(open_sealed(key, altered, "raw 17")) << i;
        EXPECT_FALSE(open_sealed(key, sealed.substr(0, i), "raw 17")) << i;
    }
}

TEST(Aead, RefusesAnotherRowAndAnotherKey) {
    const SecretKey key = SecretKey::random();
    const std::string sealed = seal(key, "CD4 412", "raw 17");
    EXPECT_FALSE(open_sealed(key, sealed, "raw 18"));
    EXPECT_FALSE(open_sealed(SecretKey::random(), sealed, "raw 17"));
    EXPECT_FALSE(open_sealed(key.derive("other"), sealed, "raw 17"));
}

}  // namespace
}  // namespace labrelay::crypto
