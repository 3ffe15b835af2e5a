// The view cd4_by_visit against what trial.md says of baseline and change.

#include <gmock/gmock.h>

#include "study_file_test.hpp"

namespace labrelay::targets {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class Cd4ByVisit : public StudyFileTest {
protected:
    /// A result on a study day; `visit` empty: unscheduled. Collected at 08:00 of the day, plus
    /// minutes.
    ResultBuilder on(std::string_view visit, int day, std::string_view analyte,
                     std::string_view value, int minutes = 0) {
        ResultBuilder result = a_result("R" + std::to_string(++results_));
        result.analyte(analyte, value, "");
        constexpr std::int64_t kMinute = 60'000'000;
        result.collected("202607010800", day * 1440 * kMinute + minutes * kMinute);
        if (visit.empty()) {
            return result.outside_visits(study::VisitKind::unscheduled, day);
        }
        return result.at_visit(visit, day);
    }
    std::vector<Cd4Visit> visits(std::vector<delivery::DeliveredResult> results) {
        SqlTarget target = open_target();
        EXPECT_EQ(target.deliver({a_delivery(++deliveries_, std::move(results))}).kind,
                  Kind::delivered);
        Result<std::vector<Cd4Visit>> rows = reader().cd4_by_visit();
        EXPECT_TRUE(rows) << describe(rows.error());
        return *rows;
    }

    /// `inputs analyte change percent` of every row of change_from_baseline, the numbers in tenths:
    /// the engines print a whole one differently.
    std::vector<std::string> changes() {
        sql::Connection database = direct();
        auto statement = database.prepare(
            "SELECT derived_from || ' ' || analyte || ' ' || CAST(round(change * 10) AS BIGINT) || "
            "' ' || CAST(round(change_percent * 10) AS BIGINT) "
            "FROM change_from_baseline ORDER BY result_id");
        std::vector<std::string> rows;
        while (statement.step()) {
            rows.push_back(statement.string(0));
        }
        return rows;
    }

    /// `measure result_id` of every row of lab_baseline.
    std::vector<std::string> baselines() {
        sql::Connection database = direct();
        auto statement =
            database.prepare("SELECT measure || ' ' || result_id FROM lab_baseline ORDER BY 1");
        std::vector<std::string> rows;
        while (statement.step()) {
            rows.push_back(statement.string(0));
        }
        return rows;
    }

