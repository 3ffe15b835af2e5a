#include "labrelay/mapping/registry_files.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

const Configuration& configuration() {
    static const auto kLoaded = SmallConfiguration().load().configuration;
    return *kLoaded;
}

constexpr std::string_view kHeader =
    "study,site,screening_no,subject_no,identifiers,sex,birth_date,child_bearing,consent_date,"
    "first_infusion,second_infusion\n";

SubjectsFile subjects(const std::string& rows) {
    return read_subjects(std::string(kHeader) + rows, "subjects.csv", configuration());
}

SpecimensFile specimens(const std::string& rows) {
    return read_specimens("authority,specimen,subject_no,identifier,collected_at,visit\n" + rows,
                          "specimens.csv", configuration());
}

std::vector<std::pair<std::string, Code>> places(const std::vector<Finding>& errors) {
    std::vector<std::pair<std::string, Code>> seen;
    for (const Finding& error : errors) {
        seen.emplace_back(error.place.text, error.code);
    }
    return seen;
}

using Places = std::vector<std::pair<std::string, Code>>;

TEST(ReadSubjects, ReadsEveryColumn) {
    const SubjectsFile file = subjects(
        "S1,QILU,SCR-004,S-004,MRN:0048; MRN:0049,F,1980-05,yes,2026-01-05,"
        "2026-02-01T09:30+08:00,2026-03-03\r\n"
        "\n"
        "S1,,SCR-005,,,,,,,,\n");
    ASSERT_TRUE(file.errors.empty()) << describe(file.errors[0]);
    ASSERT_EQ(file.rows.size(), 2U);
    const study::Subject& subject = file.rows[0].subject;
    EXPECT_EQ(subject.study, "S1");
    EXPECT_EQ(subject.site, "QILU");
    EXPECT_EQ(subject.screening_no, "SCR-004");
    EXPECT_EQ(subject.subject_no, "S-004");
    EXPECT_EQ(subject.identifiers,
              (std::vector<study::Identifier>{{"MRN", "0048"}, {"MRN", "0049"}}));
    EXPECT_EQ(subject.sex, study::Sex::female);
    EXPECT_EQ(subject.birth_date->precision, Precision::month);
    EXPECT_EQ(subject.child_bearing, true);
    EXPECT_EQ(subject.consent_date->text, "2026-01-05");
    EXPECT_EQ(subject.first_infusion->precision, Precision::minute);
    EXPECT_FALSE(subject.withdrawn_at);
    EXPECT_EQ(file.rows[1].place.text, "subjects.csv:4:1");
    EXPECT_FALSE(file.rows[1].subject.sex);
}

TEST(ReadSubjects, QuotesMayHoldCommasAndLines) {
    const SubjectsFile file = subjects("S1,QILU,\"SCR,\"\"4\"\"\nx\",,,,,,,,\nS1,QILU,B,,,,,,,,\n");
    ASSERT_TRUE(file.errors.empty());
    ASSERT_EQ(file.rows.size(), 2U);
    EXPECT_EQ(file.rows[0].subject.screening_no, "SCR,\"4\"\nx");
    EXPECT_EQ(file.rows[1].place.text, "subjects.csv:4:1");
}

TEST(ReadSubjects, EachErrorHasItsPlace) {
    struct Row {
        const char* line;
        const char* place;
        Code code;
    };
    constexpr Row kRows[] = {
        {"S2,QILU,A,,,,,,,,", "2:1", Code::csv_value_bad},
        {"S1,QULI,A,,,,,,,,", "2:4", Code::csv_value_bad},
        {"S1,QILU,,,,,,,,,", "2:1", Code::csv_value_bad},
        {"S1,QILU,A,,0048,,,,,,", "2:12", Code::csv_value_bad},
        {"S1,QILU,A,,MRN:,,,,,,", "2:12", Code::csv_value_bad},
        {"S1,QILU,A,,MRN:1; MRM:2,,,,,,", "2:19", Code::csv_value_bad},
        {"S1,QILU,A,,MRN:1;,MALE,,,,,", "2:19", Code::csv_value_bad},
        {"S1,QILU,A,,,M,1980-13,,,,", "2:20", Code::csv_value_bad},
        {"S1,QILU,A,,,M,,maybe,,,", "2:16", Code::csv_value_bad},
        {"S1,QILU,A,,,M,,,2026-01,,", "2:17", Code::csv_value_bad},
        {"S1,QILU,A,,,M,,,,2026-02-01,2026-01-31", "2:29", Code::csv_value_bad},
        {"S1,QILU,A,,,M,,,,2026-02-30,", "2:26", Code::csv_value_bad},
        {"S1,QILU,A", "2:1", Code::csv_malformed},
        {"S1,QILU,A\",,,,,,,,", "2:10", Code::csv_malformed},
        {"S1,QILU,\"A\"b,,,,,,,,", "2:12", Code::csv_malformed},
        {"S1,QILU,\"A,,,,,,,,", "2:9", Code::csv_malformed},
        {"S1,QILU,\xFF,,,,,,,,", "2:9", Code::csv_malformed},
        {"S1,QILU,中A,,,X,,,,,", "2:14", Code::csv_value_bad},
    };
    for (const Row& row : kRows) {
        const auto seen = places(subjects(row.line).errors);
        ASSERT_FALSE(seen.empty()) << row.line;
        EXPECT_EQ(seen[0].first, std::string("subjects.csv:") + row.place) << row.line;
        EXPECT_EQ(seen[0].second, row.code) << row.line;
    }
}

