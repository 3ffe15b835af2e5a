#include "labrelay/crypto/digest.hpp"
#include "labrelay/crypto/sha256_stream.hpp"

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

// RFC 4231, test cases 1, 2 and 6: a key longer than a block too.
TEST(Hmac, GivesThePublishedVectors) {
    EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Sha256Stream, PiecesGiveTheDigestOfTheWhole) {
    const std::string text(1000, 'x');
    for (const std::size_t cut :
         {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{1000}}) {
        Sha256Stream stream;
        stream.add(std::string_view(text).substr(0, cut));
        stream.add(std::string_view(text).substr(cut));
        EXPECT_EQ(to_hex(stream.finish()), to_hex(sha256(text))) << cut;
    }
    EXPECT_EQ(to_hex(Sha256Stream().finish()), to_hex(sha256("")));
}

}  // namespace
}  // namespace labrelay::crypto
