// What the analyte's list does not know is read as UCUM, within what the analyte can be.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/quantity_kind.hpp"

namespace labrelay::units {
namespace {

Decimal dec(std::string_view text) {
    return Decimal::parse(text).value();
}

UnitRule listed(std::string_view spelling, std::string_view factor) {
    return {std::string(spelling), UnitRule::Kind::factor, dec(factor),
            "analyte-list:" + std::string(spelling)};
}

UnitRule doubtful(std::string_view spelling, UnitRule::Kind kind) {
    return {std::string(spelling), kind, {}, "analyte-list:" + std::string(spelling)};
}

AnalyteUnits of_kind(QuantityKind kind, std::string canonical, std::vector<UnitRule> rules = {},
                     std::string_view molar_mass = {}, std::vector<std::string> annotations = {}) {
    UcumReading ucum{kind, {}, std::move(annotations)};
    if (!molar_mass.empty()) {
        ucum.molar_mass = dec(molar_mass);
    }
    return {std::move(canonical), std::move(rules), std::move(ucum)};
}

AnalyteUnits cd4() {
    return of_kind(QuantityKind::count, "/uL", {listed("K/uL", "1000"), listed("mm3", "1")}, {},
                   {"cells"});
}
AnalyteUnits hiv_copies() {
    return of_kind(QuantityKind::count, "{copies}/mL", {listed("/mL", "1")});
}
AnalyteUnits creatinine() {
    return of_kind(QuantityKind::amount, "umol/L", {listed("mg/dL", "88.42")}, "113.12");
}
AnalyteUnits bilirubin() {
    return of_kind(QuantityKind::amount, "umol/L", {listed("mg/dL", "17.104")}, "584.66");
}
AnalyteUnits albumin() {
    return of_kind(QuantityKind::mass, "g/L", {}, "66500");
}
AnalyteUnits calcium() {
    return of_kind(QuantityKind::amount, "mmol/L", {listed("mEq/L", "0.5")}, "40.078");
}
AnalyteUnits urea() {
    return of_kind(QuantityKind::amount, "mmol/L", {doubtful("mg/dL", UnitRule::Kind::ambiguous)},
                   "60.056");
}
AnalyteUnits alt() {
    return of_kind(QuantityKind::activity, "U/L", {listed("[IU]/L", "1")});
}
AnalyteUnits hbv() {
    return of_kind(QuantityKind::international_units, "[IU]/mL",
                   {doubtful("{copies}/mL", UnitRule::Kind::needs_assay)});
}
AnalyteUnits egfr() {
    return of_kind(QuantityKind::flow, "mL/min/{1.73_m2}");
}
AnalyteUnits mcv() {
    return of_kind(QuantityKind::volume, "fL");
}

struct Read {
    AnalyteUnits (*units)();
    std::string_view spelling, factor, divisor, rule;
};

const Read kRead[] = {
    {cd4, "/L", "0.000001", "1", "ucum:/L"},
    {cd4, "/mL", "0.001", "1", "ucum:/mL"},
    {cd4, "10*3/mL", "1", "1", "ucum:10*3/mL"},
    {cd4, "{cells}/mL", "0.001", "1", "ucum:{cells}/mL"},
    {cd4, "{CELLS}/µL", "1", "1", "ucum:{CELLS}/uL"},
    {cd4, "10\xC2\xB3/mL", "1", "1", "ucum:10^3/mL"},
    {cd4, "10*9/L", "1000", "1", "ucum:10*9/L"},
    {hiv_copies, "10*3.{copies}/mL", "1000", "1", "ucum:10*3.{copies}/mL"},
    {hiv_copies, "{Copies}/uL", "1000", "1", "ucum:{Copies}/uL"},
    {creatinine, "mmol/L", "1000", "1", "ucum:mmol/L"},
    {creatinine, "nmol/mL", "1", "1", "ucum:nmol/mL"},
    {creatinine, "mg/L", "1000", "113.12", "ucum:mg/L, molar mass 113.12 g/mol"},
    {creatinine, "g%", "10000000", "113.12", "ucum:g%, molar mass 113.12 g/mol"},
    {bilirubin, "ug/mL", "1000", "584.66", "ucum:ug/mL, molar mass 584.66 g/mol"},
    {albumin, "mmol/L", "66.5", "1", "ucum:mmol/L, molar mass 66500 g/mol"},
    {albumin, "mg/mL", "1", "1", "ucum:mg/mL"},
    {calcium, "mol/m3", "1", "1", "ucum:mol/m3"},
    {calcium, "mg/L", "1", "40.078", "ucum:mg/L, molar mass 40.078 g/mol"},
    {alt, "umol/min/L", "1", "1", "ucum:umol/min/L"},
    {alt, "umol/h/L", "1", "60", "ucum:umol/h/L"},
    {alt, "mU/mL", "1", "1", "ucum:mU/mL"},
    {alt, "pkat/mL", "0.06", "1", "ucum:pkat/mL"},
    {hbv, "k[IU]/L", "1", "1", "ucum:k[IU]/L"},
    {hbv, "10*3.[iU]/mL", "1000", "1", "ucum:10*3.[iU]/mL"},
    {egfr, "L/h/{1.73_m2}", "50", "3", "ucum:L/h/{1.73_m2}"},
    {egfr, "mL/s/{1.73_m2}", "60", "1", "ucum:mL/s/{1.73_m2}"},
    {mcv, "um3", "1", "1", "ucum:um3"},
};

TEST(LaboratoryUnit, IsReadWithinWhatTheAnalyteCanBe) {
    for (const Read& row : kRead) {
        const AnalyteUnits units = row.units();
        EXPECT_FALSE(units.find_listed(row.spelling)) << row.spelling;
        const auto rule = units.find(row.spelling);
        ASSERT_TRUE(rule) << row.spelling;
        EXPECT_EQ(rule->kind, UnitRule::Kind::factor) << row.spelling;
        EXPECT_EQ(rule->factor.to_string(), row.factor) << row.spelling;
        EXPECT_EQ(rule->divisor.to_string(), row.divisor) << row.spelling;
        EXPECT_EQ(rule->rule_id, row.rule) << row.spelling;
    }
}

struct NotRead {
    AnalyteUnits (*units)();
    std::string_view spelling;
    std::string_view why;
};

const NotRead kNotRead[] = {
    {cd4, "umol/L", "an amount is no count, though UCUM takes a mole for a number"},
    {cd4, "mol/m3", "as above"},
    {cd4, "meq/L", "an equivalent is no count"},
    {cd4, "K/mL", "kelvin"},
    {cd4, "G/L", "gauss"},
    {cd4, "T/L", "tesla"},
    {cd4, "uL", "a volume"},
    {cd4, "{copies}/uL", "copies are no cells"},
    {cd4, "[CFU]/mL", "colonies are no cells"},
    {cd4, "[IU]/mL", "international units are no cells"},
    {cd4, "%", "a ratio"},
    {cd4, "1", "nothing"},
    {cd4, "cells per litre", "no unit"},
    {cd4, "/pm3", "10^15 off: no unit of a laboratory"},
    {hiv_copies, "{cells}/mL", "cells are no copies"},
    {hiv_copies, "10*3/mL", "of what?"},
    {hiv_copies, "/L", "of what?"},
    {hiv_copies, "[IU]/mL", "needs the assay's factor"},
    {creatinine, "/uL", "a count is no amount"},
    {creatinine, "ueq/L", "an equivalent is no mole"},
    {creatinine, "mosm/L", "an osmole is no mole"},
    {creatinine, "umol/kg", "per mass"},
    {creatinine, "mg", "no concentration"},
    {creatinine, "mg/d", "an excretion"},
    {creatinine, "umol/L{urine}", "an annotation that creatinine does not have"},
    {creatinine, "mg/dL{creat}", "as above"},
    {creatinine, "Gmol/L", "10^15 off"},
    {creatinine, "Mg/L", "10^9 grams: a capital in the wrong place"},
    {calcium, "meq/dL", "two equivalents are a mole of calcium; the list knows mEq/L"},
    {calcium, "eq/L", "as above"},
    {alt, "[IU]/mL", "only the list knows that IU of an enzyme are U"},
    {alt, "mol/L", "an amount is no activity"},
    {alt, "/min/L", "a count in a time"},
    {hbv, "U/mL", "an enzyme's unit"},
    {hbv, "[arb'U]/mL", "another procedure"},
    {egfr, "mL/min", "not indexed"},
    {egfr, "mL/min/{1.8_m2}", "indexed to something else"},
    {egfr, "mL/min/1.73.m2", "73 square metres"},
    {mcv, "/fL", "a count"},
    {mcv, "Cel", "a temperature"},
};

TEST(LaboratoryUnit, ATrapIsNotRead) {
    for (const NotRead& row : kNotRead) {
        const auto rule = row.units().find(row.spelling);
        EXPECT_FALSE(rule) << row.spelling << " (" << row.why << ") was read by " << rule->rule_id;
    }
}

TEST(LaboratoryUnit, TheListWins) {
    EXPECT_EQ(cd4().find("K/uL")->rule_id, "analyte-list:K/uL") << "never kelvin";
    EXPECT_EQ(cd4().find("mm3")->factor, dec("1")) << "never a volume";
    EXPECT_EQ(creatinine().find("mg/dL")->factor, dec("88.42")) << "the customary factor";
    EXPECT_EQ(calcium().find("meq/L")->factor, dec("0.5"));
    EXPECT_EQ(alt().find("[IU]/L")->rule_id, "analyte-list:[IU]/L");
}

TEST(LaboratoryUnit, WhatIsDoubtfulInTheListIsDoubtfulInUcum) {
    EXPECT_EQ(urea().find("mg/L")->kind, UnitRule::Kind::ambiguous)
        << "of urea or of its nitrogen?";
    EXPECT_EQ(urea().find("umol/L")->kind, UnitRule::Kind::factor);
    EXPECT_EQ(hbv().find("/mL")->kind, UnitRule::Kind::needs_assay);
}

TEST(LaboratoryUnit, WithoutAKindOnlyTheListCounts) {
    for (const QuantityKind kind :
         {QuantityKind::undeclared, QuantityKind::ratio, QuantityKind::logarithm}) {
        const AnalyteUnits units = of_kind(kind, "%", {listed("L/L", "100")});
        EXPECT_TRUE(units.find("L/L"));
        EXPECT_FALSE(units.find("g/g"));
        EXPECT_FALSE(units.find("1"));
    }
    EXPECT_FALSE(of_kind(QuantityKind::logarithm, "{Log_copies}/mL").find("{Log_copies}/L"))
        << "a logarithm does not scale with its unit";
    EXPECT_FALSE(of_kind(QuantityKind::count, "umol/L").find("mmol/L"))
        << "a kind that contradicts the unit reads nothing";
}

struct KindCase {
    QuantityKind kind;
    std::string_view fits, does_not;
};

constexpr KindCase kKinds[] = {
    {QuantityKind::count, "10*9/L", "umol/L"},
    {QuantityKind::amount, "mmol/L", "/uL"},
    {QuantityKind::mass, "g/dL", "g"},
    {QuantityKind::volume, "fL", "/fL"},
    {QuantityKind::activity, "ukat/L", "/s/L"},
    {QuantityKind::international_units, "m[IU]/mL", "U/mL"},
    {QuantityKind::flow, "mL/min", "mL"},
    {QuantityKind::ratio, "%", "mmol/mol/s"},
};

TEST(QuantityKind, FitsItsUnits) {
    for (const KindCase& row : kKinds) {
        EXPECT_TRUE(fits(row.kind, *parse_ucum(row.fits))) << row.fits;
        EXPECT_FALSE(fits(row.kind, *parse_ucum(row.does_not))) << row.does_not;
    }
}

struct ConvertedCase {
    std::string_view reported, factor, divisor, stored, rule;
};

constexpr ConvertedCase kConverted[] = {
    {"12", "1000", "113.12", "106.1", "x 1000 / 113.12 (ucum:t)"},
    {"12.0", "1000", "113.12", "106.08", "x 1000 / 113.12 (ucum:t)"},
    {"113.12", "1000", "113.12", "1000.000", "x 1000 / 113.12 (ucum:t)"},
    {"0.0", "1000", "113.12", "0", "x 1000 / 113.12 (ucum:t)"},
    {"6.00", "7", "60", "0.70000", "x 7 / 60 (ucum:t)"},
    {"1", "2", "3", "0.667", "x 2 / 3 (ucum:t)"},
};

TEST(Convert, DividesWhereAFactorDoesNotEnd) {
    for (const auto& row : kConverted) {
        const UnitRule rule{"t", UnitRule::Kind::factor, dec(row.factor), "ucum:t",
                            dec(row.divisor)};
        const auto converted = convert(dec(row.reported), rule);
        ASSERT_TRUE(converted) << row.reported;
        EXPECT_EQ(converted->stored.to_string(), row.stored) << row.reported;
        EXPECT_EQ(converted->rule, row.rule);
    }
}

}  // namespace
}  // namespace labrelay::units
