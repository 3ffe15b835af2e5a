#include "labrelay/core/truth.hpp"

#include <gtest/gtest.h>

namespace labrelay {
namespace {

constexpr Truth kNo = Truth::no;
constexpr Truth kYes = Truth::yes;
constexpr Truth kUnknown = Truth::unknown;

TEST(Truth, FollowsKleene) {
    struct Row {
        Truth left;
        Truth right;
        Truth both;
        Truth either;
    };
    const Row rows[] = {
        {kNo, kNo, kNo, kNo},
        {kNo, kYes, kNo, kYes},
        {kNo, kUnknown, kNo, kUnknown},
        {kYes, kYes, kYes, kYes},
        {kYes, kUnknown, kUnknown, kYes},
        {kUnknown, kUnknown, kUnknown, kUnknown},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(std::string(to_string(row.left)) + " and " +
                     std::string(to_string(row.right)));
        EXPECT_EQ(both(row.left, row.right), row.both);
        EXPECT_EQ(both(row.right, row.left), row.both);
        EXPECT_EQ(either(row.left, row.right), row.either);
        EXPECT_EQ(either(row.right, row.left), row.either);
    }
    EXPECT_EQ(negated(kNo), kYes);
    EXPECT_EQ(negated(kYes), kNo);
    EXPECT_EQ(negated(kUnknown), kUnknown);
}

}  // namespace
}  // namespace labrelay
