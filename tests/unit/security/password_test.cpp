#include "labrelay/security/password.hpp"

#include <gtest/gtest.h>

namespace labrelay::security {
namespace {

struct Row {
    const char* password;
    bool strong;
};
constexpr Row kRows[] = {
    {"", false},
    {"Xk7!pQ2#vB9", false},                           // eleven characters
    {"Xk7!pQ2#vB9z", true},                           // twelve
    {"seventeen red pencils", true},                  // long and plain
    {"\xE5\xAE\x9E\xE9\xAA\x8C\xE5\xAE\xA4", false},  // nine bytes, three characters
    {"\xE6\x98\xA5\xE7\x9C\xA0\xE4\xB8\x8D\xE8\xA7\x89\xE6\x99\x93"
     "\xE5\xA4\x84\xE5\xA4\x84\xE9\x97\xBB\xE5\x95\xBC\xE9\xB8\x9F\xE5\xA4\x9C\xE6\x9D\xA5",
     true},
    {"password1234", false},
    {"Password2026!", false},
    {"qwertyuiop123", false},
    {"passwordpassword", false},
    {"123456789012", false},
    {"aaaaaaaaaaaaaa", false},
    {"abababababab", false},
    {"anna.chen-2026", false},  // the account's name in it
    {"my ANNA.CHEN pass", false},
};

TEST(Password, MayBeChosenOrNot) {
    for (const Row& row : kRows) {
        const Result<void> checked = check_password(row.password, "anna.chen");
        EXPECT_EQ(checked.has_value(), row.strong) << row.password;
        if (!checked) {
            EXPECT_EQ(checked.error().code, Code::password_weak);
        }
    }
    EXPECT_TRUE(check_password("seventeen red pencils", "ed"));  // two letters are in many words
    EXPECT_FALSE(check_password(std::string(130, 'x') + std::string(130, 'y'), "anna"));
}

TEST(Password, FitsItsHashOnly) {
    const std::string hash = hash_password("seventeen red pencils");
    EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$")) << hash;
    EXPECT_TRUE(password_fits(hash, "seventeen red pencils"));
    EXPECT_FALSE(password_fits(hash, "seventeen red pencilS"));
    EXPECT_FALSE(password_fits("", "seventeen red pencils"));
    EXPECT_FALSE(password_fits("", ""));
    EXPECT_NE(hash, hash_password("seventeen red pencils"));
    EXPECT_FALSE(is_outdated(hash));
}

TEST(Password, OfOtherParametersIsHashedAgain) {
    EXPECT_TRUE(
        is_outdated("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                    "3lCT1SkQ2mvL0vyJXQ8kOn0nBBq6pzy5mLkBrOyYvEs"));
}

TEST(Password, ThatIsMadeMayBeChosen) {
    const std::string made = make_password();
    EXPECT_TRUE(check_password(made, "anna.chen"));  // a point is in none, a short name may be
    EXPECT_NE(made, make_password());
}

}  // namespace
}  // namespace labrelay::security
