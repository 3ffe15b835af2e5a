#include "labrelay/security/account_name.hpp"

#include <gtest/gtest.h>

namespace labrelay::security {
namespace {

struct Row {
    const char* typed;
    const char* kept;  ///< empty: refused
};
constexpr Row kRows[] = {
    {"anna", "anna"},
    {"Anna.Chen", "anna.chen"},
    {"a.chen@qilu", "a.chen@qilu"},
    {"0day", "0day"},
    {"a", ""},
    {"", ""},
    {".anna", ""},
    {"anna chen", ""},
    {"anna\n", ""},
    {"\xC3\x84nna", ""},
    {"anna'--", ""},
};

TEST(AccountName, IsFoldedOrRefused) {
    for (const Row& row : kRows) {
        const Result<std::string> name = account_name(row.typed);
        EXPECT_EQ(name.value_or(""), row.kept) << row.typed;
    }
    EXPECT_TRUE(account_name(std::string(64, 'a')));
    EXPECT_FALSE(account_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace labrelay::security
