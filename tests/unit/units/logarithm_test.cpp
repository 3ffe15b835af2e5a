#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_dec_float.hpp>
#include <random>
#include <string>

#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/result_state.hpp"

namespace labrelay::units {
namespace {

using Wide = boost::multiprecision::number<boost::multiprecision::cpp_dec_float<60>>;

Decimal dec(std::string_view text) {
    return Decimal::parse(text).value();
}

struct LogCase {
    std::string_view log10_value, value;
    int digits;
};

constexpr LogCase kLogs[] = {
    {"1.70", "50", 2},   {"4.21", "16000", 2},       {"1.3", "20", 1},       {"2", "100", 1},
    {"2.00", "100", 2},  {"2.000", "100", 3},        {"0.00", "1.0", 2},     {"-2", "0.01", 1},
    {"-1.5", "0.03", 1}, {"12", "1000000000000", 1}, {"5.513", "326000", 3}, {"0.301", "2.00", 3},
};

TEST(CopiesFromLog10, CarryTheDigitsOfTheLogarithm) {
    for (const auto& row : kLogs) {
        const auto interval = copies_from_log10(dec(row.log10_value));
        ASSERT_TRUE(interval) << row.log10_value;
        EXPECT_EQ(interval->value.to_string(), row.value) << row.log10_value;
        EXPECT_EQ(interval->value.significant_digits(), row.digits) << row.log10_value;
    }
}

TEST(CopiesFromLog10, ALogarithmIsAnInterval) {
    const auto interval = copies_from_log10(dec("1.70"));
    ASSERT_TRUE(interval);
    EXPECT_EQ(interval->low.rounded_to_scale(1).to_string(), "49.5");
    EXPECT_EQ(interval->high.rounded_to_scale(1).to_string(), "50.7");
    const Decimal threshold(50, 0);
    EXPECT_TRUE(interval->low < threshold && threshold < interval->high)
        << "1.70 cannot tell whether the load is below 50";
    EXPECT_LT(copies_from_log10(dec("1.69"))->high, threshold);
    EXPECT_GT(copies_from_log10(dec("1.71"))->low, threshold);
}

TEST(CopiesFromLog10, NothingOutsideItsRange) {
    for (const auto* text : {"-2.01", "12.01", "99", "-50", "1.1234567890123"}) {
        EXPECT_FALSE(copies_from_log10(dec(text))) << text;
    }
    EXPECT_TRUE(copies_from_log10(dec("-2.00")));
    EXPECT_TRUE(copies_from_log10(dec("12.00")));
}

// Against 60 digits: the bounds enclose the true ones within a unit of their 15th digit.
TEST(CopiesFromLog10, BoundsEncloseTheTruthTightly) {
    std::mt19937 random(5);
    for (int round = 0; round < 3'000; ++round) {
        const int scale = static_cast<int>(random() % 13);
        auto value = Decimal(static_cast<std::int64_t>(random() % 14'000'000) - 2'000'000, 6)
                         .rounded_to_scale(scale);
        const auto interval = copies_from_log10(value);
        if (!interval) {
            EXPECT_TRUE(value > Decimal(12, 0) || value < Decimal(-2, 0)) << value.to_string();
            continue;
        }
        const Wide center(value.to_string());
        const Wide half(value.half_unit().to_string());
        const Wide low = pow(Wide(10), center - half);
        const Wide high = pow(Wide(10), center + half);
        EXPECT_LE(Wide(interval->low.to_string()), low) << value.to_string();
        EXPECT_GE(Wide(interval->high.to_string()), high) << value.to_string();
        EXPECT_LE((low - Wide(interval->low.to_string())) / low, Wide("1.1e-14"));
        EXPECT_LE((Wide(interval->high.to_string()) - high) / high, Wide("1.1e-14"));

        const Wide error = abs(Wide(interval->value.to_string()) - pow(Wide(10), center));
        const Wide unit = pow(Wide(10), Wide(-interval->value.scale()));
        EXPECT_LE(error * 2, unit * Wide("1.000000000000000000001")) << value.to_string();
        EXPECT_EQ(interval->value.significant_digits(), std::max(1, scale)) << value.to_string();
    }
}

struct Log10Case {
    std::string_view value;
    int scale;
    std::string_view log;
};

constexpr Log10Case kLog10s[] = {
    {"2520", 2, "3.40"},
    {"50", 2, "1.70"},
    {"20", 2, "1.30"},
    {"1", 2, "0.00"},
    {"1000", 3, "3.000"},
    {"0.01", 1, "-2.0"},
    {"0.05", 4, "-1.3010"},
    {"16218", 2, "4.21"},
    {"10000000", 0, "7"},
    {"1.00", 2, "0.00"},
    {"3.1622776601683793319", 12, "0.500000000000"},
};

TEST(Log10, RoundsToItsScale) {
    for (const auto& row : kLog10s) {
        const auto log = log10_of(dec(row.value), row.scale);
        ASSERT_TRUE(log) << row.value;
        EXPECT_EQ(log->to_string(), row.log) << row.value;
    }
    for (const auto* text : {"0", "-1", "0.00"}) {
        EXPECT_FALSE(log10_of(dec(text), 2)) << text;
    }
    EXPECT_FALSE(log10_of(dec("5"), 13));
    EXPECT_FALSE(log10_of(dec("5"), -1));
}

TEST(Log10, NearestForRandomNumbers) {
    std::mt19937_64 random(17);
    for (int round = 0; round < 3'000; ++round) {
        const Decimal value(static_cast<std::int64_t>(random() % 100'000'000'000) + 1,
                            static_cast<std::int32_t>(random() % 6));
        const int scale = static_cast<int>(random() % 13);
        const auto log = log10_of(value, scale);
        ASSERT_TRUE(log) << value.to_string();
        const Wide error = abs(Wide(log->to_string()) - log10(Wide(value.to_string())));
        EXPECT_LE(error * 2, pow(Wide(10), Wide(-scale)) * Wide("1.000000001"))
            << value.to_string();
        EXPECT_EQ(log->scale(), scale);
    }
}

TEST(ResultState, WordsLeadBack) {
    using enum ResultState;
    for (const auto state : {quantified, below_lloq, not_detected, above_uloq, qualitative,
                             no_result, not_done, withdrawn}) {
        EXPECT_EQ(result_state_from(to_string(state)), state);
    }
    EXPECT_EQ(to_string(below_lloq), "below_lloq");
    EXPECT_EQ(result_state_from("below lloq"), std::nullopt);
    EXPECT_EQ(result_state_from(""), std::nullopt);
}

}  // namespace
}  // namespace labrelay::units