    int results_ = 0;
    int deliveries_ = 0;
};

// tests/unit/targets/sdtm_rows_test.cpp asks --LOBXFL the same.
TEST_F(Cd4ByVisit, OfTwoAtOneTimeTheSmallerIdIsTheBaseline) {
    const ResultBuilder first = on("SCR", -7, "CD4A", "180");
    const ResultBuilder second = on("SCR", -7, "CD4A", "190");
    const ResultBuilder third = on("SCR", -7, "CD4A", "200");
    visits({second, first, third});
    EXPECT_THAT(baselines(), ElementsAre("CD4A R1"));
}

TEST_F(Cd4ByVisit, ShowsTheFourValuesAndTheChangeFromTheDosingVisit) {
    const std::vector<Cd4Visit> rows = visits(
        {on("SCR", -20, "CD4A", "180"), on("M0", 1, "CD4A", "200"), on("M0", 1, "CD8A", "800"),
         on("M0", 1, "CD4CD8", "0.25"), on("M0", 1, "HIVVL", "1000"), on("M3", 92, "CD4A", "301"),
         on("M3", 92, "HIVVL", "10")});
    ASSERT_THAT(rows, SizeIs(3));
    EXPECT_EQ(rows[0].visit, "SCR");
    EXPECT_EQ(rows[0].cd4, "180");
    EXPECT_EQ(rows[0].cd4_change, "") << "no change before the baseline";
    EXPECT_EQ(rows[1].visit, "M0");
    EXPECT_EQ(rows[1].study_day, 1);
    EXPECT_EQ(rows[1].cd4, "200");
    EXPECT_EQ(rows[1].cd8, "800");
    EXPECT_EQ(rows[1].cd4_cd8, "0.25");
    EXPECT_EQ(rows[1].viral_load, "1000");
    EXPECT_EQ(rows[1].cd4_change, "");
    EXPECT_EQ(rows[2].visit, "M3");
    EXPECT_EQ(rows[2].cd4, "301");
    EXPECT_EQ(rows[2].cd8, "");
    EXPECT_EQ(rows[2].cd4_change, "101.0");
    EXPECT_EQ(rows[2].cd4_change_percent, "50.5");
    EXPECT_EQ(rows[2].viral_load_change_log10, "-2.0");
}

TEST_F(Cd4ByVisit, TheBaselineIsTheLastValidResultBeforeTheInfusion) {
    struct Row {
        const char* why;
        std::vector<delivery::DeliveredResult> before;
        const char* change;
    };
    const std::vector<Row> kRows{
        {"screening where the dosing visit has none", {on("SCR", -20, "CD4A", "180")}, "120.0"},
        {"an unscheduled draw after screening",
         {on("SCR", -20, "CD4A", "180"), on("", -5, "CD4A", "190")},
         "110.0"},
        {"blood drawn on the infusion day but not at the visit came after it",
         {on("SCR", -20, "CD4A", "180"), on("", 1, "CD4A", "190")},
         "120.0"},
        {"a draw without a valid value is passed over",
         {on("SCR", -20, "CD4A", "180"),
          on("M0", 1, "CD4A", "0").without_number(units::ResultState::no_result, "clotted")},
         "120.0"},
        {"a preliminary value is not valid yet",
         {on("SCR", -20, "CD4A", "180"),
          on("M0", 1, "CD4A", "250").status(study::ObservationStatus::preliminary, "P")},
         "120.0"},
        {"a last valid value without a number gives no change",
         {on("SCR", -20, "CD4A", "180"),
          on("M0", 1, "CD4A", "0").without_number(units::ResultState::below_lloq, "<1")},
         ""},
        {"two draws of one day: the later",
         {on("M0", 1, "CD4A", "170", 10).role(study::Role::additional),
          on("M0", 1, "CD4A", "160", 30)},
         "140.0"},
        {"nothing from before screening",
         {on("", -100, "CD4A", "100").outside_visits(study::VisitKind::history, -100)},
         ""},
        {"nothing at all", {}, ""},
    };
    for (const Row& row : kRows) {
        start_over();
        std::vector<delivery::DeliveredResult> results = row.before;
        results.push_back(on("M3", 92, "CD4A", "300"));
        const std::vector<Cd4Visit> rows = visits(results);
        ASSERT_FALSE(rows.empty()) << row.why;
        EXPECT_EQ(rows.back().visit, "M3") << row.why;
        EXPECT_EQ(rows.back().cd4_change, row.change) << row.why;
    }
}

TEST_F(Cd4ByVisit, ViralLoadChangesOnlyBetweenNumbers) {
    const std::vector<Cd4Visit> rows =
        visits({on("M0", 1, "HIVVL", "1000"),
                on("M3", 92, "HIVVL", "0").without_number(units::ResultState::below_lloq, "<20"),
                on("M6", 184, "HIVVL", "0")
                    .without_number(units::ResultState::not_detected, "NOT DETECTED"),
                on("M12", 366, "HIVVL", "25000")});
    ASSERT_THAT(rows, SizeIs(4));
    EXPECT_EQ(rows[1].viral_load, "<20");
    EXPECT_EQ(rows[1].viral_load_change_log10, "");
    EXPECT_EQ(rows[2].viral_load, "NOT DETECTED");
    EXPECT_EQ(rows[2].viral_load_change_log10, "");
    EXPECT_EQ(rows[3].viral_load_change_log10, "1.4");
}

TEST_F(Cd4ByVisit, AReportedRatioStandsBeforeTheDerivedOne) {
    ResultBuilder derived = on("M3", 92, "CD4CD8", "0.251");
    derived.derived("CD4CD8", {ObservationId{MessageId{1}, 1}}, {"R1"});
    EXPECT_EQ(visits({derived}).at(0).cd4_cd8, "0.251");
    EXPECT_EQ(visits({derived, on("M3", 92, "CD4CD8", "0.25")}).at(0).cd4_cd8, "0.25");
}

TEST_F(Cd4ByVisit, AdditionalAndUnscheduledResultsHaveNoRow) {
    const std::vector<Cd4Visit> rows = visits(
        {on("M3", 92, "CD4A", "300"), on("M3", 95, "CD4A", "999").role(study::Role::additional),
         on("", 120, "CD4A", "998"), on("M6", 184, "ALT", "30")});
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].cd4, "300");
}

