// The DAIDS rows of mappings/grades.xml against a table of their own, at every edge, and what is
// graded of a message (src/study/grade.md).
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>

#include "labrelay/study/grade.hpp"
#include "labrelay/study/grade_baseline.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"
#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

using study::Grade;
using study::GradeQuestion;
using study::GradeScale;
using study::Sex;

const GradeScale& daids() {
    return *test::shipped_configuration().rules().scale("DAIDS");
}

Decimal number(std::string_view text) {
    return Decimal::parse(text).value();
}

/// A question about an analyte in one of its units, of a woman, fasting.
GradeQuestion about(std::string_view analyte, std::string_view unit) {
    GradeQuestion question;
    question.analyte = analyte;
    question.unit = unit;
    question.sex = Sex::female;
    question.fasting = true;
    const study::Analyte* known = test::shipped_configuration().rules().analyte(analyte);
    EXPECT_NE(known, nullptr) << analyte;
    const auto rule = known->units.find(unit);
    EXPECT_TRUE(rule.has_value()) << analyte << " in " << unit;
    question.baseline = number("1000000");  // far off, so that only the other rows decide
    question.factor = rule ? rule->factor : Decimal(1, 0);
    return question;
}

std::string graded(GradeQuestion question, const Decimal& value) {
    question.low = GradeQuestion::End{value, true};
    question.high = question.low;
    return study::grade(question, daids()).text();
}

struct Edge {
    const char* limit;
    const char* below;  ///< the grade just below it
    const char* at;
    const char* above;
};

struct Row {
    const char* analyte;
    const char* unit;
    std::vector<Edge> edges;
    std::optional<Sex> sex = std::nullopt;       ///< nothing: the same for both
    std::optional<bool> fasting = std::nullopt;  ///< nothing: the same
    const char* uln = "";
    const char* lln = "";
};

const std::vector<Edge> kAlt{
    {"1.25", "0", "1", "1"}, {"2.5", "1", "2", "2"}, {"5", "2", "3", "3"}, {"10", "3", "4", "4"}};

std::vector<Edge> times(const std::vector<Edge>& edges, std::vector<std::string>& texts,
                        std::string_view factor) {
    std::vector<Edge> scaled;
    for (const Edge& edge : edges) {
        texts.push_back(number(edge.limit).times(number(factor))->to_string());
        scaled.push_back({nullptr, edge.below, edge.at, edge.above});
    }
    for (std::size_t i = 0; i < scaled.size(); ++i) {
        scaled[i].limit = texts[texts.size() - scaled.size() + i].c_str();
    }
    return scaled;
}