TEST(ReadSubjects, AllErrorsComeAtOnce) {
    const SubjectsFile file = subjects(
        "S1,QILU,A,S-1,MRN:1,M,,,,,\n"
        "S1,QILU,A,S-1,MRN:1,X,,,,,\n");
    EXPECT_EQ(places(file.errors), (Places{{"subjects.csv:3:9", Code::key_duplicate},
                                           {"subjects.csv:3:11", Code::key_duplicate},
                                           {"subjects.csv:3:15", Code::key_duplicate},
                                           {"subjects.csv:3:21", Code::csv_value_bad}}));
}

TEST(ReadSubjects, TheHeaderNamesTheColumns) {
    struct Row {
        const char* bytes;
        const char* place;
    };
    constexpr Row kRows[] = {{"", "f:1:1"},
                             {"site,subject_no\n", "f:1:1"},
                             {"study,subjet_no\n", "f:1:7"},
                             {"study,site,site\n", "f:1:12"},
                             {"study;site;subject_no\n", "f:1:1"}};
    for (const Row& row : kRows) {
        const SubjectsFile file = read_subjects(row.bytes, "f", configuration());
        ASSERT_FALSE(file.errors.empty()) << row.bytes;
        EXPECT_EQ(file.errors[0].code, Code::csv_header_bad) << row.bytes;
        EXPECT_EQ(file.errors[0].place.text, row.place) << row.bytes;
    }
    const SubjectsFile short_file =
        read_subjects("\xEF\xBB\xBFsubject_no,study\nS-1,S1", "f", configuration());
    EXPECT_TRUE(short_file.errors.empty());
    ASSERT_EQ(short_file.rows.size(), 1U);
    EXPECT_EQ(short_file.rows[0].subject.subject_no, "S-1");
}

// What could be a patient's own data is shown to the person who may see it and never logged.
TEST(ReadSubjects, DetailsCarryNoIdentity) {
    for (const char* row : {"S1,QILU,A,,00481523:MRN,,,,,,", "S1,QILU,A,,00481523,,19800502,,,,",
                            "00481523,QILU,A,,,,,,,,", "S1,QILU,A,,MRN:00481523,,00481523,,,,"}) {
        for (const Finding& error : subjects(row).errors) {
            EXPECT_EQ(describe(error).find("00481523"), std::string::npos) << row;
            EXPECT_EQ(describe(error).find("19800502"), std::string::npos) << row;
        }
    }
    const SubjectsFile no_header = read_subjects("S1,00481523\n", "f", configuration());
    for (const Finding& error : no_header.errors) {
        EXPECT_EQ(describe(error).find("00481523"), std::string::npos);
    }
}

TEST(ReadSpecimens, ReadsRows) {
    const SpecimensFile file = specimens(
        "ACC,A26070112,S-004,,2026-02-01T08:15,M0\n"
        "ACC,A26070113,,MRN:0048,,\n");
    ASSERT_TRUE(file.errors.empty());
    ASSERT_EQ(file.rows.size(), 2U);
    EXPECT_EQ(file.rows[0].specimen.name, (study::SpecimenName{"ACC", "A26070112"}));
    EXPECT_EQ(file.rows[0].specimen.subject_no, "S-004");
    EXPECT_EQ(file.rows[0].specimen.visit, "M0");
    EXPECT_EQ(file.rows[0].specimen.collected_at->text, "2026-02-01T08:15");
    EXPECT_EQ(file.rows[1].specimen.patient, (study::Identifier{"MRN", "0048"}));
}

TEST(ReadSpecimens, EachErrorHasItsPlace) {
    const SpecimensFile file = specimens(
        "ACC,A1,S-1,,,\n"
        "AC,A2,S-1,,,\n"
        "ACC,,S-1,,,\n"
        "ACC,A1,S-1,,,\n"
        "ACC,A3,,,,\n"
        "ACC,A4,,MRN,,\n"
        "ACC,A5,S-1,,2026-02,\n"
        "ACC,A6,S-1,,,M9\n");
    EXPECT_EQ(places(file.errors), (Places{{"specimens.csv:3:1", Code::csv_value_bad},
                                           {"specimens.csv:4:5", Code::csv_value_bad},
                                           {"specimens.csv:5:5", Code::key_duplicate},
                                           {"specimens.csv:6:1", Code::csv_value_bad},
                                           {"specimens.csv:7:9", Code::csv_value_bad},
                                           {"specimens.csv:8:13", Code::csv_value_bad},
                                           {"specimens.csv:9:14", Code::csv_value_bad}}));
}

