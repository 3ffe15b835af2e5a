#include "labrelay/units/rational.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace labrelay::units {
namespace {

Decimal dec(std::string_view text) {
    return Decimal::parse(text).value();
}

Rational ratio(std::int64_t above, std::int64_t below) {
    return Rational(above).over(Rational(below));
}

TEST(Rational, IsInLowestTerms) {
    EXPECT_EQ(ratio(6, -8).numerator(), "-3");
    EXPECT_EQ(ratio(6, -8).denominator(), "4");
    EXPECT_EQ(Rational().numerator(), "0");
    EXPECT_EQ(Rational(dec("1.50")).numerator(), "3");
    EXPECT_EQ(Rational(dec("-0.050")).denominator(), "20");
    EXPECT_EQ(Rational(dec("1e30")).numerator(), "1000000000000000000000000000000");
    EXPECT_EQ(Rational(dec("1e-30")).denominator(), "1000000000000000000000000000000");
    EXPECT_EQ(Rational(dec("008")).numerator(), "8") << "a leading zero is no octal mark";
    EXPECT_EQ(Rational::whole("0010")->numerator(), "10");
    EXPECT_FALSE(Rational::whole(""));
    EXPECT_FALSE(Rational::whole("1x"));
}

struct Rounding {
    std::int64_t above, below;
    int digits;
    std::string_view text;
};

constexpr Rounding kSignificant[] = {
    {1, 3, 3, "0.333"},  {2, 3, 3, "0.667"},
    {-2, 3, 1, "-0.7"},  {5, 2, 1, "2"},
    {7, 2, 1, "4"},      {25, 100, 1, "0.2"},
    {35, 100, 1, "0.4"}, {9996, 1000, 3, "10.0"},
    {999, 1, 1, "1000"}, {1, 1, 3, "1.00"},
    {0, 1, 3, "0"},      {12345, 1, 2, "12000"},
    {-5, 2, 1, "-2"},    {1, 1000000, 2, "0.0000010"},
};

TEST(Rational, RoundsHalfToEven) {
    for (const auto& row : kSignificant) {
        const auto rounded = ratio(row.above, row.below).rounded_to_significant(row.digits);
        ASSERT_TRUE(rounded) << row.text;
        EXPECT_EQ(rounded->to_string(), row.text) << row.above << "/" << row.below;
    }
    EXPECT_EQ(ratio(-5, 2).rounded_to_scale(0)->to_string(), "-2");
    EXPECT_EQ(ratio(15, 1).rounded_to_scale(-1)->to_string(), "20");
    EXPECT_EQ(ratio(25, 1).rounded_to_scale(-1)->to_string(), "20");
    EXPECT_FALSE(Rational::ten_to_the(73).rounded_to_significant(1));
    EXPECT_FALSE(Rational::ten_to_the(-73).rounded_to_significant(1));
}

TEST(Rational, KnowsItsSize) {
    for (const int place : {-400, -30, -1, 0, 1, 30, 400}) {
        EXPECT_EQ(Rational::ten_to_the(place).leading_place(), place);
        EXPECT_EQ(Rational::ten_to_the(place).power_of_ten(), place);
        EXPECT_EQ(Rational::ten_to_the(place).times(ratio(999, 1000)).leading_place(), place - 1);
        EXPECT_EQ(Rational::ten_to_the(place).times(ratio(-3, 2)).leading_place(), place);
    }
    EXPECT_FALSE(ratio(20, 1).power_of_ten());
    EXPECT_FALSE(ratio(-10, 1).power_of_ten());
    EXPECT_EQ(Rational(255).bits(), 8U);
    EXPECT_EQ(ratio(1, 256).bits(), 9U);
}

TEST(Rational, ArithmeticGoesThereAndBack) {
    std::mt19937_64 random(20261128);
    std::uniform_int_distribution<std::int64_t> any(-1'000'000'000'000, 1'000'000'000'000);
    for (int i = 0; i < 10'000; ++i) {
        const std::int64_t below = any(random);
        const std::int64_t divisor = any(random);
        if (below == 0 || divisor == 0) {
            continue;
        }
        const Rational x = ratio(any(random), below);
        const Rational y = ratio(divisor, 7).times(Rational::ten_to_the(i % 61 - 30));
        EXPECT_EQ(x.times(y).over(y), x);
        EXPECT_EQ(x.plus(y).minus(y), x);
        EXPECT_EQ(y.to_the(3).times(y.to_the(-3)), Rational(1));
        EXPECT_EQ(x < y, x.minus(y).is_negative());
    }
}

}  // namespace
}  // namespace labrelay::units
