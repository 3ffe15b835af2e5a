#include "labrelay/core/decimal.hpp"

#include <gtest/gtest.h>

#include <string>

namespace labrelay {
namespace {

Decimal dec(std::string_view text) {
    const auto parsed = Decimal::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Decimal(-999, 0));
}

struct ParseCase {
    std::string_view text;
    std::string_view printed;
    int digits;
    std::int32_t scale;
};

constexpr ParseCase kParsed[] = {
    {"0", "0", 1, 0},
    {"412", "412", 3, 0},
    {"1.50", "1.50", 3, 2},
    {"0.05", "0.05", 1, 2},
    {"0.00", "0.00", 1, 2},
    {"-0.00", "0.00", 1, 2},
    {"+7", "7", 1, 0},
    {"007.10", "7.10", 3, 2},
    {".5", "0.5", 1, 1},
    {"5.", "5", 1, 0},
    {"-12.3", "-12.3", 3, 1},
    {"2.35E+04", "23500", 3, -2},
    {"2.35e4", "23500", 3, -2},
    {"2.35E-04", "0.000235", 3, 6},
    {"6.73E+01", "67.3", 3, 1},
    {"0E5", "0", 1, 0},
    {"100", "100", 3, 0},
    {"1E2", "100", 1, -2},
    {"999999999999999999999999999999999999", "999999999999999999999999999999999999", 36, 0},
    {"000000000000000000000000000000000000000001", "1", 1, 0},
    {"0.000000000000000000000000000000000000000001", "0.000000000000000000000000000000000000000001",
     1, 42},
};

TEST(Decimal, KeepsTheDigitsOfItsText) {
    for (const auto& row : kParsed) {
        const Decimal value = dec(row.text);
        EXPECT_EQ(value.to_string(), row.printed) << row.text;
        EXPECT_EQ(value.significant_digits(), row.digits) << row.text;
        EXPECT_EQ(value.scale(), row.scale) << row.text;
    }
}

TEST(Decimal, RefusesWhatIsNoNumber) {
    constexpr std::string_view kRefused[] = {"",
                                             "+",
                                             "-",
                                             ".",
                                             "-.",
                                             "e5",
                                             "1e",
                                             "1e+",
                                             "1e5.0",
                                             "1.2.3",
                                             "1,5",
                                             " 1",
                                             "1 ",
                                             "--1",
                                             "+-1",
                                             "inf",
                                             "-inf",
                                             "nan",
                                             "NaN",
                                             "0x10",
                                             "1e400",
                                             "1e-400",
                                             "1e73",
                                             "1e99999999999999999999",
                                             "1000000000000000000000000000000000000",
                                             "1_000",
                                             "１"};
    for (const auto text : kRefused) {
        EXPECT_FALSE(Decimal::parse(text)) << text;
    }
    EXPECT_FALSE(Decimal::parse(std::string_view("1\0", 2)));
}

TEST(Decimal, ComparesByValue) {
    EXPECT_EQ(dec("1.5"), dec("1.50"));
    EXPECT_EQ(dec("1e2"), dec("100.00"));
    EXPECT_EQ(dec("0"), dec("0.000"));
    EXPECT_LT(dec("49.9999"), dec("50"));
    EXPECT_LT(dec("-2"), dec("-1.9"));
    EXPECT_LT(dec("-1"), dec("0"));
    EXPECT_GT(dec("1e70"), dec("999999999999999999999999999999999999"));
    EXPECT_LT(dec("-1e70"), dec("-1e-70"));
    EXPECT_GT(dec("1"), dec("0.999999999999999999999999999999999999"));
}

TEST(Decimal, AddsAndSubtractsExactly) {
    EXPECT_EQ(dec("0.1").plus(dec("0.2"))->to_string(), "0.3");
    EXPECT_EQ(dec("1.50").plus(dec("1"))->to_string(), "2.50");
    EXPECT_EQ(dec("1e3").plus(dec("1"))->to_string(), "1001");
    EXPECT_EQ(dec("1").minus(dec("1.00"))->to_string(), "0.00");
}

TEST(Decimal, SaysNothingRatherThanLoseDigits) {
    const Decimal largest = dec("999999999999999999999999999999999999");
    EXPECT_FALSE(largest.plus(dec("1")));
    EXPECT_FALSE(largest.negated().minus(dec("1")));
    EXPECT_TRUE(largest.minus(dec("1")));
    EXPECT_FALSE(largest.times(dec("1.1")));
    EXPECT_FALSE(largest.plus(dec("0.1")));
    EXPECT_FALSE(dec("1e72").plus(dec("1e-72")));
    EXPECT_FALSE(dec("1e72").times(dec("10")).value_or(Decimal{}).is_negative());
    EXPECT_FALSE(dec("1e40").times(dec("1e40")));
    EXPECT_FALSE(dec("1e-40").times(dec("1e-40")));
    EXPECT_TRUE(dec("0").times(largest)->is_zero());
}

TEST(Decimal, AlignmentMayNeedMoreDigitsThanTheResult) {
    const auto difference = dec("1e30").minus(dec("999999999999999999999999999999.999999"));
    ASSERT_TRUE(difference);
    EXPECT_EQ(difference->to_string(), "0.000001");
}

TEST(Decimal, MultipliesExactly) {
    EXPECT_EQ(dec("1.70").times(dec("88.42"))->to_string(), "150.3140");
    EXPECT_EQ(dec("367").times(dec("0.1"))->to_string(), "36.7");
    EXPECT_EQ(dec("-2").times(dec("0.5"))->to_string(), "-1.0");
}

struct DivideCase {
    std::string_view dividend, divisor;
    int digits;
    std::string_view quotient;
};

constexpr DivideCase kDivided[] = {
    {"412", "820", 3, "0.502"},
    {"1", "3", 5, "0.33333"},
    {"2", "3", 5, "0.66667"},
    {"1", "2", 4, "0.5000"},
    {"10", "4", 1, "2"},
    {"30", "8", 2, "3.8"},
    {"35", "10", 1, "4"},
    {"25", "10", 1, "2"},
    {"2500001", "1000000", 1, "3"},
    {"-1", "3", 2, "-0.33"},
    {"-1", "-3", 2, "0.33"},
    {"999", "1000", 2, "1.0"},
    {"9996", "10", 3, "1000"},
    {"0.00", "5", 3, "0.00"},
    {"1", "7", 36, "0.142857142857142857142857142857142857"},
    {"1e30", "7", 3, "143000000000000000000000000000"},
    {"999999999999999999999999999999999999", "1", 36, "999999999999999999999999999999999999"},
    {"1", "999999999999999999999999999999999999", 36,
     "0.00000000000000000000000000000000000100000000000000000000000000000000000"},
};

TEST(Decimal, DividesRoundingHalfToEven) {
    for (const auto& row : kDivided) {
        const auto quotient = dec(row.dividend).divided_by(dec(row.divisor), row.digits);
        ASSERT_TRUE(quotient) << row.dividend << " / " << row.divisor;
        EXPECT_EQ(quotient->to_string(), row.quotient) << row.dividend << " / " << row.divisor;
    }
    EXPECT_FALSE(dec("1").divided_by(dec("0.0"), 3));
    EXPECT_FALSE(dec("1").divided_by(dec("2"), 0));
    EXPECT_FALSE(dec("1").divided_by(dec("2"), 37));
}

TEST(Decimal, RoundsHalfToEven) {
    EXPECT_EQ(dec("106.104").rounded_to_significant(4).to_string(), "106.1");
    EXPECT_EQ(dec("99.96").rounded_to_significant(3).to_string(), "100");
    EXPECT_EQ(dec("99.96").rounded_to_significant(3).significant_digits(), 3);
    EXPECT_EQ(dec("12345").rounded_to_significant(3).to_string(), "12300");
    EXPECT_EQ(dec("2.5").rounded_to_significant(1).to_string(), "2");
    EXPECT_EQ(dec("3.5").rounded_to_significant(1).to_string(), "4");
    EXPECT_EQ(dec("-2.51").rounded_to_significant(1).to_string(), "-3");
    EXPECT_EQ(dec("1.5").rounded_to_significant(5).to_string(), "1.5");
    EXPECT_EQ(dec("1.5").rounded_to_significant(0).to_string(), "2");

    EXPECT_EQ(dec("0.125").rounded_to_scale(2).to_string(), "0.12");
    EXPECT_EQ(dec("0.135").rounded_to_scale(2).to_string(), "0.14");
    EXPECT_EQ(dec("0.5").rounded_to_scale(3).to_string(), "0.500");
    EXPECT_EQ(dec("1251").rounded_to_scale(-2).to_string(), "1300");
    EXPECT_EQ(dec("49").rounded_to_scale(-2).to_string(), "0");
    EXPECT_EQ(dec("1e-60").rounded_to_scale(2).to_string(), "0.00");
    EXPECT_EQ(dec("1e35").rounded_to_scale(5), dec("1e35"));
}

TEST(Decimal, PowersHalvesAndPlainForm) {
    EXPECT_EQ(Decimal::power_of_ten(3)->to_string(), "1000");
    EXPECT_EQ(Decimal::power_of_ten(-2)->to_string(), "0.01");
    EXPECT_FALSE(Decimal::power_of_ten(73));
    for (const auto* text : {"1", "10", "1000", "0.1", "0.001", "1.00", "1e5"}) {
        EXPECT_TRUE(dec(text).is_power_of_ten()) << text;
    }
    for (const auto* text : {"0", "-1", "2", "11", "0.5", "20"}) {
        EXPECT_FALSE(dec(text).is_power_of_ten()) << text;
    }
    EXPECT_EQ(dec("1.70").half_unit().to_string(), "0.005");
    EXPECT_EQ(dec("2").half_unit().to_string(), "0.5");
    EXPECT_EQ(dec("2.35e4").half_unit().to_string(), "50");
    EXPECT_EQ(dec("1.500").normalised().to_string(), "1.5");
    EXPECT_EQ(dec("100").normalised().to_string(), "100");
    EXPECT_EQ(dec("0.000").normalised().to_string(), "0");
    EXPECT_DOUBLE_EQ(dec("-36.7").to_double(), -36.7);
}

}  // namespace
}  // namespace labrelay