// Written from lab-semantics 1.6, not from grades.xml.
const Row kRows[] = {
    {"NEUT",
     "/mm3",
     {{"400", "4", "3", "3"},
      {"600", "3", "2", "2"},
      {"800", "2", "1", "1"},
      {"1000", "1", "1", "0"}}},
    {"NEUT",
     "10*9/L",
     {{"0.400", "4", "3", "3"},
      {"0.600", "3", "2", "2"},
      {"0.800", "2", "1", "1"},
      {"1.000", "1", "1", "0"}}},
    {"HGB",
     "g/dL",
     {{"7.0", "4", "3", "3"},
      {"9.0", "3", "2", "2"},
      {"10.0", "2", "1", "1"},
      {"10.9", "1", "1", "0"}},
     Sex::male},
    {"HGB",
     "g/L",
     {{"70", "4", "3", "3"}, {"90", "3", "2", "2"}, {"100", "2", "1", "1"}, {"109", "1", "1", "0"}},
     Sex::male},
    {"HGB",
     "mmol/L",
     {{"4.34", "4", "3", "3"},
      {"5.57", "3", "2", "2"},
      {"6.19", "2", "1", "1"},
      {"6.76", "1", "1", "0"}},
     Sex::male},
    {"HGB",
     "g/dL",
     {{"6.5", "4", "3", "3"},
      {"8.5", "3", "2", "2"},
      {"9.5", "2", "1", "1"},
      {"10.4", "1", "1", "0"}},
     Sex::female},
    {"HGB",
     "mmol/L",
     {{"4.03", "4", "3", "3"},
      {"5.25", "3", "2", "2"},
      {"5.88", "2", "1", "1"},
      {"6.48", "1", "1", "0"}},
     Sex::female},
    {"PLT",
     "10*9/L",
     {{"25", "4", "3", "3"},
      {"50", "3", "2", "2"},
      {"100", "2", "1", "1"},
      {"125", "1", "0", "0"}}},
    {"WBC",
     "10*9/L",
     {{"1.000", "4", "3", "3"},
      {"1.500", "3", "2", "2"},
      {"2.000", "2", "1", "1"},
      {"2.500", "1", "0", "0"}}},
    {"ALB",
     "g/L",
     {{"20", "3", "2", "2"}, {"30", "2", "1", "1"}, {"35", "1", "0", "0"}},
     {},
     {},
     "55",
     "35"},
    {"ALB",
     "g/dL",
     {{"2.0", "3", "2", "2"}, {"3.0", "2", "1", "1"}, {"3.5", "1", "0", "0"}},
     {},
     {},
     "5.5",
     "3.5"},
    {"NA",
     "mmol/L",
     {{"120", "4", "4", "3"},
      {"121", "3", "3", "3"},
      {"125", "3", "2", "2"},
      {"130", "2", "1", "1"},
      {"135", "1", "0", "0"},
      {"146", "0", "1", "1"},
      {"150", "1", "2", "2"},
      {"154", "2", "3", "3"},
      {"160", "3", "4", "4"}}},
    {"K",
     "mmol/L",
     {{"2.0", "4", "3", "3"},
      {"2.5", "3", "2", "2"},
      {"3.0", "2", "1", "1"},
      {"3.4", "1", "0", "0"},
      {"5.6", "0", "1", "1"},
      {"6.0", "1", "2", "2"},
      {"6.5", "2", "3", "3"},
      {"7.0", "3", "4", "4"}}},
    {"HCO3",
     "mmol/L",
     {{"8.0", "4", "3", "3"},
      {"11.0", "3", "2", "2"},
      {"16.0", "2", "1", "1"},
      {"22", "1", "0", "0"}},
     {},
     {},
     "29",
     "22"},
    {"CA",
     "mmol/L",
     {{"1.53", "4", "3", "3"},
      {"1.75", "3", "2", "2"},
      {"1.95", "2", "1", "1"},
      {"2.10", "1", "0", "0"},
      {"2.65", "0", "1", "1"},
      {"2.88", "1", "2", "2"},
      {"3.13", "2", "3", "3"},
      {"3.38", "3", "4", "4"}}},
    {"CA",
     "mg/dL",
     {{"6.1", "4", "3", "3"},
      {"7.0", "3", "2", "2"},
      {"7.8", "2", "1", "1"},
      {"8.4", "1", "0", "0"},
      {"10.6", "0", "1", "1"},
      {"11.5", "1", "2", "2"},
      {"12.5", "2", "3", "3"},
      {"13.5", "3", "4", "4"}}},
    {"GLU",
     "mmol/L",
     {{"1.67", "4", "3", "3"},
      {"2.22", "3", "2", "2"},
      {"3.05", "2", "1", "1"},
      {"3.55", "1", "0", "0"},
      {"6.11", "0", "1", "1"},
      {"6.95", "1", "2", "2"},
      {"13.89", "2", "3", "3"},
      {"27.75", "3", "4", "4"}},
     {},
     true},
    {"GLU",
     "mmol/L",
     {{"3.55", "1", "0", "0"},
      {"6.44", "0", "1", "1"},
      {"8.89", "1", "2", "2"},
      {"13.89", "2", "3", "3"},
      {"27.75", "3", "4", "4"}},
     {},
     false},
    {"GLU",
     "mg/dL",
     {{"30", "4", "3", "3"},
      {"40", "3", "2", "2"},
      {"55", "2", "1", "1"},
      {"64", "1", "1", "0"},
      {"110", "0", "1", "1"},
      {"125", "1", "1", "2"},
      {"250", "2", "2", "3"},
      {"500", "3", "4", "4"}},
     {},
     true},
    {"GLU",
     "mg/dL",
     {{"116", "0", "1", "1"},
      {"160", "1", "1", "2"},
      {"250", "2", "2", "3"},
      {"500", "3", "4", "4"}},
     {},
     false},
    {"UA",
     "mmol/L",
     {{"0.45", "0", "1", "1"},
      {"0.59", "1", "2", "2"},
      {"0.71", "2", "3", "3"},
      {"0.89", "3", "4", "4"}}},
    {"UA",
     "umol/L",
     {{"450", "0", "1", "1"},
      {"590", "1", "2", "2"},
      {"710", "2", "3", "3"},
      {"890", "3", "4", "4"}}},
    {"UA",
     "mg/dL",
     {{"7.5", "0", "1", "1"},
      {"10.0", "1", "2", "2"},
      {"12.0", "2", "3", "3"},
      {"15.0", "3", "4", "4"}}},
    {"CHOL",
     "mmol/L",
     {{"5.18", "0", "1", "1"}, {"6.19", "1", "2", "2"}, {"7.77", "2", "3", "3"}},
     {},
     true},
    {"CHOL",
     "mg/dL",
     {{"200", "0", "1", "1"}, {"240", "1", "2", "2"}, {"300", "2", "3", "3"}},
     {},
     true},
    {"LDL",
     "mmol/L",
     {{"3.37", "0", "1", "1"}, {"4.12", "1", "2", "2"}, {"4.90", "2", "3", "3"}},
     {},
     true},
    {"LDL",
     "mg/dL",
     {{"130", "0", "1", "1"}, {"160", "1", "2", "2"}, {"190", "2", "3", "3"}},
     {},
     true},
    {"TG",
     "mmol/L",
     {{"1.71", "0", "1", "1"},
      {"3.42", "1", "1", "2"},
      {"5.7", "2", "2", "3"},
      {"11.4", "3", "3", "4"}},
     {},
     true},
    {"TG",
     "mg/dL",
     {{"150", "0", "1", "1"},
      {"300", "1", "1", "2"},
      {"500", "2", "2", "3"},
      {"1000", "3", "3", "4"}},
     {},
     true},
    {"MG",
     "mmol/L",
     {{"0.30", "4", "3", "3"},
      {"0.45", "3", "2", "2"},
      {"0.60", "2", "1", "1"},
      {"0.70", "1", "0", "0"}}},
    {"MG",
     "mEq/L",
     {{"0.6", "4", "3", "3"},
      {"0.9", "3", "2", "2"},
      {"1.2", "2", "1", "1"},
      {"1.4", "1", "0", "0"}}},
    {"PHOS",
     "mmol/L",
     {{"0.32", "4", "3", "3"},
      {"0.45", "3", "2", "2"},
      {"0.65", "2", "1", "1"},
      {"0.85", "1", "0", "0"}},
     {},
     {},
     "1.51",
     "0.85"},
    {"PHOS",
     "mg/dL",
     {{"1.0", "4", "3", "3"},
      {"1.4", "3", "2", "2"},
      {"2.0", "2", "1", "1"},
      {"2.6", "1", "0", "0"}},
     {},
     {},
     "4.7",
     "2.6"},
    // What the table means for people without HIV is in the scale; the study leaves it out.
    {"CD4A",
     "/uL",
     {{"100", "4", "3", "3"},
      {"200", "3", "2", "2"},
      {"300", "2", "1", "1"},
      {"400", "1", "0", "0"}}},
    {"LYM",
     "10*9/L",
     {{"0.350", "4", "3", "3"},
      {"0.500", "3", "2", "2"},
      {"0.600", "2", "1", "1"},
      {"0.650", "1", "0", "0"}}},
};

