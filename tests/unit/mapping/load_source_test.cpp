#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

constexpr const char* kLab = "sources/lab.xml";
constexpr const char* kUrea = "<observation code=\"UREA\" system=\"99\" analyte=\"UREA\"/>";

/// The lines for urea where its line is written as `line`; empty with the errors shown where it is
/// wrong.
std::vector<ObservationLine> urea_lines(const std::string& line) {
    const Loaded loaded = SmallConfiguration().replace(kLab, kUrea, line).load();
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    std::vector<ObservationLine> lines;
    if (loaded.configuration) {
        for (const ObservationLine& one : loaded.configuration->source("lab")->observations) {
            if (one.analyte == "UREA") {
                lines.push_back(one);
            }
        }
    }
    return lines;
}

TEST(LoadSource, P17_P22_P27_P46_ReadsWhatASourceSaysOfItsBytes) {
    const auto configuration =
        SmallConfiguration()
            .replace(kLab, "mode=\"live\"",
                     "mode=\"live\" charset=\"ISO IR14~ISO IR87\" charset-fallback=\"Shift_JIS\" "
                     "loose-segment-names=\"yes\" join-broken-lines=\"yes\" batch-reply=\"single\"")
            .load()
            .configuration;
    ASSERT_NE(configuration, nullptr);
    const SourceDefinition& source = *configuration->source("lab");
    EXPECT_EQ(source.charset, hl7::Charset::iso_2022_jp_kana);
    EXPECT_EQ(source.charset_fallback, hl7::Charset::shift_jis);
    EXPECT_TRUE(source.loose_segment_names);
    EXPECT_TRUE(source.join_broken_lines);
    EXPECT_EQ(source.batch_reply, BatchReply::single);
}

TEST(LoadSource, DefaultsAreTheCautiousOnes) {
    const auto configuration =
        SmallConfiguration()
            .replace(kLab, "mode=\"live\"", "mode=\"test\"")
            .replace(kLab, "<approval by=\"A. Person\" on=\"2026-01-02\"/>", "")
            .load()
            .configuration;
    ASSERT_NE(configuration, nullptr);
    const SourceDefinition& source = *configuration->source("lab");
    EXPECT_EQ(source.mode, SourceMode::test);
    EXPECT_FALSE(source.strict);
    EXPECT_EQ(source.charset, hl7::Charset::utf_8);
    EXPECT_FALSE(source.charset_fallback);
    EXPECT_FALSE(source.loose_segment_names);
    EXPECT_FALSE(source.join_broken_lines);
    EXPECT_EQ(source.batch_reply, BatchReply::all);
    EXPECT_EQ(source.unknown_patient, UnknownPatient::hold);
    EXPECT_EQ(source.ignored_retention_days, 30);
    EXPECT_FALSE(source.teaches_specimens);
    EXPECT_FALSE(source.sequence);
    EXPECT_EQ(source.hl7_version, "");
    EXPECT_EQ(source.store_failure, study::StoreFailure::close);
    EXPECT_TRUE(source.answers_unreadable);
    EXPECT_FALSE(source.replies_apart);
    EXPECT_EQ(source.words.comma, units::CommaMeaning::undeclared);
    EXPECT_EQ(source.below_means, BelowMeaning::below_lloq);
    ASSERT_TRUE(source.zone);
    EXPECT_EQ(source.zone->name(), "Asia/Shanghai");
    EXPECT_EQ(source.file, "sources/lab.xml");
}

TEST(LoadSource, WhatItsSenderIsTold) {
    const auto configuration =
        SmallConfiguration()
            .replace(
                kLab, "mode=\"live\"",
                "mode=\"live\" sequence=\"yes\" hl7-version=\"2.3.1\" store-failure=\"reject\" "
                "answer-unreadable=\"no\" reply=\"apart\"")
            .load()
            .configuration;
    ASSERT_NE(configuration, nullptr);
    const SourceDefinition& source = *configuration->source("lab");
    EXPECT_TRUE(source.sequence);
    EXPECT_EQ(source.hl7_version, "2.3.1");
    EXPECT_EQ(source.store_failure, study::StoreFailure::reject);
    EXPECT_FALSE(source.answers_unreadable);
    EXPECT_TRUE(source.replies_apart);
}

