#include "../../../src/simulate/number.hpp"

#include <gtest/gtest.h>

namespace labrelay::simulate {
namespace {

struct Conversion {
    Number reported;
    Number factor;
    const char* kept;
};

// Worked out by hand.
constexpr Conversion kConversions[] = {
    {{44, 1}, {1, 0}, "4.4"},
    {{132, 1}, {10, 0}, "132"},
    {{130, 1}, {10, 0}, "130"},
    {{4, 0}, {10, 0}, "40"},
    {{367, 0}, {1, 1}, "36.7"},  // 10*-1.{copies}/mL
    {{100, 0}, {1, 1}, "10.0"},
    {{85, 2}, {8842, 2}, "75.16"},    // 75.1570: two digits and two
                                      // more
    {{38, 2}, {17104, 3}, "6.500"},   // 6.49952
    {{90, 0}, {5551, 5}, "4.996"},    // 4.99590
    {{100, 2}, {8842, 2}, "88.420"},  // 88.4200
    {{25, 2}, {1701, 2}, "4.252"},    // 4.2525, half to even
    {{35, 2}, {1701, 2}, "5.954"},    // 5.9535, half to even
};

TEST(Number, ConversionKeepsTheDigitsThatTheRuleSays) {
    for (const Conversion& row : kConversions) {
        EXPECT_EQ(text(converted(row.reported, row.factor)), row.kept);
    }
}

TEST(Number, RatioOfCountsHasTheDigitsOfTheShorterCountAndAtLeastThree) {
    EXPECT_EQ(text(ratio_of_counts({412, 0}, {655, 0})), "0.629");
    EXPECT_EQ(text(ratio_of_counts({98, 0}, {655, 0})), "0.150");
    EXPECT_EQ(text(ratio_of_counts({1204, 0}, {1001, 0})), "1.203");
    EXPECT_EQ(text(ratio_of_counts({500, 0}, {250, 0})), "2.00");
    EXPECT_EQ(text(ratio_of_counts({2997, 0}, {300, 0})), "9.99");
    EXPECT_EQ(text(ratio_of_counts({1, 0}, {3, 0})), "0.333");
}

}  // namespace
}  // namespace labrelay::simulate