void expect_edges(const Row& row, Sex sex, bool fasting) {
    GradeQuestion question = about(row.analyte, row.unit);
    question.sex = sex;
    question.fasting = fasting;
    question.uln = Decimal::parse(row.uln);
    question.lln = Decimal::parse(row.lln);
    const Decimal little = number("0.0001");
    for (const Edge& edge : row.edges) {
        const Decimal limit = number(edge.limit);
        const std::string what =
            fmt::format("{} {} {} {}", row.analyte, edge.limit, row.unit, study::to_string(sex));
        EXPECT_EQ(graded(question, *limit.minus(little)), edge.below) << "below " << what;
        EXPECT_EQ(graded(question, limit), edge.at) << "at " << what;
        EXPECT_EQ(graded(question, *limit.plus(little)), edge.above) << "above " << what;
    }
}

TEST(Grade, EveryAbsoluteRowAtEachEdgeForBothSexes) {
    for (const Row& row : kRows) {
        for (const Sex sex : {Sex::male, Sex::female}) {
            for (const bool fasting : {true, false}) {
                if (row.sex.value_or(sex) == sex && row.fasting.value_or(fasting) == fasting) {
                    expect_edges(row, sex, fasting);
                }
            }
        }
    }
}

TEST(Grade, MultiplesOfTheUpperLimitAtEachEdge) {
    struct Multiples {
        const char* analyte;
        const char* unit;
        const char* uln;
        std::vector<Edge> edges;
    };
    const Multiples rows[] = {
        {"ALT", "U/L", "40", kAlt},
        {"AST", "U/L", "35", kAlt},
        {"ALP", "U/L", "125", kAlt},
        {"TBIL",
         "umol/L",
         "21.0",
         {{"1.1", "0", "1", "1"},
          {"1.6", "1", "2", "2"},
          {"2.6", "2", "3", "3"},
          {"5", "3", "4", "4"}}},
        {"TBIL", "mg/dL", "1.2", {{"1.1", "0", "1", "1"}, {"5", "3", "4", "4"}}},
        {"CREA",
         "umol/L",
         "81",
         {{"1.1", "0", "1", "1"},
          {"1.3", "1", "1", "2"},
          {"1.8", "2", "2", "3"},
          {"3.5", "3", "4", "4"}}},
        {"CREA", "mg/dL", "0.92", {{"1.3", "1", "1", "2"}, {"3.5", "3", "4", "4"}}},
        {"CK",
         "U/L",
         "200",
         {{"3", "0", "1", "1"},
          {"6", "1", "2", "2"},
          {"10", "2", "3", "3"},
          {"20", "3", "4", "4"}}},
        {"INR",
         "1",
         "1.2",
         {{"1.1", "0", "1", "1"},
          {"1.5", "1", "2", "2"},
          {"2.0", "2", "3", "3"},
          {"3.0", "3", "4", "4"}}},
        {"DBIL", "umol/L", "8.0", {{"1", "0", "0", "3-4"}}},
    };
    for (const Multiples& multiples : rows) {
        std::vector<std::string> texts;
        texts.reserve(multiples.edges.size());
        const Row row{
            multiples.analyte, multiples.unit, times(multiples.edges, texts, multiples.uln), {}, {},
            multiples.uln};
        expect_edges(row, Sex::male, true);
        expect_edges(row, Sex::female, false);
    }
}