TEST_F(Cd4ByVisit, Cd8AndRatioTakeTheBaselineOfTheSpecimenThatGaveCd4) {
    const auto of = [](ResultBuilder result, std::string_view specimen) {
        result.edit().specimen = specimen;
        return result;
    };
    const std::vector<delivery::DeliveredResult> after{of(on("M3", 92, "CD4A", "300"), "X"),
                                                       of(on("M3", 92, "CD8A", "900"), "X"),
                                                       of(on("M3", 92, "CD4CD8", "0.333"), "X")};
    std::vector<delivery::DeliveredResult> results = after;
    results.push_back(of(on("SCR", -20, "CD4A", "180"), "S"));
    results.push_back(of(on("SCR", -20, "CD8A", "720"), "S"));
    results.push_back(of(on("SCR", -20, "CD4CD8", "0.250"), "S"));
    std::vector<Cd4Visit> rows = visits(results);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[1].cd8_change, "180.0");
    EXPECT_EQ(rows[1].cd8_change_percent, "25.0");
    EXPECT_EQ(rows[1].cd4_cd8_change, "0.083");
    EXPECT_EQ(rows[1].cd4_cd8_change_percent, "33.2");

    // A later CD4 without its CD8: the older CD8 is of another blood and no baseline beside it.
    results.push_back(of(on("M0", 1, "CD4A", "200"), "M"));
    start_over();
    rows = visits(results);
    ASSERT_THAT(rows, SizeIs(3));
    EXPECT_EQ(rows[2].cd4_change, "100.0");
    EXPECT_EQ(rows[2].cd8_change, "");
    EXPECT_EQ(rows[2].cd4_cd8_change, "");
}

TEST_F(Cd4ByVisit, TheViralLoadChangesBetweenWhatWasMeasured) {
    // 4.2 alone was reported at the baseline: its derived copies have one digit and do not serve.
    ResultBuilder derived = on("M0", 1, "HIVVL", "20000");
    derived.derived("HIVVL", {ObservationId{MessageId{1}, 1}}, {"R1"});
    ResultBuilder log_of_copies = on("M3", 92, "HIVVLLOG", "3.00");
    log_of_copies.derived("HIVVLLOG", {ObservationId{MessageId{2}, 1}}, {"R3"});
    const std::vector<Cd4Visit> rows = visits(
        {on("M0", 1, "HIVVLLOG", "4.2"), derived, on("M3", 92, "HIVVL", "1005"), log_of_copies});
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[0].viral_load, "20000");
    EXPECT_EQ(rows[1].viral_load_change_log10, "-1.2");
}

TEST_F(Cd4ByVisit, AChangeNamesItsInputsAndFollowsThem) {
    const auto baseline = on("M0", 1, "CD4A", "200");
    SqlTarget target = open_target();
    ASSERT_EQ(target.deliver({a_delivery(1, {baseline, on("", 120, "CD4A", "250")})}).kind,
              Kind::delivered);
    EXPECT_THAT(changes(), ElementsAre("R1+R2 CD4A 500 250"));

    ResultBuilder corrected = baseline;
    corrected.next_version().analyte("CD4A", "210", "");
    corrected.status(study::ObservationStatus::corrected, "C");
    ASSERT_EQ(target.deliver({a_delivery(2, {corrected})}).kind, Kind::delivered);
    EXPECT_THAT(changes(), ElementsAre("R1+R2 CD4A 400 190"));

    // Day 0 was entered wrongly: the baseline's blood was drawn after the infusion.
    corrected.at_visit("M1", 20);
    ASSERT_EQ(target.deliver({a_delivery(3, {corrected})}).kind, Kind::delivered);
    EXPECT_THAT(changes(), ElementsAre());
}

TEST_F(Cd4ByVisit, SubjectsDoNotMix) {
    const std::vector<Cd4Visit> rows =
        visits({on("M0", 1, "CD4A", "200"), on("M3", 92, "CD4A", "300"),
                on("M0", 1, "CD4A", "100").of("S-005"), on("M3", 92, "CD4A", "150").of("S-005")});
    ASSERT_THAT(rows, SizeIs(4));
    EXPECT_EQ(rows[1].subject, "S-004");
    EXPECT_EQ(rows[1].cd4_change, "100.0");
    EXPECT_EQ(rows[3].subject, "S-005");
    EXPECT_EQ(rows[3].cd4_change, "50.0");
}

TEST_F(Cd4ByVisit, WithoutAStudyDayThereIsNoBaseline) {
    ResultBuilder screening = on("SCR", 1, "CD4A", "180");
    screening.at_visit("SCR", std::nullopt);
    const std::vector<Cd4Visit> rows = visits({screening});
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].cd4, "180");
    EXPECT_EQ(rows[0].study_day, std::nullopt);
    EXPECT_EQ(rows[0].cd4_change, "");
}

}  // namespace
}  // namespace labrelay::targets
