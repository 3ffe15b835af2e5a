#include "labrelay/crypto/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace labrelay::crypto {
namespace {

TEST(Digest, GivesThePublishedVectors) {
    EXPECT_EQ(to_hex(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, TakesBytesThatAreNotText) {
    EXPECT_EQ(to_hex(sha256(std::string_view("\0", 1))),
              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

}  // namespace
}  // namespace labrelay::crypto