TEST(Grade, CreatinineTakesTheWorseOfLimitAndBaseline) {
    GradeQuestion question = about("CREA", "umol/L");
    question.uln = number("81");
    question.baseline = number("50");
    EXPECT_EQ(graded(question, number("64.9")), "0");  // 1.298 x baseline
    EXPECT_EQ(graded(question, number("65")), "2");    // 1.3 x baseline, below ULN
    EXPECT_EQ(graded(question, number("74.9")), "2");
    EXPECT_EQ(graded(question, number("75")), "3");
    EXPECT_EQ(graded(question, number("99.9")), "3");
    EXPECT_EQ(graded(question, number("100")), "4");
    question.baseline = number("81");
    EXPECT_EQ(graded(question, number("90")), "1");  // the limit's rule is the worse one
    question.baseline.reset();
    question.low = GradeQuestion::End{number("90"), true};
    question.high = question.low;
    const Grade without = study::grade(question, daids());
    EXPECT_EQ(without.text(), "1+");  // closed where the result is told
    EXPECT_NE(without.why.text().find("baseline"), std::string::npos) << without.why.text();
}

struct Ends {
    const char* what;
    const char* analyte;
    const char* unit;
    std::optional<GradeQuestion::End> low;
    std::optional<GradeQuestion::End> high;
    const char* grade;
};

TEST(Grade, ALimitHasEveryGradeThatIsPossible) {
    const auto upto = [](const char* text, bool included = false) {
        return GradeQuestion::End{number(text), included};
    };
    const Ends rows[] = {
        {"<0.1", "NEUT", "10*9/L", {}, upto("0.1"), "4"},
        {"<0.4", "NEUT", "10*9/L", {}, upto("0.4"), "4"},
        {"<=0.4", "NEUT", "10*9/L", {}, upto("0.4", true), "3-4"},
        {"<0.8", "NEUT", "10*9/L", {}, upto("0.8"), "2-4"},
        {"<2", "NEUT", "10*9/L", {}, upto("2"), "0-4"},
        {">1.0", "NEUT", "10*9/L", upto("1.0"), {}, "0"},
        {">=1.0", "NEUT", "10*9/L", upto("1.0", true), {}, "0-1"},
        {">7.0", "K", "mmol/L", upto("7.0"), {}, "4"},
        {">6.0", "K", "mmol/L", upto("6.0"), {}, "2-4"},
        {"<135", "NA", "mmol/L", {}, upto("135"), "1-4"},
    };
    for (const Ends& row : rows) {
        GradeQuestion question = about(row.analyte, row.unit);
        question.low = row.low;
        question.high = row.high;
        EXPECT_EQ(study::grade(question, daids()).text(), row.grade) << row.what;
    }
}

