#include "labrelay/units/ucum.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace labrelay::units {
namespace {

struct BadUnit {
    std::string_view text;
    std::string_view code;
    std::size_t at;
};

constexpr BadUnit kBadUnits[] = {
    {"", "unit-empty", 0},
    // characters
    {"mg / dL", "unit-character", 2},
    {" mg", "unit-character", 0},
    {"mg\t", "unit-character", 2},
    {"\xCE\xBCmol/L", "unit-character", 0},
    {"rad2{\xE9\x8C\xA0}", "unit-character", 5},
    {"=1", "unit-character", 0},
    {"m=s", "unit-character", 1},
    {"m\"", "unit-character", 1},
    {"+m", "unit-character", 0},
    // something is missing
    {"m/", "unit-term-missing", 2},
    {"m.", "unit-term-missing", 2},
    {"/", "unit-term-missing", 1},
    {"//m", "unit-term-missing", 1},
    {"m..s", "unit-term-missing", 2},
    {".m", "unit-term-missing", 0},
    {"()", "unit-term-missing", 1},
    {"m/(s.)", "unit-term-missing", 5},
    {"(/m)", "unit-term-missing", 1},
    // two parts without an operator
    {"g/12h", "unit-operator-missing", 4},
    {"{a}rad2{b}", "unit-operator-missing", 3},
    {"{|}1", "unit-operator-missing", 3},
    {"m{a}{b}", "unit-operator-missing", 4},
    {"ug(8.h)", "unit-operator-missing", 2},
    {"(m)(s)", "unit-operator-missing", 3},
    {"(m)2", "unit-operator-missing", 3},
    {"(m){a}", "unit-operator-missing", 3},
    {"m2s", "unit-operator-missing", 2},
    {"x10E9/L", "unit-operator-missing", 3},
    {"10**3", "unit-operator-missing", 3},
    // brackets
    {"m[H2O", "unit-not-closed", 1},
    {"[[IU]]", "unit-not-closed", 0},
    {"m{a", "unit-not-closed", 1},
    {"{a{b}}", "unit-not-closed", 0},
    {"(m/s", "unit-not-closed", 0},
    {"((m)/s", "unit-not-closed", 0},
    {"m)", "unit-not-closed", 1},
    {"m]", "unit-not-closed", 1},
    {"m}", "unit-not-closed", 1},
    {"]", "unit-not-closed", 0},
    // numbers
    {"10+3/uL", "unit-number-bad", 2},
    {"10-3/uL", "unit-number-bad", 2},
    {"m-", "unit-number-bad", 1},
    {"m+/s", "unit-number-bad", 1},
    {"0", "unit-number-bad", 0},
    {"m/0", "unit-number-bad", 2},
    // symbols
    {"iU", "unit-symbol-unknown", 0},
    {"mIU/mL", "unit-symbol-unknown", 0},
    {"cells/uL", "unit-symbol-unknown", 0},
    {"mg/[BETH'U]", "unit-symbol-unknown", 3},
    {"mmol/kg[H20]", "unit-symbol-unknown", 5},
    {"[iIU]/L", "unit-symbol-unknown", 0},
    {"MMOL/L", "unit-symbol-unknown", 0},
    {"mg/DL", "unit-symbol-unknown", 3},
    {"m^2", "unit-symbol-unknown", 0},
    {"kk", "unit-symbol-unknown", 0},
    {"k", "unit-symbol-unknown", 0},
    // prefixes
    {"kmin", "unit-prefix-forbidden", 0},
    {"m%", "unit-prefix-forbidden", 0},
    {"m[CFU]/mL", "unit-prefix-forbidden", 0},
    {"k10*3", "unit-operator-missing", 3},
    // limits
    {"10*999999999", "unit-too-large", 3},
    {"m99999999999999999999", "unit-too-large", 1},
    {"10*1000", "unit-too-large", 3},
    {"mol999", "unit-too-large", 0},
    {"10*999.10*999", "unit-too-large", 7},
    {"m/1234567890123456789012345678901", "unit-too-large", 2},
    {"((((((((((((((((((m))))))))))))))))))", "unit-too-large", 16},
    // scales of their own
    {"Cel2", "unit-special-misused", 0},
    {"Cel-1", "unit-special-misused", 0},
    {"/Cel", "unit-special-misused", 1},
    {"J/Cel", "unit-special-misused", 2},
    {"Cel/min", "unit-special-misused", 0},
    {"Cel.Cel", "unit-special-misused", 4},
    {"[pH].mol/L", "unit-special-misused", 0},
    {"m/(dB)", "unit-special-misused", 3},
};

TEST(UcumGrammar, EveryErrorHasItsCodeAndPlace) {
    for (const BadUnit& row : kBadUnits) {
        const Result<Unit> read = parse_ucum(row.text);
        ASSERT_FALSE(read) << row.text << " was read as " << read->canonical();
        EXPECT_EQ(key(read.error().code), row.code) << row.text << ": " << describe(read.error());
        EXPECT_EQ(read.error().place.offset, row.at) << row.text << ": " << describe(read.error());
    }
}

TEST(UcumGrammar, LengthAndDepthAreBounded) {
    EXPECT_TRUE(parse_ucum(std::string(253, ' ').replace(0, 253, "m" + std::string(252, '.')))
                    .error()
                    .code == Code::unit_term_missing);
    const std::string long_annotation = "{" + std::string(254, 'a') + "}";
    EXPECT_TRUE(parse_ucum(long_annotation));
    const Result<Unit> too_long = parse_ucum(long_annotation + ".m");
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, Code::unit_too_large);
    EXPECT_EQ(too_long.error().place.offset, 256U);
    EXPECT_EQ(parse_ucum(std::string(1'000'000, '(')).error().code, Code::unit_too_large);
    EXPECT_TRUE(parse_ucum(std::string(16, '(') + "m" + std::string(16, ')')));
}

