#include "labrelay/targets/lab_row.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "delivered_results.hpp"

namespace labrelay::targets {
namespace {

using testing::ElementsAre;

const AnalyteNames kNames{{"CD4A", "CD3+CD4+ T cells, absolute"}};

std::map<std::string, std::string> filled_columns(const LabRow& row) {
    std::map<std::string, std::string> filled;
    for (const LabColumn& column : lab_columns()) {
        std::string text;
        if (const auto* member = std::get_if<std::string LabRow::*>(&column.member)) {
            text = row.**member;
        } else if (const auto& number =
                       row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member)) {
            text = std::to_string(*number);
        }
        if (!text.empty()) {
            filled.emplace(column.name, text);
        }
    }
    return filled;
}

// The list of design/interfaces.md. A new column is a decision about what leaves the engine.
TEST(LabRow, HasTheColumnsOfTheStudyDatabaseAndNoOthers) {
    std::vector<std::string_view> names;
    for (const LabColumn& column : lab_columns()) {
        names.push_back(column.name);
    }
    EXPECT_THAT(
        names,
        ElementsAre("result_id", "study", "site", "subject", "visit", "visit_kind", "role",
                    "study_day", "analyte", "analyte_name", "value_reported", "unit_reported",
                    "range_reported", "flags_reported", "comparator", "value_text", "value_num",
                    "unit", "conversion_rule", "ref_low", "ref_high", "range_flag", "lloq", "uloq",
                    "result_state", "grade", "grade_scale", "status", "version",
                    "placement_version", "reason", "derived_from", "specimen", "collected_at",
                    "collected_utc_us", "laboratory", "method", "reported_at", "received_at",
                    "lineage_id", "config_hash"));
}

TEST(LabRow, EveryPartOfAResultStandsInItsColumn) {
    delivery::DeliveredResult result =
        a_result("R1").analyte("CD4A", "4.10", "/uL").at_visit("M3", 92).reason("placement-moved");
    result.derived_from = {"RA", "RB"};
    result.record.placement_version = 3;
    study::StoredVersion& version = result.record.versions[0];
    version.value.value_reported = "0.00410";
    version.value.unit_reported = "K/uL";
    version.value.range_reported = "0.4 ~ 1.4";
    version.value.flags_reported = "L";
    version.value.conversion_rule = "x 1000";
    version.value.ref_low = Decimal(4000, 1);
    version.value.ref_high = Decimal(1400, 0);
    version.value.range_flag = "LOW";
    version.value.grade = "1-2";
    version.value.grade_scale = "DAIDS";
    version.value.lloq = Decimal(10, 1);
    version.value.uloq = Decimal(5000, 0);
    version.collected = *parse_hl7_time("202607010815+0800");
    LocalTime local;
    local.instant = Instant{1'782'864'900'000'000};
    version.collected_local = local;
    version.laboratory = "FLOW";
    version.method = "TBNK";
    version.reported_at = "20260701101500";

    const Result<LabRows> rows = lab_rows(result, kNames);
    ASSERT_TRUE(rows);
    const std::map<std::string, std::string> expected{
        {"result_id", "R1"},
        {"study", "NCT05872659"},
        {"site", "QILU"},
        {"subject", "S-004"},
        {"visit", "M3"},
        {"visit_kind", "scheduled"},
        {"role", "chosen"},
        {"study_day", "92"},
        {"analyte", "CD4A"},
        {"analyte_name", "CD3+CD4+ T cells, absolute"},
        {"value_reported", "0.00410"},
        {"unit_reported", "K/uL"},
        {"range_reported", "0.4 ~ 1.4"},
        {"flags_reported", "L"},
        {"value_text", "4.10"},
        {"value_num", "4.10"},
        {"unit", "/uL"},
        {"conversion_rule", "x 1000"},
        {"ref_low", "400.0"},
        {"ref_high", "1400"},
        {"range_flag", "LOW"},
        {"lloq", "1.0"},
        {"uloq", "5000"},
        {"result_state", "quantified"},
        {"grade", "1-2"},
        {"grade_scale", "DAIDS"},
        {"status", "F"},
        {"version", "1"},
        {"placement_version", "3"},
        {"reason", "placement-moved"},
        {"derived_from", "RA;RB"},
        {"specimen", "A260701"},
        {"collected_at", "202607010815+0800"},
        {"collected_utc_us", "1782864900000000"},
        {"laboratory", "FLOW"},
        {"method", "TBNK"},
        {"reported_at", "20260701101500"},
        {"received_at", "2026-07-01T08:00:00.000000Z"},
        {"lineage_id", to_string(ObservationId{MessageId{1000}, 1})},
        {"config_hash", "c0ffee"},
    };
    EXPECT_EQ(filled_columns(rows->current), expected);
    EXPECT_EQ(rows->versions, std::vector{rows->current});
    EXPECT_FALSE(rows->derived);
}

TEST(LabRow, OnlyAQuantifiedValueHasANumber) {
    using units::ResultState;
    for (const ResultState state :
         {ResultState::below_lloq, ResultState::not_detected, ResultState::above_uloq,
          ResultState::qualitative, ResultState::no_result, ResultState::not_done,
          ResultState::withdrawn}) {
        delivery::DeliveredResult result = a_result("R1").analyte("HIVVL", "20", "{copies}/mL");
        result.record.versions[0].value.state = state;
        result.record.versions[0].value.comparator = units::Comparator::less;
        const LabRow row = lab_rows(result, kNames)->current;
        EXPECT_EQ(row.value_num, "") << row.result_state;
        EXPECT_EQ(row.comparator, "<");
        EXPECT_EQ(row.value_text, "20");
    }
}

TEST(LabRow, TheCurrentVersionNeedNotBeTheLast) {
    ResultBuilder builder = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    builder.next_version()
        .analyte("CD4A", "399", "/uL")
        .status(study::ObservationStatus::preliminary, "P");
    builder.edit().record.current = 0;
    const LabRows rows = *lab_rows(builder, kNames);
    ASSERT_EQ(rows.versions.size(), 2U);
    EXPECT_EQ(rows.current, rows.versions[0]);
    EXPECT_EQ(rows.current.value_num, "412");
    EXPECT_EQ(rows.versions[1].value_num, "399");
    EXPECT_EQ(rows.versions[1].version, 2);
    EXPECT_EQ(rows.versions[1].visit, "M3");
    EXPECT_NE(rows.versions[0].lineage_id, rows.versions[1].lineage_id);
}

TEST(LabRow, ADerivedVersionIsNamedByAllItsInputs) {
    const ObservationId cd4{MessageId{1}, 2};
    const ObservationId cd8{MessageId{5}, 1};
    const LabRows rows = *lab_rows(
        a_result("R9").analyte("CD4CD8", "0.65", "1").derived("CD4CD8", {cd4, cd8}, {"RA"}),
        kNames);
    EXPECT_TRUE(rows.derived);
    EXPECT_EQ(rows.current.lineage_id, to_string(cd4) + "+" + to_string(cd8));
    EXPECT_EQ(rows.current.derived_from, "RA");
    EXPECT_EQ(rows.current.analyte_name, "CD4CD8") << "without a name the key stands there";
}

TEST(LabRow, AStatusWithoutACodeIsSpelledByItsMeaning) {
    using study::ObservationStatus;
    const std::pair<ObservationStatus, std::string_view> kRows[] = {
        {ObservationStatus::preliminary, "P"}, {ObservationStatus::final, "F"},
        {ObservationStatus::corrected, "C"},   {ObservationStatus::promoted, "U"},
        {ObservationStatus::not_done, "X"},    {ObservationStatus::withdrawn, "W"},
    };
    for (const auto& [status, letter] : kRows) {
        EXPECT_EQ(lab_rows(a_result("R1").status(status, ""), kNames)->current.status, letter);
    }
    EXPECT_EQ(
        lab_rows(a_result("R1").status(ObservationStatus::withdrawn, "D"), kNames)->current.status,
        "D");
}

TEST(LabRow, WhatIsNoLongerForwardedSaysSo) {
    ResultBuilder builder = a_result("R1").analyte("CD4A", "412", "/uL");
    builder.edit().record.placement.forwarded = false;
    EXPECT_EQ(lab_rows(builder, kNames)->current.reason, "not-forwarded");
    builder.reason("screen-failure");
    EXPECT_EQ(lab_rows(builder, kNames)->current.reason, "screen-failure");
}

TEST(LabRow, AnInconsistentRecordIsAnError) {
    const auto code_of = [](auto&& change) {
        delivery::DeliveredResult result = a_result("R1").analyte("CD4A", "412", "/uL");
        change(result);
        const Result<LabRows> rows = lab_rows(result, kNames);
        return rows ? Code::none : rows.error().code;
    };
    EXPECT_EQ(code_of([](auto& r) { r.record.versions.clear(); }), Code::internal_fault);
    EXPECT_EQ(code_of([](auto& r) { r.record.current = 1; }), Code::internal_fault);
    EXPECT_EQ(code_of([](auto& r) { r.received_at.clear(); }), Code::internal_fault);
    EXPECT_EQ(code_of([](auto& r) { r.config_hash.push_back("x"); }), Code::internal_fault);
}

}  // namespace
}  // namespace labrelay::targets