TEST(Grade, IsClosedAgainstTheBaselineWhereTheResultIsTold) {
    const auto value = [](const char* reported, const char* unit, const char* grade) {
        study::ResultValue result;
        result.value_reported = reported;
        result.unit_reported = unit;
        result.grade = grade;
        result.grade_scale = "DAIDS";
        return result;
    };
    const std::vector<GradeScale> scales{daids()};
    const study::ResultValue baseline = value("50", "umol/L", "0+");
    const auto told = [&](const study::ResultValue& result, const study::ResultValue* against) {
        return study::grade_against_baseline("CREA", result, against, scales);
    };
    EXPECT_EQ(told(value("64.9", "umol/L", "0+"), &baseline), "0");
    EXPECT_EQ(told(value("65", "umol/L", "0+"), &baseline), "2");
    EXPECT_EQ(told(value("75", "umol/L", "0+"), &baseline), "3");
    EXPECT_EQ(told(value("100", "umol/L", "1+"), &baseline), "4");
    EXPECT_EQ(told(value("66", "umol/L", "3+"), &baseline), "3");
    EXPECT_EQ(told(value("66", "umol/L", "1-3+"), &baseline), "2-3");
    EXPECT_EQ(told(value("66", "umol/L", "1+"), nullptr), "1");      // there is none
    EXPECT_EQ(told(value("0.9", "mg/dL", "1+"), &baseline), "1-4");  // not comparable
    EXPECT_EQ(told(value("<20", "umol/L", "0+"), &baseline), "0-4");
    EXPECT_EQ(told(value("66", "umol/L", "1"), &baseline), "1");  // nothing is open
    EXPECT_EQ(told(value("66", "umol/L", ""), &baseline), "");
}

TEST(Grade, WhatIsNotKnownLeavesItOpenOrUngradable) {
    const auto why = [](GradeQuestion question, std::string_view value) {
        question.low = GradeQuestion::End{number(value), true};
        question.high = question.low;
        const Grade grade = study::grade(question, daids());
        return grade.text() + "|" + grade.why.text();
    };
    GradeQuestion hgb = about("HGB", "g/dL");
    hgb.sex.reset();
    EXPECT_EQ(graded(hgb, number("9.7")), "1-2");
    EXPECT_EQ(graded(hgb, number("6.0")), "4");
    EXPECT_NE(why(hgb, "9.7").find("the sex is not known"), std::string::npos);

    GradeQuestion glucose = about("GLU", "mmol/L");
    glucose.fasting.reset();
    EXPECT_EQ(graded(glucose, number("7.0")), "1-2");
    EXPECT_EQ(graded(glucose, number("20")), "3");
    EXPECT_EQ(graded(glucose, number("3.0")), "2");
    EXPECT_NE(why(glucose, "7.0").find("fasting or not is not known"), std::string::npos);
    GradeQuestion lipids = about("TG", "mmol/L");
    lipids.fasting.reset();
    EXPECT_EQ(graded(lipids, number("6.0")), "0-3");
    lipids.fasting = false;
    EXPECT_EQ(why(lipids, "6.0").rfind("|Not gradable: ", 0), 0U);

    const GradeQuestion alt = about("ALT", "U/L");  // no range at all
    EXPECT_EQ(why(alt, "400").rfind("|Not gradable: no upper limit", 0), 0U) << why(alt, "400");
    const GradeQuestion albumin = about("ALB", "g/L");
    EXPECT_EQ(graded(albumin, number("25")), "2");
    EXPECT_EQ(graded(albumin, number("31")), "0-1");
    EXPECT_NE(why(albumin, "31").find("no lower limit"), std::string::npos);

    // Converted it would be 9.99 g/dL; the table prints 6.19 mmol/L.
    EXPECT_EQ(graded(about("MG", "mg/dL"), number("1.0")), "");
    EXPECT_EQ(graded(about("CA", "mEq/L"), number("3.0")), "");
    EXPECT_EQ(graded(about("MCV", "fL"), number("90")), "");
    EXPECT_EQ(graded(about("DBIL", "umol/L"), number("9")), "");  // no limit of normal
}