TEST(LoadSource, LoincCodesAreLinesOfTheirOwnAtTheSamePlace) {
    const auto lines = urea_lines(
        R"(<observation code="UREA" system="99" analyte="UREA" spelled="mM" loinc="14937-7 3094-0"/>)");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[1].code, "14937-7");
    EXPECT_EQ(lines[2].code, "3094-0");
    for (const ObservationLine& line : lines) {
        EXPECT_EQ(line.place, lines[0].place);
        EXPECT_TRUE(line.units.find("mM"));
    }
    EXPECT_EQ(lines[1].system, "LN");
    EXPECT_EQ(lines[0].place.text, "sources/lab.xml:11:3");
}

TEST(LoadSource, TheSourcesSpellingsStandBeforeTheAnalytesList) {
    const auto lines =
        urea_lines(R"(<observation code="UREA" system="99" analyte="UREA" spelled="mM">
        <unit spelling="mg/dL | mg%" as="mg/dL{BUN}"/>
        <unit spelling="mg/L" factor="0.01665" because="urea, package insert 4711"/></observation>)");
    ASSERT_EQ(lines.size(), 1U);
    const units::AnalyteUnits& list = lines[0].units;
    struct Row {
        const char* spelling;
        const char* factor;
        const char* rule;
    };
    constexpr Row kRows[] = {{"mM", "1", "source-list:mM"},
                             {"mg/dL", "0.357", "source-list:mg/dL"},
                             {"MG/DL", "0.357", "source-list:mg/dL"},
                             {"mg%", "0.357", "source-list:mg%"},
                             {"mg/L", "0.01665", "source-list:mg/L"},
                             {"mg/dL{BUN}", "0.357", "analyte-list:mg/dL{BUN}"},
                             {"mmol/L", "1", "canonical"}};
    for (const Row& row : kRows) {
        const auto rule = list.find(row.spelling);
        ASSERT_TRUE(rule) << row.spelling;
        EXPECT_EQ(rule->kind, units::UnitRule::Kind::factor) << row.spelling;
        EXPECT_EQ(rule->factor, *Decimal::parse(row.factor)) << row.spelling;
        EXPECT_EQ(rule->rule_id, row.rule) << row.spelling;
    }
    const auto elsewhere = urea_lines(kUrea);
    ASSERT_EQ(elsewhere.size(), 1U);
    EXPECT_EQ(elsewhere[0].units.find("mg/dL")->kind, units::UnitRule::Kind::ambiguous);
}

TEST(LoadSource, AnotherMeaningThanTheAnalytesListIsAWarning) {
    const Loaded loaded =
        SmallConfiguration()
            .replace(kLab, "when-unit=\"cells/uL\"", "when-unit=\"10*9/L\" spelled=\"10*9/L\"")
            .load();
    EXPECT_NE(loaded.configuration, nullptr);
    ASSERT_EQ(loaded.warnings.size(), 1U);
    EXPECT_EQ(loaded.warnings[0].code, Code::unit_overridden);
    EXPECT_EQ(loaded.warnings[0].place.text, "sources/lab.xml:9:82");
}

TEST(LoadSource, LinesMayBeToldApart) {
    const char* const kLines[] = {
        R"(<observation code="UREA" analyte="UREA" until="2026-02-28"/>
           <observation code="UREA" analyte="UREA" from="2026-03-01" spelled="mM"/>)",
        R"(<observation code="UREA" analyte="UREA" when-sub-id="1"/>
           <observation code="UREA" analyte="UREA" when-sub-id=""/>)",
        R"(<observation code="UREA" analyte="UREA" system="99"/>
           <observation code="UREA" analyte="UREA" system="L"/>)",
        R"(<observation code="UREA" analyte="UREA"/><observation code="UREA*" analyte="UREA"/>)",
    };
    for (const char* lines : kLines) {
        EXPECT_EQ(urea_lines(lines).size(), 2U) << lines;
    }
}

TEST(LoadSource, TheHashIsThatOfTheFilesInAnyOrder) {
    const SmallConfiguration files;
    auto backwards = files.files();
    std::reverse(backwards.begin(), backwards.end());
    const auto first = load_configuration(files.files()).configuration;
    const auto second = load_configuration(backwards).configuration;
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->hash(), second->hash());
    EXPECT_EQ(first->hash().size(), 64U);

    const auto changed = SmallConfiguration().replace(kLab, "A. Person", "B. Person").load();
    ASSERT_NE(changed.configuration, nullptr);
    EXPECT_NE(changed.configuration->hash(), first->hash());
}