struct Same {
    std::string_view text;
    std::string_view canonical;
    std::string_view dimension;
};

constexpr Same kUnits[] = {
    {"1", "1", "1"},
    {"m", "m", "m"},
    {"km", "1000.m", "m"},
    {"[in_i]", "254.10*-4.m", "m"},
    {"25.m", "25.m", "m"},
    {"m3.kg-1.s-2", "10*-3.m3.s-2.g-1", "m3.s-2.g-1"},
    {"a/b", "", ""},
    {"mol", "602214076.10*15", "1"},
    {"mmol/L", "602214076.10*15.m-3", "m-3"},
    {"10*9/L", "10*12.m-3", "m-3"},
    {"/uL", "10*9.m-3", "m-3"},
    {"{copies}/mL", "10*6.m-3", "m-3"},
    {"%", "10*-2", "1"},
    {"mm/min", "1/60000.m.s-1", "m.s-1"},
    {"g/(12.h)", "1/43200.s-1.g", "s-1.g"},
    {"m/s.s", "m", "m"},
    {"m/(s.s)", "m.s-2", "m.s-2"},
    {"m/(s/kg)", "1000.m.s-1.g", "m.s-1.g"},
    {"/m/s", "m-1.s-1", "m-1.s-1"},
    {"[IU]/mL", "10*6.m-3.[iU]", "m-3.[iU]"},
    {"k[iU]/L", "10*6.m-3.[iU]", "m-3.[iU]"},
    {"[CFU]/mL", "10*6.m-3.[CFU]", "m-3.[CFU]"},
    {"Cel", "Cel", "K"},
    {"mCel", "10*-3.Cel", "K"},
    {"dB", "10*-1.B", "1"},
    {"10*3.Cel", "1000.Cel", "K"},
    {"dB[10.nV]", "10*-1.B[10.nV]", "m2.s-2.g.C-1"},
    {"10*30/10*-30", "10*60", "1"},
    {"cd", "cd", "cd"},
    {"Pa", "1000.m-1.s-2.g", "m-1.s-2.g"},
    {"dar", "10.m2", "m2"},
    {"pH", "10*-9.m2.g.C-2", "m2.g.C-2"},
    {"pt", "10*-6.g", "g"},
    {"mo", "2629800.s", "s"},
    {"m0", "1", "1"},
    {"10^9/L", "10*12.m-3", "m-3"},
};

TEST(UcumUnit, CanonicalFormAndDimension) {
    for (const Same& row : kUnits) {
        const Result<Unit> read = parse_ucum(row.text);
        if (row.canonical.empty()) {
            EXPECT_FALSE(read) << row.text;
            continue;
        }
        ASSERT_TRUE(read) << row.text << ": " << describe(read.error());
        EXPECT_EQ(read->canonical(), row.canonical) << row.text;
        EXPECT_EQ(read->dimension().text(), row.dimension) << row.text;
    }
}

