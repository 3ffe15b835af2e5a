#include "labrelay/units/quantity.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace labrelay::units {
namespace {

Decimal dec(std::string_view text) {
    return Decimal::parse(text).value();
}

Unit unit(std::string_view text) {
    return parse_ucum(text).value();
}

struct Row {
    std::string_view value, from, to, result;
};

// Digits as reported and two more at most; a power of ten keeps them; a whole number is exact.
constexpr Row kConversions[] = {
    // factors
    {"6.3", "m", "cm", "630"},
    {"6.30", "m", "cm", "630"},
    {"0.0630", "mol/L", "mmol/L", "63.0"},
    {"1.50", "U/L", "ukat/L", "0.025000"},
    {"1.51", "U/L", "ukat/L", "0.025167"},
    {"0.700", "[in_i]", "cm", "1.7780"},
    {"1.5", "[in_i]", "cm", "3.810"},
    {"1.5", "4.m", "m", "6.0"},
    {"12", "[in_i]", "cm", "30.48"},
    {"1", "[ft_us]", "m", "0.304800609601219202438405"},
    {"1.0", "[ft_us]", "m", "0.3048"},
    {"1.00", "[ft_us]", "m", "0.30480"},
    {"5", "umol/min/L", "U/L", "5"},
    {"0", "[in_i]", "cm", "0"},
    {"0.00", "[in_i]", "cm", "0.00"},
    {"-2.0", "[in_i]", "cm", "-5.080"},
    // 10^30 and 10^-30 survive
    {"1e30", "g", "kg", "1000000000000000000000000000"},
    {"1e-30", "kg", "g", "0.000000000000000000000000001"},
    {"1.5e30", "[in_i]", "cm", "3810000000000000000000000000000"},
    {"1.5e-30", "[in_i]", "cm", "0.000000000000000000000000000003810"},
    {"1", "10*30.m", "m", "1000000000000000000000000000000"},
    {"1", "10*-30.m", "m", "0.000000000000000000000000000001"},
    // temperatures, exact
    {"37", "Cel", "K", "310.15"},
    {"37.0", "Cel", "K", "310.15"},
    {"37.0", "Cel", "[degF]", "98.6"},
    {"36.6", "Cel", "[degF]", "97.88"},
    {"98.6", "[degF]", "Cel", "37.0"},
    {"100.4", "[degF]", "Cel", "38.0"},
    {"99.1", "[degF]", "Cel", "37.2778"},
    {"-40", "Cel", "[degF]", "-40"},
    {"-40", "[degF]", "Cel", "-40"},
    {"0", "K", "Cel", "-273.15"},
    {"273.15", "K", "Cel", "0.00"},
    {"80", "[degRe]", "Cel", "100"},
    {"37000", "mCel", "K", "310.15"},
    {"3.7", "10.Cel", "K", "310.15"},
    {"37.0", "Cel", "mCel", "37000"},
    {"-459.67", "[degF]", "K", "0.00"},
    // logarithms
    {"7", "[pH]", "mol/L", "0.0000001"},
    {"7.40", "[pH]", "mol/L", "0.000000039811"},
    {"7.4", "[pH]", "nmol/L", "39.81"},
    {"0.0000001", "mol/L", "[pH]", "7"},
    {"0.00000010", "mol/L", "[pH]", "7.0"},
    {"40.0", "nmol/L", "[pH]", "7.39794"},
    {"20", "dB", "1", "100"},
    {"3.0", "dB", "1", "1.9953"},
    {"100", "1", "dB", "20"},
    {"60", "dB[SPL]", "Pa", "0.02"},
    {"0.02", "Pa", "dB[SPL]", "60"},
    {"6", "B[V]", "V", "1000"},
    {"1", "B[W]", "kW", "0.01"},
    {"1", "B[kW]", "kW", "10"},
    {"1", "Np", "1", "2.71828182845904523536029"},
    {"0", "Np", "1", "1"},
    {"3", "bit_s", "1", "8"},
    {"8", "1", "bit_s", "3"},
    {"20.0", "dB", "B", "2.00"},
    // what a procedure defines converts to itself
    {"15", "[IU]/L", "m[IU]/mL", "15"},
    {"2.50", "k[iU]/L", "[IU]/mL", "2.50"},
    {"1e3", "[CFU]/L", "[CFU]/mL", "1"},
};

TEST(Conversion, ByTheRuleOfDigits) {
    for (const Row& row : kConversions) {
        const auto conversion = Conversion::between(unit(row.from), unit(row.to));
        ASSERT_TRUE(conversion) << row.from << " " << row.to;
        const auto value = (*conversion)(dec(row.value));
        ASSERT_TRUE(value) << row.value << " " << row.from << ": " << describe(value.error());
        EXPECT_EQ(value->to_string(), row.result) << row.value << " " << row.from << " " << row.to;
    }
}

TEST(Conversion, AMeasuredWholeNumberIsNotExact) {
    const auto inches = Conversion::between(unit("[in_i]"), unit("cm")).value();
    EXPECT_EQ(inches(dec("7"), WholeNumber::exact)->to_string(), "17.78");
    EXPECT_EQ(inches(dec("7"), WholeNumber::measured)->to_string(), "17.8");
    const auto feet = Conversion::between(unit("[ft_us]"), unit("m")).value();
    EXPECT_EQ(feet(dec("1"), WholeNumber::measured)->to_string(), "0.305");
    const auto kelvin = Conversion::between(unit("[degF]"), unit("Cel")).value();
    EXPECT_EQ(kelvin(dec("99"), WholeNumber::measured)->to_string(), "37.222");
}

struct Refused {
    std::string_view value, from, to, code;
};

constexpr Refused kRefused[] = {
    {"1", "mg/dL", "mmol/L", "units-incommensurable"},
    {"1", "[IU]/mL", "{copies}/mL", "units-incommensurable"},
    {"1", "{copies}/mL", "[IU]/mL", "units-incommensurable"},
    {"1", "[IU]", "[arb'U]", "units-incommensurable"},
    {"1", "[IU]/L", "U/L", "units-incommensurable"},
    {"1", "[CFU]/mL", "[PFU]/mL", "units-incommensurable"},
    {"1", "K/uL", "10*3/uL", "units-incommensurable"},
    {"1", "G/L", "10*9/L", "units-incommensurable"},
    {"1", "mm3", "/mm3", "units-incommensurable"},
    {"1", "Cel", "m", "units-incommensurable"},
    {"1", "[pH]", "1", "units-incommensurable"},
    {"1", "m", "s", "units-incommensurable"},
    {"0", "mol/L", "[pH]", "scale-undefined"},
    {"-1", "mol/L", "[pH]", "scale-undefined"},
    {"0", "1", "dB", "scale-undefined"},
    {"-0.5", "1", "Np", "scale-undefined"},
    {"-3", "1", "bit_s", "scale-undefined"},
    {"500", "B", "1", "scale-undefined"},
    {"1e60", "Np", "1", "scale-undefined"},
    {"100", "B", "1", "conversion-overflow"},
    {"1e50", "Ym", "ym", "conversion-overflow"},
    {"1", "10*300.m", "m", "conversion-overflow"},
    {"123456789012345678901234567890123456", "[in_i]", "cm", ""},
};

TEST(Conversion, RefusesWithACode) {
    for (const Refused& row : kRefused) {
        const auto conversion = Conversion::between(unit(row.from), unit(row.to));
        const auto value = conversion ? (*conversion)(dec(row.value))
                                      : Result<Decimal>(tl::unexpected<Error>(conversion.error()));
        if (row.code.empty()) {
            EXPECT_TRUE(value) << row.value << " " << row.from;
            continue;
        }
        ASSERT_FALSE(value) << row.value << " " << row.from << ": " << value->to_string();
        EXPECT_EQ(key(value.error().code), row.code) << row.value << " " << row.from;
    }
}

TEST(Conversion, TheDetailNamesBothDimensions) {
    const auto refused = Conversion::between(unit("mg/dL"), unit("[IU]/mL"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail, "mg/dL measures m-3.g, [IU]/mL measures m-3.[iU].");
}

const std::vector<std::vector<std::string_view>>& families() {
    static const std::vector<std::vector<std::string_view>> kFamilies{
        {"g/L", "mg/dL", "ug/mL", "ng/L", "kg/m3", "[lb_av]/[gal_us]", "[gr]/L", "g%"},
        {"mol/L", "mmol/L", "umol/dL", "nmol/mL", "eq/L", "/uL", "10*9/L", "{copies}/mL"},
        {"U/L", "ukat/L", "nmol/s/mL", "umol/h/dL", "mmol/wk/L"},
        {"[IU]/mL", "k[IU]/L", "m[iU]/uL", "10*6.[IU]/[foz_us]"},
        {"m", "[in_i]", "[ft_us]", "km", "[mi_i]", "nm", "[ly]"},
        {"s", "min", "h", "d", "wk", "mo", "a", "ms"},
        {"Pa", "mm[Hg]", "cm[H2O]", "mbar", "atm", "[in_i'Hg]"},
        {"Cel", "[degF]", "K", "[degRe]", "mK"},
    };
    return kFamilies;
}

TEST(Conversion, ThereAndBackIsExactOnTheUnroundedNumbers) {
    std::mt19937_64 random(4);
    std::uniform_int_distribution<std::int64_t> digits(1, 999'999'999'999'999);
    for (const auto& family : families()) {
        for (const auto from : family) {
            for (const auto to : family) {
                const auto there = Conversion::between(unit(from), unit(to)).value();
                const auto back = Conversion::between(unit(to), unit(from)).value();
                for (int i = 0; i < 20; ++i) {
                    const Rational value(Decimal(digits(random), i));
                    const auto converted = there.exact(value);
                    ASSERT_TRUE(converted) << from << " " << to;
                    EXPECT_EQ(back.exact(*converted), value) << from << " " << to;
                }
            }
        }
    }
}

TEST(Conversion, NeverMoreDigitsThanJustified) {
    std::mt19937_64 random(5);
    std::uniform_int_distribution<std::int64_t> any(1, 999'999'999);
    for (const auto& family : families()) {
        for (const auto from : family) {
            for (const auto to : family) {
                const auto there = Conversion::between(unit(from), unit(to)).value();
                const auto factor = there.factor();
                if (!factor) {
                    continue;
                }
                for (int i = 1; i < 20; ++i) {
                    const Decimal value(any(random), i % 7);
                    const auto result = there(value, WholeNumber::measured);
                    ASSERT_TRUE(result) << from << " " << to;
                    const int more = factor->power_of_ten() ? 0 : 2;
                    EXPECT_LE(result->normalised().significant_digits(),
                              value.significant_digits() + more)
                        << value.to_string() << " " << from << " " << to;
                    // …and the rounding is the nearest: half a unit of the last kept place at most.
                    const Rational off = Rational(*result).minus(Rational(value).times(*factor));
                    const Rational limit =
                        Rational::ten_to_the(Rational(value).times(*factor).leading_place() + 1 -
                                             (value.significant_digits() + more));
                    EXPECT_LE(off.is_negative() ? off.times(Rational(-1)) : off,
                              limit.over(Rational(2)))
                        << value.to_string() << " " << from << " " << to;
                }
            }
        }
    }
}

struct Product {
    std::string_view left, left_unit, right, right_unit, value, unit;
    bool divided;
};

constexpr Product kProducts[] = {
    {"1.5", "g", "2", "m", "3.0", "m.g", false},
    {"2", "m", "1.5", "g", "3.0", "m.g", false},
    {"1.5", "g", "2", "m", "0.75", "m-1.g", true},
    {"2", "m", "1.5", "g", "1.333", "m.g-1", true},
    {"3", "m", "4", "m", "12", "m2", false},
    {"3", "m", "4", "m", "0.75", "", true},
    {"2.50", "mg/dL", "1.1", "L", "0.0275", "g", false},
    {"2.00", "m", "3.000", "s", "6.00", "m.s", false},
};

TEST(Quantity, MultipliesAndDividesInBaseUnits) {
    for (const Product& row : kProducts) {
        const Quantity left{dec(row.left), unit(row.left_unit)};
        const Quantity right{dec(row.right), unit(row.right_unit)};
        const auto result = row.divided ? divide(left, right) : multiply(left, right);
        ASSERT_TRUE(result) << row.value;
        EXPECT_EQ(result->value.to_string(), row.value) << row.left << " " << row.right;
        EXPECT_EQ(result->unit.text(), row.unit) << row.left << " " << row.right;
    }
}

TEST(Quantity, ScalesAndZeroAreRefused) {
    const Quantity warm{dec("37"), unit("Cel")};
    const Quantity length{dec("0"), unit("m")};
    EXPECT_EQ(multiply(warm, length).error().code, Code::unit_special_misused);
    EXPECT_EQ(divide(length, warm).error().code, Code::unit_special_misused);
    EXPECT_EQ(divide(length, length).error().code, Code::scale_undefined);
    EXPECT_EQ(multiply(length, length)->value.to_string(), "0");
}

}  // namespace
}  // namespace labrelay::units
