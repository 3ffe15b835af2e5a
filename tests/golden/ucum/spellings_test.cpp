// Every spelling of every analyte, as shipped: forwards, back, against UCUM where UCUM can read it,
// and against ../shared/domain/analytes.csv where that file is. The rows are generated from the
// configuration; a new spelling is tested by being there.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/units/quantity.hpp"
#include "shared_files.hpp"

namespace labrelay::units {
namespace {

using Kind = UnitRule::Kind;

const mapping::Configuration& shipped() {
    static const mapping::Loaded kLoaded =
        mapping::load_configuration(std::filesystem::path(LABRELAY_SOURCE_DIR) / "mappings");
    return *kLoaded.configuration;
}

Decimal dec(std::string_view text) {
    return Decimal::parse(text).value();
}

Rational factor_of(const UnitRule& rule) {
    return Rational(rule.factor).over(Rational(rule.divisor));
}

constexpr std::string_view kValues[] = {"1", "412", "1.50", "0.037", "2.35E+04", "0.10", "99.99"};

TEST(Spellings, GoThereAndBack) {
    int rows = 0;
    for (const study::Analyte& analyte : shipped().rules().analytes) {
        for (const UnitRule& listed : analyte.units.rules()) {
            if (listed.kind != Kind::factor) {
                continue;
            }
            const auto rule = analyte.units.find(listed.spelling);
            ASSERT_TRUE(rule) << analyte.key << " " << listed.spelling;
            EXPECT_TRUE(same_meaning(*rule, listed)) << analyte.key << " " << listed.spelling;
            const Conversion there = Conversion::by(factor_of(*rule));
            const Conversion back = Conversion::by(Rational(1).over(factor_of(*rule)));
            for (const std::string_view text : kValues) {
                const Decimal value = dec(text);
                const auto converted = convert(value, *rule);
                ASSERT_TRUE(converted) << analyte.key << " " << text << " " << listed.spelling;
                const Rational unrounded = Rational(value).times(factor_of(*rule));
                EXPECT_EQ(Rational(converted->exact), unrounded) << analyte.key << " " << text;
                EXPECT_EQ(back.exact(unrounded), Rational(value)) << analyte.key << " " << text;
                // `units convert --analyte` stores what a message stores.
                const auto by_command = there(value, WholeNumber::measured);
                ASSERT_TRUE(by_command) << analyte.key << " " << text;
                EXPECT_EQ(by_command->to_string(), converted->stored.to_string())
                    << analyte.key << " " << text << " " << listed.spelling;
                EXPECT_LE(converted->stored.significant_digits(),
                          std::max(value.significant_digits() + 2, 1))
                    << analyte.key << " " << text << " " << listed.spelling;
                ++rows;
            }
        }
    }
    EXPECT_GT(rows, 2000);
}

// A listed factor is UCUM's own wherever UCUM can read the spelling; where the molar mass comes in,
// the customary factor is within half a per cent of it.
TEST(Spellings, AgreeWithUcumWhereItReadsThem) {
    int compared = 0;
    for (const study::Analyte& analyte : shipped().rules().analytes) {
        const AnalyteUnits by_ucum_alone(analyte.units.canonical(), {}, analyte.units.ucum());
        for (const UnitRule& listed : analyte.units.rules()) {
            const auto rule =
                listed.kind == Kind::factor ? by_ucum_alone.find(listed.spelling) : std::nullopt;
            if (!rule || !rule->rule_id.starts_with("ucum:")) {
                continue;
            }
            ++compared;
            const Rational ratio = factor_of(*rule).over(factor_of(listed));
            if (rule->rule_id.find("molar mass") == std::string::npos) {
                EXPECT_EQ(ratio, Rational(1)) << analyte.key << " " << listed.spelling;
            } else {
                EXPECT_GT(ratio, Rational(dec("0.995"))) << analyte.key << " " << listed.spelling;
                EXPECT_LT(ratio, Rational(dec("1.005"))) << analyte.key << " " << listed.spelling;
            }
        }
    }
    EXPECT_GT(compared, 100);
}

TEST(Spellings, TrapsAreNotReadForAnyAnalyte) {
    // Each with the analytes for which the list says what the laboratory means by it.
    for (const std::string_view trap : {"K/uL", "G/L", "T/L", "mm3", "M/uL", "m/uL", "IU/mL"}) {
        for (const study::Analyte& analyte : shipped().rules().analytes) {
            const auto rule = analyte.units.find(trap);
            // `canonical`: G/L of HGB, ALB and TP is g/L in capitals. Cubic millimetres are a
            // volume.
            EXPECT_TRUE(!rule || rule->rule_id.starts_with("analyte-list:") ||
                        rule->rule_id == "canonical" || (trap == "mm3" && analyte.key == "MCV"))
                << analyte.key << " " << trap << " " << rule->rule_id;
        }
    }
    for (const study::Analyte& analyte : shipped().rules().analytes) {
        const QuantityKind kind = analyte.units.ucum().kind;
        EXPECT_EQ(analyte.units.find("nmol/L").has_value(),
                  kind == QuantityKind::amount ||
                      (kind == QuantityKind::mass &&
                       (analyte.molar_mass || analyte.units.find_listed("nmol/L"))))
            << analyte.key;
        EXPECT_FALSE(analyte.units.find("Cel")) << analyte.key;
        EXPECT_FALSE(analyte.units.find("[arb'U]/mL")) << analyte.key;
    }
}

class SharedCatalogue : public ::testing::Test {};

Kind kind_of(const std::string& factor) {
    return factor == "assay"                                              ? Kind::needs_assay
           : factor == "10^n"                                             ? Kind::mantissa
           : factor.find_first_not_of("0123456789.") == std::string::npos ? Kind::factor
                                                                          : Kind::not_a_quantity;
}

void check_row(const study::Analyte& analyte, const std::string& spelling,
               const std::string& factor) {
    const Kind kind = kind_of(factor);
    const auto& rules = analyte.units.rules();
    const auto rule = kind == Kind::mantissa || spelling == "1:n"
                          ? std::optional<UnitRule>()
                          : analyte.units.find_listed(spelling);
    if (kind == Kind::mantissa) {
        EXPECT_TRUE(std::any_of(rules.begin(), rules.end(),
                                [&](const UnitRule& one) {
                                    return one.spelling == spelling && one.kind == Kind::mantissa;
                                }))
            << analyte.key << " " << spelling;
        return;
    }
    if (spelling == "1:n") {  // a titre stands in the value, not in the unit
        return;
    }
    ASSERT_TRUE(rule) << analyte.key << " " << spelling;
    EXPECT_EQ(rule->kind, kind) << analyte.key << " " << spelling;
    if (kind == Kind::factor) {
        EXPECT_EQ(factor_of(*rule), Rational(dec(factor))) << analyte.key << " " << spelling;
    }
}

TEST_F(SharedCatalogue, EveryRowIsInTheShippedOne) {
    const auto file = shared_file("domain", "analytes.csv");
    if (!file) {
        GTEST_SKIP() << "../shared/domain/analytes.csv is not on this machine";
    }
    int spellings = 0;
    int analytes = 0;
    for (const std::vector<std::string>& row : csv_rows(*file)) {
        ASSERT_GE(row.size(), 16U);
        const study::Analyte* const analyte = shipped().rules().analyte(row[1]);
        ASSERT_NE(analyte, nullptr) << row[1];
        ++analytes;
        EXPECT_EQ(analyte->units.canonical(), row[5]) << row[1];
        EXPECT_EQ(analyte->molar_mass.has_value(), !row[15].empty()) << row[1];
        if (analyte->molar_mass && !row[15].empty()) {
            EXPECT_EQ(*analyte->molar_mass, dec(row[15])) << row[1];
        }
        std::size_t at = 0;
        while (at < row[6].size()) {
            const std::size_t end = std::min(row[6].find(';', at), row[6].size());
            const std::string item = row[6].substr(at, end - at);
            const std::size_t sign = item.rfind('=');
            ASSERT_NE(sign, std::string::npos) << row[1] << " " << item;
            check_row(*analyte, item.substr(0, sign), item.substr(sign + 1));
            ++spellings;
            at = end + 1;
        }
    }
    EXPECT_EQ(analytes, 70);
    EXPECT_GT(spellings, 300);
}

}  // namespace
}  // namespace labrelay::units