TEST(UcumUnit, TheCanonicalFormIsTheSameUnit) {
    for (const Same& row : kUnits) {
        const Result<Unit> read = parse_ucum(row.text);
        if (!read) {
            continue;
        }
        const Result<Unit> again = parse_ucum(read->canonical());
        ASSERT_TRUE(again) << row.text << ": " << read->canonical();
        EXPECT_TRUE(equal(*read, *again)) << row.text;
        EXPECT_EQ(again->canonical(), read->canonical()) << row.text;
    }
}

struct Pair {
    std::string_view left, right;
    bool commensurable, equal;
};

constexpr Pair kPairs[] = {
    {"mmol/L", "umol/mL", true, true},
    {"U/L", "umol/min/L", true, true},
    {"ukat/L", "U/L", true, false},
    {"[IU]/mL", "k[iU]/L", true, true},
    {"[IU]/mL", "{copies}/mL", false, false},
    {"[IU]/mL", "U/mL", false, false},
    {"[IU]", "[arb'U]", false, false},
    {"[arb'U]", "[AU]", false, false},
    {"[CFU]/mL", "[PFU]/mL", false, false},
    {"{copies}/mL", "{cells}/mL", true, true},  // braces mean nothing to UCUM
    {"/uL", "umol/L", true, false},             // nor is a mole more than a number
    {"/uL", "10*6/L", true, true},
    {"K/uL", "10*3/uL", false, false},
    {"G/L", "10*9/L", false, false},
    {"mm3", "/mm3", false, false},
    {"Cel", "K", true, false},
    {"Cel", "[degF]", true, false},
    {"[pH]", "mol/L", true, false},
    {"mg/dL", "g/L", true, false},
    {"mg/dL", "mmol/L", false, false},
    {"l", "L", true, true},
    {"dB", "B", true, false},
    {"10.dB", "B", true, true},
};

TEST(UcumUnit, EqualIsMoreThanCommensurable) {
    for (const Pair& row : kPairs) {
        const Result<Unit> left = parse_ucum(row.left);
        const Result<Unit> right = parse_ucum(row.right);
        ASSERT_TRUE(left && right) << row.left << " " << row.right;
        EXPECT_EQ(commensurable(*left, *right), row.commensurable) << row.left << " " << row.right;
        EXPECT_EQ(equal(*left, *right), row.equal) << row.left << " " << row.right;
    }
}

TEST(UcumUnit, WhatMolesCountIsKeptBesideTheDimension) {
    const auto nature = [](std::string_view text) { return parse_ucum(text)->nature().text(); };
    EXPECT_EQ(nature("/uL"), "1");
    EXPECT_EQ(nature("umol/L"), "amount");
    EXPECT_EQ(nature("mmol/mol"), "1");
    EXPECT_EQ(nature("U/L"), "amount");
    EXPECT_EQ(nature("meq/L"), "equivalents");
    EXPECT_EQ(nature("mosm/kg"), "osmoles");
}

TEST(UcumUnit, AnnotationsAreKept) {
    const Result<Unit> read = parse_ucum("mL/min/{1.73_m2}");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->annotations(), std::vector<std::string>{"1.73_m2"});
    EXPECT_EQ(parse_ucum("10*3{rbc}.{a}/(g{Hb})")->annotations(),
              (std::vector<std::string>{"rbc", "a", "Hb"}));
}

TEST(UcumUnit, DisplayName) {
    const auto name = [](std::string_view text) { return display_name(text).value(); };
    EXPECT_EQ(name(""), "(unity)");
    EXPECT_EQ(name("/m"), "1 / (meter)");
    EXPECT_EQ(name("mmol/(8.h.kg)"), "(millimole) / (8 * (hour) * (kilogram))");
    EXPECT_EQ(name("{copies}/mL"), "{copies} / (milliliter)");
    EXPECT_EQ(name("g{Hb}"), "(gram) {Hb}");
    EXPECT_EQ(display_name("m/").error().code, Code::unit_term_missing);
}

TEST(UcumSuggestion, SaysWhatWasProbablyMeant) {
    const auto detail = [](std::string_view text) { return parse_ucum(text).error().detail; };
    EXPECT_NE(detail("mIU/mL").find("m[IU]"), std::string::npos) << detail("mIU/mL");
    EXPECT_NE(detail("MG/DL").find("dl"), std::string::npos) << detail("MG/DL");
    EXPECT_NE(detail("MMOL/L").find("Mmol or mmol"), std::string::npos) << detail("MMOL/L");
    EXPECT_NE(detail("copies/mL").find("{copies}"), std::string::npos) << detail("copies/mL");
    EXPECT_NE(detail("12h").find("12.h"), std::string::npos) << detail("12h");
}

}  // namespace
}  // namespace labrelay::units