TEST(Grade, OnThePrintedPairThatDoesNotConvert) {
    GradeQuestion man = about("HGB", "mmol/L");
    man.sex = Sex::male;
    // 6.20 mmol/L is 9.99 g/dL: grade 1 where it is reported, 2 if it were converted.
    EXPECT_EQ(graded(man, number("6.20")), "1");
    GradeQuestion in_grams = about("HGB", "g/dL");
    in_grams.sex = Sex::male;
    EXPECT_EQ(graded(in_grams, number("9.99")), "2");
}

// --- from a message

study::ProposedObservation first(const test::MessageBuilder& message) {
    return pipeline::process(message.text(), test::an_arrival(), test::shipped_configuration(),
                             test::a_registry())
        .observations.at(0);
}

test::MessageBuilder chemistry(const char* code, const char* value, const char* unit,
                               const char* range) {
    return test::a_hospital_message()
        .with("OBX-3", fmt::format("{}^^L", code))
        .with("OBX-5", value)
        .with("OBX-6", unit)
        .with("OBX-7", range)
        .with("OBX-8", "");
}

std::string step(const study::ProposedObservation& observation) {
    for (const study::LineageStep& step : observation.lineage) {
        if (step.rule == "grade.daids") {
            return step.said.text();
        }
    }
    return {};
}

TEST(GradeValue, TakesTheLaboratorysRangeBeforeTheUsualOne) {
    const auto own = first(chemistry("ALT", "160", "U/L", "7 ~ 50"));
    EXPECT_EQ(own.value.grade, "2") << step(own);  // 3.2 x 50
    EXPECT_EQ(own.value.grade_scale, "DAIDS");
    EXPECT_EQ(step(own).rfind("Grade 2 by DAIDS", 0), 0U) << step(own);
    const auto usual = first(chemistry("ALT", "160", "U/L", ""));
    EXPECT_EQ(usual.value.grade, "2");  // 4 x 40, a woman
    EXPECT_EQ(first(chemistry("ALT", "110", "U/L", "0-0")).value.grade, "2");
    EXPECT_EQ(first(chemistry("ALT", "90", "U/L", "7-40")).value.grade, "1");
    EXPECT_EQ(first(chemistry("ALT", "33", "U/L", "7-40")).value.grade, "0");
}

TEST(GradeValue, ExceptsWhatTheStudyDoesNotGradeAndWhatIsNoNumber) {
    const auto cd4 = first(test::a_flow_message());
    EXPECT_EQ(cd4.value.grade, "");
    EXPECT_EQ(cd4.value.grade_scale, "");
    EXPECT_EQ(step(cd4), "");
    const auto load = first(test::a_molecular_message());
    EXPECT_EQ(load.value.grade_scale, "");
    EXPECT_EQ(step(load), "");
    const auto words = first(chemistry("ALT", "标本溶血", "U/L", ""));
    EXPECT_EQ(words.value.grade, "");
}

// --- the file

const char* const kGrades = R"(<grades>
  <scale id="S" name="A scale">
    <row analyte="UREA">
      <limits unit="mmol/L">
        <grade is="4" from="40"/>
        <grade is="1" from="10"/>
      </limits>
      <limits unit="mg/dL{BUN}">
        <grade is="4" from="110"/>
        <grade is="1" from="28"/>
      </limits>
    </row>
    <row analyte="CD4A"><limits of="ULN"><grade is="1" from="2"/></limits></row>
  </scale>
</grades>
)";

struct BadGrades {
    const char* from;
    const char* to;
    Code code;
    const char* place;
};