study::Subject subject_of(const std::string& row) {
    const SubjectsFile file = subjects(row);
    EXPECT_TRUE(file.errors.empty()) << row;
    return file.rows.at(0).subject;
}

TEST(MergeSubject, AddsFactsAndErasesNone) {
    const study::Subject known = subject_of("S1,QILU,SCR-4,,MRN:1,M,1980,no,2026-01-05,,");
    const auto merged = merge_subject(
        known, subject_of("S1,,SCR-4,S-4,MRN:2;MRN:1,,1980-05-02,,,2026-02-01T09:30,"));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->site, "QILU");
    EXPECT_EQ(merged->subject_no, "S-4");
    EXPECT_EQ(merged->identifiers, (std::vector<study::Identifier>{{"MRN", "1"}, {"MRN", "2"}}));
    EXPECT_EQ(merged->sex, study::Sex::male);
    EXPECT_EQ(merged->birth_date->text, "1980-05-02");
    EXPECT_EQ(merged->child_bearing, false);
    EXPECT_EQ(merged->consent_date->text, "2026-01-05");
    EXPECT_EQ(merged->first_infusion->text, "2026-02-01T09:30");
}

TEST(MergeSubject, TheSameAgainChangesNothing) {
    const study::Subject known =
        subject_of("S1,QILU,SCR-4,S-4,MRN:1,M,1980-05-02,no,2026-01-05,2026-02-01T09:30,");
    const auto merged = merge_subject(
        known, subject_of("S1,QILU,SCR-4,S-4,MRN:1,M,1980,no,2026-01-05,2026-02-01,"));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->birth_date, known.birth_date);
    EXPECT_EQ(merged->first_infusion, known.first_infusion);
    EXPECT_EQ(merged->identifiers, known.identifiers);
}

TEST(MergeSubject, WhatContradictsIsAConflict) {
    const study::Subject known =
        subject_of("S1,QILU,SCR-4,S-4,MRN:1,M,1980-05-02,no,2026-01-05,2026-02-01T09:30+08:00,");
    constexpr const char* kRows[] = {
        "S1,QILU,SCR-5,S-4,,,,,,,",
        "S1,QILU,SCR-4,S-5,,,,,,,",
        "S1,QILU,SCR-4,,,F,,,,,",
        "S1,QILU,SCR-4,,,,1981,,,,",
        "S1,QILU,SCR-4,,,,1980-06,,,,",
        "S1,QILU,SCR-4,,,,,yes,,,",
        "S1,QILU,SCR-4,,,,,,2026-01-06,,",
        "S1,QILU,SCR-4,,,,,,,2026-02-01T09:31,",
        "S1,QILU,SCR-4,,,,,,,2026-02-01T09:30+09:00,",
        "S1,QILU,SCR-4,,,,,,,,2026-01-31",
    };
    for (const char* row : kRows) {
        const auto merged = merge_subject(known, subject_of(row));
        ASSERT_FALSE(merged) << row;
        EXPECT_EQ(merged.error().code, Code::registry_conflict) << row;
    }
    EXPECT_TRUE(merge_subject(known, subject_of("S1,QILU,SCR-4,,,,,,,2026-02-01T01:30+00:00,")));
}

TEST(MergeSubject, ANewSubjectNeedsItsSite) {
    EXPECT_TRUE(merge_subject({}, subject_of("S1,QILU,SCR-4,,,,,,,,")));
    const auto merged = merge_subject({}, subject_of("S1,,SCR-4,,,,,,,,"));
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code, Code::csv_value_bad);
}

TEST(MergeSpecimen, AddsFactsAndRefusesOthers) {
    const auto specimen = [](const std::string& row) { return specimens(row).rows.at(0).specimen; };
    const study::RegisteredSpecimen known = specimen("ACC,A1,,MRN:1,2026-02-01,");
    const auto merged = merge_specimen(known, specimen("ACC,A1,S-4,,2026-02-01T08:15,M0"));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->patient, (study::Identifier{"MRN", "1"}));
    EXPECT_EQ(merged->subject_no, "S-4");
    EXPECT_EQ(merged->collected_at->text, "2026-02-01T08:15");
    EXPECT_EQ(merged->visit, "M0");
    for (const char* row : {"ACC,A1,,MRN:2,,", "ACC,A1,,MRN:1,2026-02-02,"}) {
        const auto other = merge_specimen(known, specimen(row));
        ASSERT_FALSE(other) << row;
        EXPECT_EQ(other.error().code, Code::registry_conflict) << row;
    }
}

}  // namespace
}  // namespace labrelay::mapping
