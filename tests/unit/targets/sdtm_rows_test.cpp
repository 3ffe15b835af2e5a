#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "labrelay/targets/sdtm.hpp"

namespace labrelay::targets {
namespace {

using study::SdtmDomain;
using testing::ElementsAre;

study::StudyDefinition study_definition() {
    study::StudyDefinition study;
    study.id = "S1";
    study.visits = {
        {"SCR", "Screening", study::Anchor::screening, 0, 0, 28, study::Infusion::none, {}},
        {"M0", "Dose 1", study::Anchor::first_infusion, 0, -3, 0, study::Infusion::first, {}},
        {"M3", "Month 3", study::Anchor::first_infusion, 91, 77, 105, study::Infusion::none, {}}};
    study::SdtmMap map;
    map.guide = "3.4";
    map.terminology = "2025-03-25";
    map.study = "ST1";
    map.epoch_before_dose = "SCREENING";
    map.epoch_after_dose = "TREATMENT";
    map.terms = {{"ALT", SdtmDomain::lb, "ALT", "Alanine Aminotransferase", "CHEMISTRY", "SERUM",
                  "", "1742-6", "U/L", ""},
                 {"CD4A", SdtmDomain::cp, "TLYH", "Helper T-Lymphocytes", "FLOW", "BLOOD",
                  "FLOW CYTOMETRY", "24467-3", "10^6/L", ""},
                 {"CD8A", SdtmDomain::cp, "TLC", "Cytotoxic T-Lymphocytes", "FLOW", "BLOOD",
                  "FLOW CYTOMETRY", "14135-8", "10^6/L", ""},
                 {"HIVVL", SdtmDomain::mb, "HIV1RNA", "HIV-1 RNA", "VIROLOGY", "PLASMA", "",
                  "20447-9", "copies/mL", ""},
                 {"TPAB", SdtmDomain::is, "MBAB", "Microbial-induced Antibody", "SEROLOGY", "SERUM",
                  "", "", "", "TREPONEMA PALLIDUM"}};
    map.omitted = {"RHD"};
    map.visits = {{"SCR", 1, ""}, {"M0", 2, ""}, {"M3", 5, "FOLLOW-UP"}};
    map.words = {{"NEG", "NEGATIVE"}};
    study.sdtm = map;
    return study;
}

/// A quantified ALT of 23 U/L on day 92 at M3; tests change what they are about.
StudyResult a_result(
    std::string id, void (*change)(LabRow&) = [](LabRow&) {}) {
    StudyResult result;
    LabRow& row = result.row;
    row.result_id = std::move(id);
    row.study = "S1";
    row.site = "QILU";
    row.subject = "S-004";
    row.visit = "M3";
    row.visit_kind = "scheduled";
    row.study_day = 92;
    row.analyte = "ALT";
    row.value_reported = "23";
    row.unit_reported = "IU/L";
    row.range_reported = "9.0-50";
    row.value_text = row.value_num = "23";
    row.unit = "U/L";
    row.ref_low = "9.0";
    row.ref_high = "50";
    row.range_flag = "NORMAL";
    row.result_state = "quantified";
    row.status = "F";
    row.grade = "0";
    row.specimen = "A1";
    row.collected_at = "202609170815+0800";
    row.laboratory = "QILU-LAB";
    result.first_received_at = "2026-09-17T01:00:00.000000Z";
    change(row);
    return result;
}

void screening(LabRow& row) {
    row.visit = "SCR";
    row.study_day = -7;
}

std::map<std::string, std::string> filled(SdtmDomain domain, const DatasetRow& row) {
    const std::vector<DatasetColumn> columns = sdtm_columns(domain);
    EXPECT_EQ(columns.size(), row.size());
    std::map<std::string, std::string> cells;
    for (std::size_t index = 0; index < row.size(); ++index) {
        if (row[index]) {
            cells.emplace(columns[index].name, *row[index]);
        }
    }
    return cells;
}

std::map<std::string, std::string> only_row(const StudyResult& result) {
    const auto rows = sdtm_rows(study_definition(), std::span(&result, 1));
    EXPECT_TRUE(rows);
    EXPECT_EQ(rows->size(), 1U);
    return filled(rows->begin()->first, rows->begin()->second.at(0));
}

using Cells = std::map<std::string, std::string>;

TEST(SdtmRows, AQuantifiedValue) {
    EXPECT_EQ(only_row(a_result("R1")), (Cells{{"STUDYID", "ST1"},
                                               {"DOMAIN", "LB"},
                                               {"USUBJID", "ST1-QILU-S-004"},
                                               {"LBSEQ", "1"},
                                               {"LBREFID", "A1"},
                                               {"LBTESTCD", "ALT"},
                                               {"LBTEST", "Alanine Aminotransferase"},
                                               {"LBCAT", "CHEMISTRY"},
                                               {"LBORRES", "23"},
                                               {"LBORRESU", "IU/L"},
                                               {"LBORNRLO", "9.0"},
                                               {"LBORNRHI", "50"},
                                               {"LBSTRESC", "23"},
                                               {"LBSTRESN", "23"},
                                               {"LBSTRESU", "U/L"},
                                               {"LBSTNRLO", "9.0"},
                                               {"LBSTNRHI", "50"},
                                               {"LBNRIND", "NORMAL"},
                                               {"LBNAM", "QILU-LAB"},
                                               {"LBLOINC", "1742-6"},
                                               {"LBSPEC", "SERUM"},
                                               {"LBTOXGR", "0"},
                                               {"VISITNUM", "5"},
                                               {"VISIT", "Month 3"},
                                               {"EPOCH", "FOLLOW-UP"},
                                               {"LBDTC", "2026-09-17T08:15+08:00"},
                                               {"LBDY", "92"}}));
}

TEST(SdtmRows, ALimitIsNeverANumber) {
    const Cells cells = only_row(a_result("R1", [](LabRow& row) {
        row.analyte = "HIVVL";
        row.value_reported = "< 20";
        row.value_text = "<20";
        row.value_num.clear();
        row.comparator = "<";
        row.lloq = "20";
        row.result_state = "below_lloq";
    }));
    EXPECT_EQ(cells.at("MBORRES"), "< 20");
    EXPECT_EQ(cells.at("MBSTRESC"), "<20");
    EXPECT_FALSE(cells.contains("MBSTRESN"));
    EXPECT_EQ(cells.at("MBLLOQ"), "20");
    EXPECT_EQ(cells.at("MBSTRESU"), "copies/mL");
}

TEST(SdtmRows, WordsAreTheTerminologys) {
    const Cells cells = only_row(a_result("R1", [](LabRow& row) {
        row.analyte = "TPAB";
        row.value_reported = "阴性";
        row.value_text = "NEG";
        row.value_num.clear();
        row.result_state = "qualitative";
    }));
    EXPECT_EQ(cells.at("ISORRES"), "阴性");
    EXPECT_EQ(cells.at("ISSTRESC"), "NEGATIVE");
    EXPECT_EQ(cells.at("ISBDAGNT"), "TREPONEMA PALLIDUM");
    EXPECT_FALSE(cells.contains("ISSTRESN"));
}

TEST(SdtmRows, WhatWasNotDoneHasAReasonAndNoResult) {
    const Cells not_done = only_row(a_result("R1", [](LabRow& row) {
        row.value_num.clear();
        row.value_text = "NOT DONE";
        row.result_state = "not_done";
    }));
    EXPECT_EQ(not_done.at("LBSTAT"), "NOT DONE");
    EXPECT_EQ(not_done.at("LBREASND"), "REPORTED AS NOT DONE");
    for (const char* name : {"LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU"}) {
        EXPECT_FALSE(not_done.contains(name)) << name;
    }
    const Cells failed = only_row(a_result("R1", [](LabRow& row) {
        row.value_num.clear();
        row.result_state = "no_result";
    }));
    EXPECT_EQ(failed.at("LBREASND"), "THE ASSAY GAVE NO RESULT");
}

TEST(SdtmRows, AReportedUnitIsAsciiWhereItsSignsHaveThatForm) {
    const auto unit_of = [](const char* unit) {
        StudyResult result = a_result("R1");
        result.row.unit_reported = unit;
        return only_row(result).at("LBORRESU");
    };
    EXPECT_EQ(unit_of("×10^9/L"), "x10^9/L");
    EXPECT_EQ(unit_of("mg / dL"), "mg / dL");
    EXPECT_EQ(unit_of("个/μL"), "个/μL");
}

TEST(SdtmRows, DerivedAndUncertainAreSaid) {
    const Cells cells = only_row(a_result("R1", [](LabRow& row) {
        row.value_reported.clear();
        row.derived_from = "R8;R9";
        row.grade = "1-2";
    }));
    EXPECT_EQ(cells.at("LBDRVFL"), "Y");
    EXPECT_FALSE(cells.contains("LBORRES"));
    EXPECT_FALSE(cells.contains("LBTOXGR"));
}

TEST(SdtmRows, AnUnscheduledResultHasADayAndNoVisit) {
    const Cells cells = only_row(a_result("R1", [](LabRow& row) {
        row.visit.clear();
        row.visit_kind = "unscheduled";
        row.study_day = 1;
    }));
    EXPECT_FALSE(cells.contains("VISIT"));
    EXPECT_FALSE(cells.contains("VISITNUM"));
    EXPECT_EQ(cells.at("EPOCH"), "TREATMENT");
    EXPECT_EQ(cells.at("LBDY"), "1");
    EXPECT_EQ(only_row(a_result("R1", screening)).at("EPOCH"), "SCREENING");
}

struct Sent {
    const char* sent;
    const char* iso;
};

TEST(SdtmRows, TimesAreAsPreciseAsSent) {
    constexpr Sent kTimes[] = {
        {"2026", "2026"},
        {"202611", "2026-11"},
        {"20261122", "2026-11-22"},
        {"20261122+0800", "2026-11-22"},
        {"2026112208", "2026-11-22T08"},
        {"202611220815", "2026-11-22T08:15"},
        {"20261122081530", "2026-11-22T08:15:30"},
        {"20261122081530.25-0330", "2026-11-22T08:15:30.25-03:30"},
        {"202611220815+0800", "2026-11-22T08:15+08:00"},
        {"2026-11-22T08:15", "2026-11-22T08:15"},
        {"2026-11-22", "2026-11-22"},
        {"yesterday", ""},
        {"", ""},
    };
    for (const Sent& time : kTimes) {
        EXPECT_EQ(sdtm_time(time.sent), time.iso) << time.sent;
    }
}

std::vector<std::string> column(const std::vector<DatasetRow>& rows, SdtmDomain domain,
                                const std::string& name) {
    std::vector<std::string> values;
    for (const DatasetRow& row : rows) {
        const Cells cells = filled(domain, row);
        values.push_back(cells.contains(name) ? cells.at(name) : "");
    }
    return values;
}

TEST(SdtmRows, StandInTheOrderOfTheirKeysAndAreNumberedByArrival) {
    std::vector<StudyResult> results{a_result("R1"), a_result("R2", screening), a_result("R3")};
    results[0].first_received_at = "2026-09-17T03:00:00.000000Z";
    results[1].row.collected_at = "20260610";
    results[2].row.collected_at = "20261001";
    results[2].row.visit.clear();
    const auto rows = sdtm_rows(study_definition(), results);
    ASSERT_TRUE(rows);
    const auto& lb = rows->at(SdtmDomain::lb);
    EXPECT_THAT(column(lb, SdtmDomain::lb, "LBDTC"),
                ElementsAre("2026-06-10", "2026-09-17T08:15+08:00", "2026-10-01"));
    EXPECT_THAT(column(lb, SdtmDomain::lb, "LBSEQ"), ElementsAre("1", "3", "2"));
}

TEST(SdtmRows, ALaterResultNumbersNoneAnew) {
    std::vector<StudyResult> results{a_result("R5"), a_result("R2")};
    results[1].row.collected_at = "20260610";  // collected before, received after
    results[1].first_received_at = "2026-12-01T00:00:00.000000Z";
    const auto before = sdtm_rows(study_definition(), std::span(results).first(1));
    const auto after = sdtm_rows(study_definition(), results);
    EXPECT_THAT(column(before->at(SdtmDomain::lb), SdtmDomain::lb, "LBSEQ"), ElementsAre("1"));
    EXPECT_THAT(column(after->at(SdtmDomain::lb), SdtmDomain::lb, "LBSEQ"), ElementsAre("2", "1"));
}

TEST(SdtmRows, AWithdrawalNumbersNoneAnew) {
    std::vector<StudyResult> results{a_result("R1"), a_result("R2"), a_result("R3")};
    results[1].row.collected_at = "20261001";
    results[2].row.collected_at = "20261002";
    results[0].row.result_state = "withdrawn";
    const auto rows = sdtm_rows(study_definition(), results);
    ASSERT_TRUE(rows);
    EXPECT_THAT(column(rows->at(SdtmDomain::lb), SdtmDomain::lb, "LBSEQ"), ElementsAre("2", "3"));
}

// tests/unit/targets/cd4_by_visit_test.cpp asks the view lab_baseline the same.
TEST(SdtmRows, OfTwoAtOneTimeTheSmallerIdIsTheBaseline) {
    std::vector<StudyResult> results{a_result("R2", screening), a_result("R1", screening),
                                     a_result("R3", screening)};
    for (StudyResult& result : results) {
        result.row.analyte = "CD4A";
    }
    results[1].row.collected_at = "202609170816+0800";  // last in the order of its keys
    const auto rows = sdtm_rows(study_definition(), results);
    EXPECT_THAT(column(rows->at(SdtmDomain::cp), SdtmDomain::cp, "CPLOBXFL"),
                ElementsAre("", "", "Y"));
}

TEST(SdtmRows, TheLastValidValueBeforeTheDoseIsFlagged) {
    std::vector<StudyResult> results{a_result("R1", screening), a_result("R2", screening),
                                     a_result("R3", screening), a_result("R4"),
                                     a_result("R5", screening)};
    results[0].row.collected_at = "20260601";
    results[0].row.study_day = -9;
    results[1].row.collected_at = "20260603";  // the last
    results[2].row.collected_at = "20260609";  // later, and no value
    results[2].row.study_day = -1;
    results[2].row.result_state = "no_result";
    results[4].row.collected_at = "20260608";  // later, and preliminary
    results[4].row.study_day = -2;
    results[4].row.status = "P";
    const auto rows = sdtm_rows(study_definition(), results);
    EXPECT_THAT(column(rows->at(SdtmDomain::lb), SdtmDomain::lb, "LBLOBXFL"),
                ElementsAre("", "Y", "", "", ""));
}

TEST(SdtmRows, TheBaselineOfCd8IsOfTheSpecimenOfCd4) {
    const auto cd8 = [](LabRow& row) {
        screening(row);
        row.analyte = "CD8A";
    };
    std::vector<StudyResult> results{a_result("R1", screening), a_result("R2", cd8),
                                     a_result("R3", cd8)};
    results[0].row.analyte = "CD4A";
    results[2].row.study_day = -1;
    results[2].row.specimen = "A2";
    const auto rows = sdtm_rows(study_definition(), results);
    const auto& cp = rows->at(SdtmDomain::cp);
    EXPECT_THAT(column(cp, SdtmDomain::cp, "CPTESTCD"), ElementsAre("TLC", "TLC", "TLYH"));
    EXPECT_THAT(column(cp, SdtmDomain::cp, "CPREFID"), ElementsAre("A1", "A2", "A1"));
    EXPECT_THAT(column(cp, SdtmDomain::cp, "CPLOBXFL"), ElementsAre("Y", "", "Y"));
}

TEST(SdtmRows, WithdrawnAndOmittedResultsAreNoFindings) {
    std::vector<StudyResult> results{a_result("R1"), a_result("R2")};
    results[0].row.result_state = "withdrawn";
    results[1].row.analyte = "RHD";
    EXPECT_TRUE(sdtm_rows(study_definition(), results)->empty());
}

TEST(SdtmRows, AnAnalyteOrVisitWithoutALineIsAnError) {
    StudyResult result = a_result("R1");
    result.row.analyte = "AST";
    auto rows = sdtm_rows(study_definition(), std::span(&result, 1));
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, Code::export_term_missing);
    EXPECT_EQ(rows.error().place.text, "AST");
    result = a_result("R1");
    result.row.visit = "M9";
    rows = sdtm_rows(study_definition(), std::span(&result, 1));
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().place.text, "M9");
}

TEST(SdtmColumns, HaveNamesAndLabelsThatFitATransportFile) {
    for (const SdtmDomain domain :
         {SdtmDomain::lb, SdtmDomain::cp, SdtmDomain::mb, SdtmDomain::is}) {
        std::map<int, std::string> keys;
        for (const DatasetColumn& column : sdtm_columns(domain)) {
            EXPECT_LE(column.name.size(), 8U) << column.name;
            EXPECT_LE(column.label.size(), 40U) << column.label;
            if (column.key_sequence) {
                keys.emplace(*column.key_sequence, column.name.substr(column.name.size() - 3));
            }
        }
        EXPECT_EQ(keys,
                  (std::map<int, std::string>{
                      {1, "YID"}, {2, "JID"}, {3, "CAT"}, {4, "TCD"}, {5, "DTC"}, {6, "NUM"}}));
        EXPECT_LE(sdtm_label(domain).size(), 40U);
    }
}

}  // namespace
}  // namespace labrelay::targets