TEST(LoadGrades, EveryErrorHasItsPlace) {
    const BadGrades rows[] = {
        {"id=\"S\" ", "", Code::attribute_missing, "grades.xml:2:3"},
        {"name=\"A scale\"", "", Code::attribute_missing, "grades.xml:2:3"},
        {"analyte=\"UREA\"", "analyte=\"URAE\"", Code::reference_unknown, "grades.xml:3:19"},
        {"analyte=\"UREA\"", "analyte=\"UREA\" sex=\"W\"", Code::attribute_bad, "grades.xml:3:30"},
        {"analyte=\"UREA\"", "analyte=\"UREA\" fasting=\"1\"", Code::attribute_bad,
         "grades.xml:3:34"},
        {"unit=\"mmol/L\"", "unit=\"mmol\"", Code::reference_unknown, "grades.xml:4:21"},
        {"unit=\"mmol/L\"", "unit=\"mg/dL\"", Code::reference_unknown, "grades.xml:4:21"},
        {"unit=\"mmol/L\"", "", Code::attribute_missing, "grades.xml:4:7"},
        {"unit=\"mmol/L\"", "unit=\"mmol/L\" of=\"ULN\"", Code::attribute_missing,
         "grades.xml:4:7"},
        {"is=\"4\"", "is=\"5\"", Code::attribute_bad, "grades.xml:5:20"},
        {"is=\"1\"", "is=\"4\"", Code::attribute_bad, "grades.xml:6:20"},
        {"from=\"10\"", "from=\"40\"", Code::attribute_bad, "grades.xml:6:9"},
        {"from=\"10\"", "from=\"ten\"", Code::attribute_bad, "grades.xml:6:29"},
        {"from=\"10\"", "below=\"10\"", Code::attribute_bad, "grades.xml:6:9"},
        {"from=\"10\"", "from=\"10\" above=\"9\"", Code::attribute_missing, "grades.xml:6:9"},
        {"from=\"10\"", "", Code::attribute_missing, "grades.xml:6:9"},
        {"mg/dL{BUN}", "mmol/L", Code::key_duplicate, "grades.xml:8:7"},
        {"<grade is=\"1\" from=\"28\"/>", "", Code::element_missing, "grades.xml:3:5"},
        {"<row analyte=\"CD4A\"><limits of=\"ULN\">", "<row analyte=\"UREA\"><limits of=\"ULN\">",
         Code::key_duplicate, "grades.xml:13:5"},
        {"<scale id", "<scale colour=\"x\" id", Code::attribute_unknown, "grades.xml:2:10"},
    };
    for (const BadGrades& row : rows) {
        std::string bytes = kGrades;
        const std::size_t at = bytes.find(row.from);
        ASSERT_NE(at, std::string::npos) << row.from;
        bytes.replace(at, std::string_view(row.from).size(), row.to);
        const Loaded loaded = SmallConfiguration().add("grades.xml", bytes).load();
        EXPECT_EQ(loaded.configuration, nullptr) << row.to;
        const bool found =
            std::any_of(loaded.errors.begin(), loaded.errors.end(), [&](const Finding& error) {
                return error.code == row.code && error.place.text == row.place;
            });
        std::string seen;
        for (const Finding& error : loaded.errors) {
            seen += describe(error) + "\n";
        }
        EXPECT_TRUE(found) << row.to << " expected at " << row.place << "\n" << seen;
    }
}

TEST(LoadGrades, AStudyNamesAScaleAndRowsOfIt) {
    const auto codes = [](const char* grading) {
        SmallConfiguration files;
        files.add("grades.xml", kGrades);
        files.replace("S1/study.xml", "</study>", std::string(grading) + "</study>");
        std::vector<Code> all;
        for (const Finding& error : files.load().errors) {
            all.push_back(error.code);
        }
        return all;
    };
    using Codes = std::vector<Code>;
    EXPECT_EQ(codes(""), Codes{});
    EXPECT_EQ(codes("<grading scale=\"S\" except=\"CD4A\"/>"), Codes{});
    EXPECT_EQ(codes("<grading scale=\"T\"/>"), Codes{Code::reference_unknown});
    EXPECT_EQ(codes("<grading/>"), Codes{Code::attribute_missing});
    EXPECT_EQ(codes("<grading scale=\"S\" except=\"RPR\"/>"), Codes{Code::reference_unknown});
}

TEST(LoadGrades, TheFileIsPartOfTheConfigurationsHash) {
    const std::string without = SmallConfiguration().load().configuration->hash();
    std::string bytes = kGrades;
    const std::string with =
        SmallConfiguration().add("grades.xml", bytes).load().configuration->hash();
    bytes.replace(bytes.find("from=\"40\""), 9, "from=\"41\"");
    const std::string other =
        SmallConfiguration().add("grades.xml", bytes).load().configuration->hash();
    EXPECT_NE(without, with);
    EXPECT_NE(with, other);
}

}  // namespace
}  // namespace labrelay::mapping
