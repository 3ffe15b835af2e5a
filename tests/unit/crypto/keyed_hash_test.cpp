#include "labrelay/crypto/keyed_hash.hpp"

#include <gtest/gtest.h>

namespace labrelay::crypto {
namespace {

TEST(KeyedHash, DependsOnKeyOnEachFieldAndOnWhereFieldsEnd) {
    const SecretKey key = SecretKey::random();
    const KeyedHash hash = keyed_hash(key, {"ab", "c"});
    EXPECT_EQ(hash, keyed_hash(key, {"ab", "c"}));
    EXPECT_NE(hash, keyed_hash(key, {"a", "bc"}));
    EXPECT_NE(hash, keyed_hash(key, {"abc"}));
    EXPECT_NE(hash, keyed_hash(key, {"ab", "c", ""}));
    EXPECT_NE(hash, keyed_hash(SecretKey::random(), {"ab", "c"}));
}

TEST(KeyedHash, As63BitsItIsNeverNegative) {
    const SecretKey key = SecretKey::random();
    for (int i = 0; i < 100; ++i) EXPECT_GE(keyed_hash_63(key, std::to_string(i)), 0);
    EXPECT_EQ(keyed_hash_63(key, "patient"), keyed_hash_63(key, "patient"));
}

TEST(SecretKey, DerivedKeysDifferByPurposeAndAreRepeatable) {
    const SecretKey key = SecretKey::random();
    const KeyedHash of_raw = keyed_hash(key.derive("raw"), {"x"});
    EXPECT_EQ(of_raw, keyed_hash(key.derive("raw"), {"x"}));
    EXPECT_NE(of_raw, keyed_hash(key.derive("names"), {"x"}));
    EXPECT_NE(of_raw, keyed_hash(key, {"x"}));
}

}  // namespace
}  // namespace labrelay::crypto
