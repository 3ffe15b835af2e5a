#include "labrelay/units/analyte_units.hpp"

#include <gtest/gtest.h>

#include <string>

namespace labrelay::units {
namespace {

using Kind = UnitRule::Kind;

UnitRule factor(std::string spelling, std::string_view value) {
    std::string id = "analyte-list:" + spelling;
    return {std::move(spelling), Kind::factor, Decimal::parse(value).value(), std::move(id)};
}

AnalyteUnits viral_load() {
    return AnalyteUnits("{copies}/mL",
                        {factor("copies/mL", "1"),
                         factor("cp/mL", "1"),
                         factor("拷贝/毫升", "1"),
                         factor("copies/uL", "1000"),
                         {"10*n.{copies}/mL", Kind::mantissa, {}, "analyte-list:10*n.{copies}/mL"},
                         {"IU/mL", Kind::needs_assay, {}, "analyte-list:IU/mL"}});
}

AnalyteUnits leukocytes() {
    return AnalyteUnits("10*9/L", {factor("x10^9/L", "1"), factor("K/uL", "1"), factor("G/L", "1"),
                                   factor("/uL", "0.001"), factor("/mm3", "0.001")});
}

struct FoldCase {
    std::string_view spelling, folded;
};

constexpr FoldCase kFolds[] = {
    {"μmol/L", "umol/L"},  // Greek mu
    {"µmol/L", "umol/L"},  // micro sign
    {"×10⁹/L", "x10^9/L"},
    {"×10¹²/L", "x10^12/L"},
    {"10⁻¹", "10^-1"},
    {"10^9/L", "10^9/L"},
    {"Copies / mL", "Copies/mL"},
    {"ｍｇ／ｄＬ", "mg/dL"},
    {"m²", "m2"},
    {"m^2", "m2"},
    {"ml/(min·1.73m²)", "ml/(min.1.73m2)"},
    {"\xC2\xA0g/L\xE3\x80\x80", "g/L"},
    {"个/μL", "个/uL"},
    {"cells/\xB5L", "cells/\xB5L"},  // not UTF-8: kept
    {"", ""},
};

TEST(FoldUnit, MakesOneSpellingOfLookAlikes) {
    for (const auto& row : kFolds) {
        EXPECT_EQ(fold_unit(row.spelling), row.folded) << row.spelling;
        EXPECT_EQ(fold_unit(row.folded), row.folded) << row.spelling;
    }
}

TEST(AnalyteUnits, FindsExactThenFoldedThenWithoutCase) {
    const AnalyteUnits units = viral_load();
    for (const auto* spelling :
         {"copies/mL", "Copies/mL", "COPIES/ML", "Copies / mL", "copies／mL", "cp/ml", "拷贝/毫升",
          "拷贝／毫升", "{copies}/mL", "{Copies}/mL"}) {
        const auto rule = units.find(spelling);
        ASSERT_TRUE(rule) << spelling;
        EXPECT_EQ(rule->kind, Kind::factor) << spelling;
        EXPECT_EQ(rule->factor, Decimal(1, 0)) << spelling;
    }
    EXPECT_EQ(units.find("cp/ml")->rule_id, "analyte-list:cp/mL");
    EXPECT_EQ(units.find("{Copies}/mL")->rule_id, "canonical");
    EXPECT_EQ(units.find("iu/ml")->kind, Kind::needs_assay);
    EXPECT_EQ(units.canonical(), "{copies}/mL");
    EXPECT_TRUE(units.has_unit());
}

TEST(AnalyteUnits, WhatIsNotListedIsNotKnown) {
    const AnalyteUnits units = viral_load();
    for (const auto* spelling :
         {"", " ", "mg/dL", "copies", "copies/mL/d", "10*n.{copies}/mL", "10*.{copies}/mL",
          "10*4{copies}/mL", "10*4.{cells}/mL", "10*+-4.{copies}/mL", "10*100.{copies}/mL", "10*4.",
          "x10*4.{copies}/mL", "10*99999999999999999999.{copies}/mL", "\xFF", "umol/L"}) {
        EXPECT_FALSE(units.find(spelling)) << spelling;
    }
    EXPECT_FALSE(leukocytes().find("umol/L")) << "a count is no amount of substance";
    EXPECT_FALSE(AnalyteUnits().find(""));
    EXPECT_FALSE(AnalyteUnits().has_unit());
}

TEST(AnalyteUnits, LettersThatMeanAPrefixInUcumComeFromTheListOnly) {
    EXPECT_EQ(leukocytes().find("K/uL")->factor, Decimal(1, 0));
    EXPECT_EQ(leukocytes().find("k/µL")->factor, Decimal(1, 0));
    const AnalyteUnits haemoglobin("g/L", {factor("g/dL", "10"), factor("G/L", "1")});
    EXPECT_FALSE(haemoglobin.find("K/uL"));
    EXPECT_EQ(haemoglobin.find("G/DL")->factor, Decimal(10, 0));
}

TEST(AnalyteUnits, CaseIsIgnoredOnlyWhereAllSpellingsMeanTheSame) {
    const AnalyteUnits units("U/L", {factor("mU/L", "0.001"), factor("MU/L", "1000000"),
                                     factor("kU/L", "1000"), factor("KU/L", "1000")});
    EXPECT_EQ(units.find("mU/L")->factor, Decimal(1, 3));
    EXPECT_EQ(units.find("MU/L")->factor, Decimal(1000000, 0));
    EXPECT_FALSE(units.find("mu/l")) << "milli or mega";
    EXPECT_FALSE(units.find("Mu/L"));
    EXPECT_EQ(units.find("ku/l")->factor, Decimal(1000, 0));
    EXPECT_EQ(units.find("u/l")->factor, Decimal(1, 0));
}

TEST(AnalyteUnits, FoldedSpellingsThatDisagreeAreNotGuessed) {
    const AnalyteUnits units("mmol/L", {factor("m g/L", "2"), factor("mg/L", "3")});
    EXPECT_EQ(units.find("m g/L")->factor, Decimal(2, 0));
    EXPECT_EQ(units.find("mg/L")->factor, Decimal(3, 0));
    EXPECT_FALSE(units.find("mg /L"));
}

TEST(AnalyteUnits, TheFirstRuleOfASpellingCounts) {
    const UnitRule declared{"mg/dL", Kind::factor, Decimal::parse("0.357").value(),
                            "source-list:mg/dL"};
    const UnitRule listed{"mg/dL", Kind::ambiguous, {}, "analyte-list:mg/dL"};
    const AnalyteUnits undeclared("mmol/L", {listed});
    EXPECT_EQ(undeclared.find("mg/dL")->kind, Kind::ambiguous);
    const AnalyteUnits source("mmol/L", {declared, listed});
    for (const auto* spelling : {"mg/dL", "MG/DL", "mg / dL"}) {
        ASSERT_TRUE(source.find(spelling)) << spelling;
        EXPECT_EQ(source.find(spelling)->rule_id, "source-list:mg/dL") << spelling;
    }
}

struct MantissaCase {
    std::string_view unit, reported, exact, stored;
};

TEST(AnalyteUnits, MantissaUnitsCarryTheirExponent) {
    const AnalyteUnits units = viral_load();
    for (const auto& row : {MantissaCase{"10*-1.{copies}/mL", "367", "36.7", "36.7"},
                            {"10*-1.{Copies}/mL", "763", "76.3", "76.3"},
                            {"10*0.{copies}/mL", "101", "101", "101"},
                            {"10*4.{Copies}/mL", "226", "2260000", "2260000"},
                            {"10^4.{copies}/mL", "226", "2260000", "2260000"},
                            {"10*+4.{copies} / ml", "226", "2260000", "2260000"},
                            {"10⁴.{copies}/mL", "226", "2260000", "2260000"}}) {
        const auto rule = units.find(row.unit);
        ASSERT_TRUE(rule) << row.unit;
        EXPECT_EQ(rule->kind, Kind::mantissa);
        EXPECT_EQ(rule->rule_id, "analyte-list:10*n.{copies}/mL");
        const auto converted = convert(Decimal::parse(row.reported).value(), *rule);
        ASSERT_TRUE(converted) << row.unit;
        EXPECT_EQ(converted->exact.to_string(), row.exact) << row.unit;
        EXPECT_EQ(converted->stored.to_string(), row.stored) << row.unit;
        EXPECT_EQ(converted->stored.significant_digits(), 3) << row.unit;
    }
    const AnalyteUnits per_microlitre(
        "{copies}/mL", {{"10*n.{copies}/uL", Kind::mantissa, Decimal(1000, 0), "list"}});
    EXPECT_EQ(per_microlitre.find("10*2.{copies}/uL")->factor, Decimal(100000, 0));
}

struct ConvertCase {
    std::string_view reported, factor, exact, stored, rule;
};

constexpr ConvertCase kConversions[] = {
    {"412", "1", "412", "412", ""},
    {"1.50", "1.00", "1.50", "1.50", ""},
    {"1.20", "88.42", "106.1040", "106.10", "x 88.42 (list)"},
    {"1.2", "88.42", "106.104", "106.1", "x 88.42 (list)"},
    {"0.9", "17.104", "15.3936", "15.4", "x 17.104 (list)"},
    {"13.5", "10", "135", "135", "x 10 (list)"},
    {"0.412", "1000", "412.000", "412", "x 1000 (list)"},
    {"1.50", "1000", "1500.00", "1500", "x 1000 (list)"},
    {"5210", "0.001", "5.210", "5.210", "x 0.001 (list)"},
    {"0.0", "88.42", "0.000", "0.000", "x 88.42 (list)"},
    {"-1.5", "0.5", "-0.75", "-0.75", "x 0.5 (list)"},
    {"14", "0.357", "4.998", "4.998", "x 0.357 (list)"},
    {"1", "0.02586", "0.02586", "0.0259", "x 0.02586 (list)"},
};

TEST(Convert, ExactForLimitsAndRoundedForStoring) {
    for (const auto& row : kConversions) {
        const UnitRule rule{"u", Kind::factor, Decimal::parse(row.factor).value(), "list"};
        const auto converted = convert(Decimal::parse(row.reported).value(), rule);
        ASSERT_TRUE(converted) << row.reported;
        EXPECT_EQ(converted->exact, Decimal::parse(row.exact)) << row.reported;
        EXPECT_EQ(converted->stored.to_string(), row.stored) << row.reported << " x " << row.factor;
        EXPECT_EQ(converted->rule, row.rule);
    }
}

TEST(Convert, OverflowIsSaid) {
    const UnitRule rule{"u", Kind::factor, Decimal::parse("88.42").value(), "list"};
    const auto converted =
        convert(Decimal::parse("999999999999999999999999999999999999").value(), rule);
    ASSERT_FALSE(converted);
    EXPECT_EQ(converted.error().code, Code::conversion_overflow);
}

}  // namespace
}  // namespace labrelay::units