TEST(LoadSource, ReadsWhatAnalyzersNeed) {
    const Loaded loaded =
        SmallConfiguration()
            .replace(kLab, "laboratory=\"LAB\"", "laboratory=\"LAB\" sub-id-names-specimen=\"yes\"")
            .replace(kLab, "authority=\"ACC\"/>", R"(authority="ACC" agrees-with="SAC-3.1"/>
  <role patient="P Q"/><control from="INV-3.1" is="CO CA"/>)")
            .replace(kLab, kUrea, R"(<observation code="UREA" system="99" analyte="UREA">
    <outcome code="CALL" system="LN" sub-id="1/2"/></observation>
  <ignore code="UREA" system="99" when-type="TX FT" because="words"/>
  <ignore code="UREA" system="99" when-sub-id="IC*" because="control"/>)")
            .load();
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    ASSERT_NE(loaded.configuration, nullptr);
    const SourceDefinition& source = *loaded.configuration->source("lab");
    EXPECT_TRUE(source.sub_id_names_specimen);
    EXPECT_EQ(source.patient_roles, (std::vector<std::string>{"P", "Q"}));
    ASSERT_EQ(source.controls.size(), 1U);
    EXPECT_EQ(source.controls[0].words, (std::vector<std::string>{"CO", "CA"}));
    ASSERT_TRUE(source.specimens.at(0).agrees_with.has_value());
    EXPECT_EQ(source.specimens[0].agrees_with->text(), "SAC-3.1");
    const auto outcome = source.observations.back().outcome;
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->code, "CALL");
    EXPECT_EQ(outcome->sub_id, "1/2");
    const LineIndex::Closest closest =
        loaded.configuration->lines_of(source).find(source, "UREA", "99");
    EXPECT_EQ(closest.observations.size(), 1U);
    EXPECT_EQ(closest.ignore, nullptr);
    ASSERT_EQ(closest.conditional_ignores.size(), 2U);
    EXPECT_TRUE(closest.conditional_ignores[0]->fits("FT", ""));
    EXPECT_FALSE(closest.conditional_ignores[0]->fits("NM", "IC"));
    EXPECT_TRUE(closest.conditional_ignores[1]->fits("NM", "IC&Ct"));
    EXPECT_FALSE(closest.conditional_ignores[1]->fits("NM", "1"));
}

TEST(LoadSource, RefusesWhatAnalyzersWouldMisread) {
    struct WrongRow {
        const char* what;
        const char* from;
        const char* to;
        Code code;
    };
    const WrongRow rows[] = {
        {"roles without a control", "<collected", R"(<role patient="P Q"/><collected)",
         Code::element_missing},
        {"a control without words", "<collected", R"(<control from="INV-3.1"/><collected)",
         Code::attribute_missing},
        {"a control without a place", "<collected", R"(<control is="CO"/><collected)",
         Code::attribute_missing},
        {"a role without words", "<collected", "<role/><collected", Code::attribute_missing},
        {"an outcome that is the number itself", kUrea,
         R"(<observation code="UREA" system="99" analyte="UREA"><outcome code="UREA" system="99"/></observation>)",
         Code::attribute_missing},
        {"an outcome without a code", kUrea,
         R"(<observation code="UREA" system="99" analyte="UREA"><outcome sub-id="1"/></observation>)",
         Code::attribute_missing},
        {"the same condition twice", "<ignore",
         R"(<ignore code="CD4" system="99" when-type="TX" because="a"/><ignore code="CD4" system="99" when-type="TX" because="b"/><ignore)",
         Code::key_duplicate},
        {"ignored and mapped without a condition", "<ignore",
         R"(<ignore code="CD4" system="99" because="a"/><ignore)", Code::lines_ambiguous},
    };
    for (const WrongRow& row : rows) {
        SCOPED_TRACE(row.what);
        const Loaded loaded = SmallConfiguration().replace(kLab, row.from, row.to).load();
        EXPECT_EQ(loaded.configuration, nullptr);
        ASSERT_FALSE(loaded.errors.empty());
        EXPECT_EQ(loaded.errors.front().code, row.code) << describe(loaded.errors.front());
    }
}

}  // namespace
}  // namespace labrelay::mapping
