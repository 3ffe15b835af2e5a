#include <gtest/gtest.h>

#include <algorithm>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

constexpr const char* kDrawn = "2026-01-12T08:00";

Subject subject() {
    return a_subject().consented("2026-01-10");
}

ObservationBuilder measured(std::string analyte, std::string_view value, const char* said) {
    return an_observation(std::move(analyte), value).drawn(kDrawn).said(said);
}

std::vector<Code> findings(const Outcome& outcome, std::size_t at) {
    std::vector<Code> codes;
    for (const Finding& finding : outcome.observations.at(at).findings) {
        codes.push_back(finding.code);
    }
    return codes;
}

const ResultRecord* ratio(Trial& trial) {
    return trial.result("CD4CD8", "A1", true);
}
const ResultRecord* copies(Trial& trial) {
    return trial.result("HIVVL", "A1", true);
}

TEST(DerivedRatio, ComesFromTheCountsOfOneSpecimen) {
    const std::vector<std::array<const char*, 3>> rows{
        {"412", "815", "0.506"},  {"500", "500", "1.00"}, {"35", "815", "0.0429"},
        {"1201", "1015", "1.18"}, {"0", "815", "0"},      {"200", "3", "66.7"}};
    for (const auto& [cd4, cd8, expected] : rows) {
        Trial trial(subject());
        trial.take(a_message(1)
                       .with(measured("CD4A", cd4, "2026-01-12T10:00"))
                       .with(measured("CD8A", cd8, "2026-01-12T10:00")));
        const ResultRecord* record = ratio(trial);
        ASSERT_NE(record, nullptr);
        const StoredVersion& version = record->current_version();
        EXPECT_EQ(version.value.value_num, Decimal::parse(expected)) << cd4;
        EXPECT_EQ(version.value.unit, "1");
        EXPECT_EQ(version.inputs,
                  (std::vector<ObservationId>{{MessageId{1}, 1}, {MessageId{1}, 2}}));
        EXPECT_EQ(version.id, (ObservationId{MessageId{1}, 2}));
        EXPECT_EQ(record->key.derived, "CD4CD8");
        EXPECT_EQ(record->key.code, "");
        EXPECT_EQ(record->placement.visit, "SCR");
        EXPECT_EQ(record->number, 3);
    }
}

TEST(DerivedRatio, NeedsBothCountsAndADivisor) {
    Trial trial(subject());
    trial.take(a_message(1).with(measured("CD4A", "412", "2026-01-12T10:00")));
    EXPECT_EQ(ratio(trial), nullptr);
    trial.take(a_message(2).with(measured("CD8A", "0", "2026-01-12T10:00")));
    EXPECT_EQ(ratio(trial), nullptr);
    trial.take(a_message(3).with(measured("CD8A", "815", "2026-01-12T10:00").specimen("A2")));
    EXPECT_EQ(ratio(trial), nullptr);
}

TEST(DerivedRatio, FollowsItsInputsVersions) {
    Trial trial(subject());
    trial.take(a_message(1)
                   .with(measured("CD4A", "412", "2026-01-12T10:00").status(Status::preliminary))
                   .with(measured("CD8A", "815", "2026-01-12T10:00")));
    EXPECT_EQ(ratio(trial)->current_version().status, Status::preliminary);
    trial.take(a_message(2).with(measured("CD4A", "412", "2026-01-12T11:00")));
    EXPECT_EQ(ratio(trial)->current_version().status, Status::final);
    trial.take(
        a_message(3).with(measured("CD4A", "421", "2026-01-12T12:00").status(Status::corrected)));
    EXPECT_EQ(ratio(trial)->current_version().value.value_text, "0.517");
    EXPECT_EQ(ratio(trial)->current_version().status, Status::corrected);
    trial.take(
        a_message(4).with(measured("CD8A", "0", "2026-01-12T13:00").status(Status::withdrawn)));
    EXPECT_EQ(ratio(trial)->current_version().value.state, ResultState::withdrawn);
    EXPECT_EQ(ratio(trial)->versions.size(), 4U);
    EXPECT_EQ(trial.results().size(), 3U);
}

TEST(DerivedRatio, FlagsTheRangeOfTheSubjectsSex) {
    Trial trial(a_subject().consented("2026-01-10").male());
    Analyte& analyte = trial.rules().analytes[1];
    analyte.references = {{Sex::male, {}, {}, {Decimal::parse("0.68"), Decimal::parse("2.73")}}};
    trial.take(a_message(1)
                   .with(measured("CD4A", "412", "2026-01-12T10:00"))
                   .with(measured("CD8A", "815", "2026-01-12T10:00")));
    EXPECT_EQ(ratio(trial)->current_version().value.range_flag, "LOW");
}

TEST(DerivedRatio, IsNotMadeForAStudyWithoutIt) {
    Trial trial(subject());
    std::erase(trial.study().panels[0].analytes, "CD4CD8");
    trial.take(a_message(1)
                   .with(measured("CD4A", "412", "2026-01-12T10:00"))
                   .with(measured("CD8A", "815", "2026-01-12T10:00")));
    EXPECT_EQ(ratio(trial), nullptr);
}

TEST(DerivedRatio, TakesTheUsableRunOfARepeatedMeasurement) {
    Trial trial(subject());
    trial.take(a_message(1)
                   .with(measured("CD4A", "0", "2026-01-12T10:00")
                             .sub_id("1")
                             .state(ResultState::no_result, "Invalid"))
                   .with(measured("CD4A", "412", "2026-01-12T10:00").sub_id("2"))
                   .with(measured("CD8A", "815", "2026-01-12T10:00").sub_id("3")));
    EXPECT_EQ(ratio(trial)->current_version().value.value_text, "0.506");
}

TEST(ReportedRatio, IsComparedWithTheCounts) {
    struct Row {
        const char* reported;
        bool differs;
    };
    // 412 / 815 is 0.50552…, and 0.50460 to 0.50645 with the rounding of the counts.
    for (const Row& row :
         {Row{"0.51", false}, Row{"0.5", false}, Row{"0.506", false}, Row{"0.507", true},
          Row{"0.52", true}, Row{"0.508", true}, Row{"0.49", true}, Row{"1.98", true}}) {
        Trial trial(subject());
        const Outcome outcome =
            trial.take(a_message(1)
                           .with(measured("CD4A", "412", "2026-01-12T10:00"))
                           .with(measured("CD8A", "815", "2026-01-12T10:00"))
                           .with(measured("CD4CD8", row.reported, "2026-01-12T10:00")));
        const std::vector<Code> expected =
            row.differs ? std::vector{Code::ratio_differs} : std::vector<Code>{};
        EXPECT_EQ(findings(outcome, 2), expected) << row.reported;
        EXPECT_EQ(outcome.counts.stored, 3);
        EXPECT_NE(trial.result("CD4CD8"), nullptr);
        EXPECT_NE(ratio(trial), nullptr);
    }
}

TEST(DerivedCopies, StandForALogValueThatCameAlone) {
    Trial trial(subject());
    trial.take(a_message(1).with(measured("HIVVLLOG", "1.70", "2026-01-12T10:00")));
    const ResultRecord* record = copies(trial);
    ASSERT_NE(record, nullptr);
    const ResultValue& value = record->current_version().value;
    EXPECT_EQ(value.state, ResultState::quantified);
    EXPECT_EQ(value.value_num, Decimal::parse("50"));
    EXPECT_EQ(value.value_text, "50 (49.5 to 50.7)");
    EXPECT_EQ(value.unit, "{copies}/mL");
    EXPECT_NE(trial.result("HIVVLLOG"), nullptr);
}

TEST(DerivedCopies, KeepLimitsAsLimits) {
    Trial trial(subject());
    trial.take(a_message(1).with(
        measured("HIVVLLOG", "0", "2026-01-12T10:00").state(ResultState::below_lloq, "<1.30")));
    EXPECT_EQ(copies(trial)->current_version().value.state, ResultState::below_lloq);
    EXPECT_EQ(copies(trial)->current_version().value.value_text, "<20");
    EXPECT_FALSE(copies(trial)->current_version().value.value_num.has_value());

    Trial other(subject());
    other.take(a_message(1).with(measured("HIVVLLOG", "0", "2026-01-12T10:00")
                                     .state(ResultState::not_detected, "NOT DETECTED")));
    EXPECT_EQ(copies(other)->current_version().value.state, ResultState::not_detected);
}

TEST(DerivedCopies, AreNotMadeBesideMeasuredOnes) {
    Trial trial(subject());
    const Outcome outcome = trial.take(a_message(1)
                                           .with(measured("HIVVLLOG", "1.70", "2026-01-12T10:00"))
                                           .with(measured("HIVVL", "50", "2026-01-12T10:00")));
    EXPECT_EQ(copies(trial), nullptr);
    EXPECT_EQ(outcome.changes.size(), 2U);
}

TEST(DerivedCopies, MakeRoomForMeasuredOnesThatComeLater) {
    Trial trial(subject());
    trial.take(a_message(1).with(measured("HIVVLLOG", "1.70", "2026-01-12T10:00")));
    trial.deliver_all();
    const Outcome outcome =
        trial.take(a_message(2).with(measured("HIVVL", "51", "2026-01-12T11:00")));
    EXPECT_EQ(copies(trial)->current_version().value.state, ResultState::withdrawn);
    EXPECT_FALSE(copies(trial)->placement.forwarded);
    EXPECT_TRUE(copies(trial)->delivered);
    EXPECT_EQ(outcome.changes.size(), 2U);

    const Outcome next = trial.take(
        a_message(3).with(measured("HIVVL", "52", "2026-01-12T12:00").status(Status::corrected)));
    EXPECT_EQ(next.changes.size(), 1U);
}

const ResultRecord* logarithm(Trial& trial) {
    return trial.result("HIVVLLOG", "A1", true);
}

TEST(DerivedLogarithm, ComesFromCopiesThatCameAlone) {
    const std::vector<std::array<const char*, 2>> rows{
        {"388", "2.59"},  {"50", "1.70"},       {"49.9", "1.70"},   {"1000", "3.00"},
        {"36.7", "1.56"}, {"10000000", "7.00"}, {"161152", "5.21"}, {"0.5", "-0.30"}};
    for (const auto& [copies, expected] : rows) {
        Trial trial(subject());
        trial.take(a_message(1).with(measured("HIVVL", copies, "2026-01-12T10:00")));
        const ResultRecord* record = logarithm(trial);
        ASSERT_NE(record, nullptr) << copies;
        const StoredVersion& version = record->current_version();
        EXPECT_EQ(version.value.value_text, expected) << copies;
        EXPECT_EQ(version.value.state, ResultState::quantified);
        EXPECT_EQ(version.value.unit, "{Log_copies}/mL");
        EXPECT_EQ(version.value.conversion_rule,
                  "derived: log10 of HIVVL, 2 digits behind the point");
        EXPECT_EQ(version.inputs, (std::vector<ObservationId>{{MessageId{1}, 1}}));
    }
}

TEST(DerivedLogarithm, StandsForItselfUnrounded) {
    Trial trial(subject());
    trial.take(a_message(1).with(measured("HIVVL", "50", "2026-01-12T10:00")));
    const ResultValue& value = logarithm(trial)->current_version().value;
    ASSERT_TRUE(value.least && value.most);
    EXPECT_EQ(value.least->to_string(), "1.6989700043355");
    EXPECT_EQ(value.most->to_string(), "1.6989700043365");
}

TEST(DerivedLogarithm, IsMadeOfNumbersOnly) {
    for (const auto& [state, text] :
         {std::pair(ResultState::below_lloq, "<20"), std::pair(ResultState::not_detected, "TND"),
          std::pair(ResultState::above_uloq, ">10000000"),
          std::pair(ResultState::no_result, "NO RESULT")}) {
        Trial trial(subject());
        trial.take(
            a_message(1).with(measured("HIVVL", "0", "2026-01-12T10:00").state(state, text)));
        EXPECT_EQ(logarithm(trial), nullptr) << text;
    }
    Trial zero(subject());
    zero.take(a_message(1).with(measured("HIVVL", "0", "2026-01-12T10:00")));
    EXPECT_EQ(logarithm(zero), nullptr);
}

TEST(DerivedLogarithm, FollowsACorrectionAndMakesRoomForAReportedOne) {
    Trial trial(subject());
    trial.take(a_message(1).with(measured("HIVVL", "388", "2026-01-12T10:00")));
    trial.take(
        a_message(2).with(measured("HIVVL", "3880", "2026-01-12T11:00").status(Status::corrected)));
    EXPECT_EQ(logarithm(trial)->current_version().value.value_text, "3.59");
    EXPECT_EQ(logarithm(trial)->current_version().status, Status::corrected);
    trial.take(a_message(3).with(measured("HIVVLLOG", "3.59", "2026-01-12T12:00")));
    EXPECT_EQ(logarithm(trial)->current_version().value.state, ResultState::withdrawn);
    EXPECT_FALSE(logarithm(trial)->placement.forwarded);
    EXPECT_NE(trial.result("HIVVLLOG"), nullptr);
    EXPECT_EQ(copies(trial), nullptr);
}

/// A trial that takes the cytometer's lymphocytes and the blood count's.
Trial trial_of_lymphocytes() {
    Trial trial(subject());
    for (const char* analyte : {"CD45A", "LYM"}) {
        trial.study().panels[0].analytes.emplace_back(analyte);
    }
    return trial;
}

const ResultRecord* percent(Trial& trial) {
    return trial.result("CD4P", "A1", true);
}

TEST(DerivedPercent, ComesFromTheCytometersOwnLymphocytes) {
    const std::vector<std::array<const char*, 3>> rows{{"412", "1650", "25.0"},
                                                       {"259", "1200", "21.6"},
                                                       {"35", "1650", "2.12"},
                                                       {"1200", "1200", "100"},
                                                       {"0", "1200", "0"}};
    for (const auto& [cd4, cd45, expected] : rows) {
        Trial trial = trial_of_lymphocytes();
        trial.take(a_message(1)
                       .with(measured("CD4A", cd4, "2026-01-12T10:00"))
                       .with(measured("CD45A", cd45, "2026-01-12T10:00")));
        const ResultRecord* record = percent(trial);
        ASSERT_NE(record, nullptr) << cd4;
        const StoredVersion& version = record->current_version();
        EXPECT_EQ(version.value.value_num, Decimal::parse(expected)) << cd4;
        EXPECT_EQ(version.value.unit, "%");
        EXPECT_EQ(version.value.conversion_rule,
                  "derived: 100 x CD4A / CD45A, 3 significant digits");
        EXPECT_EQ(version.inputs,
                  (std::vector<ObservationId>{{MessageId{1}, 1}, {MessageId{1}, 2}}));
    }
}

TEST(DerivedPercent, IsNotMadeOfOtherLymphocytesNorBesideAReportedOne) {
    struct Row {
        const char* why;
        MessageBuilder message;
    };
    const auto cd4 = [] { return measured("CD4A", "412", "2026-01-12T10:00"); };
    const std::vector<Row> rows{
        {"the blood count's lymphocytes are another platform's",
         a_message(1).with(cd4()).with(measured("LYM", "1650", "2026-01-12T10:00"))},
        {"another tube", a_message(1).with(cd4()).with(
                             measured("CD45A", "1650", "2026-01-12T10:00").specimen("A2"))},
        {"more than all",
         a_message(1).with(cd4()).with(measured("CD45A", "400", "2026-01-12T10:00"))},
        {"none at all", a_message(1).with(cd4()).with(measured("CD45A", "0", "2026-01-12T10:00"))},
        {"the percent was reported", a_message(1)
                                         .with(cd4())
                                         .with(measured("CD45A", "1650", "2026-01-12T10:00"))
                                         .with(measured("CD4P", "25.1", "2026-01-12T10:00"))},
    };
    for (const Row& row : rows) {
        Trial trial = trial_of_lymphocytes();
        trial.take(row.message);
        EXPECT_EQ(percent(trial), nullptr) << row.why;
    }
}

TEST(DerivedPercent, IsTheSameInEveryOrderOfArrival) {
    const std::vector<Proposal> messages{
        a_message(1).with(measured("CD4A", "412", "2026-01-12T10:00")),
        a_message(2).with(measured("CD45A", "1650", "2026-01-12T10:05")),
        a_message(3).with(measured("CD45A", "1560", "2026-01-12T11:00").status(Status::corrected)),
        a_message(4).with(measured("CD4A", "421", "2026-01-12T12:00").status(Status::corrected))};
    std::array<std::size_t, 4> order{0, 1, 2, 3};
    do {
        Trial trial = trial_of_lymphocytes();
        for (const std::size_t index : order) {
            trial.take(messages[index]);
        }
        const ResultRecord* record = percent(trial);
        ASSERT_NE(record, nullptr);
        std::vector<std::string> values;
        for (const StoredVersion& version : record->versions) {
            values.push_back(version.value.value_text);
        }
        EXPECT_EQ(values, (std::vector<std::string>{"25.0", "26.4", "27.0"}));
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(LogAndCopies, AreCompared) {
    struct Row {
        const char* copies;
        const char* log;
        std::vector<Severity> expected;
    };
    const std::vector<Row> rows{{"50", "1.70", {}},
                                {"50", "1.7", {}},
                                {"52", "1.70", {Severity::note}},
                                {"50000", "1.70", {Severity::warning}},
                                {"0", "1.70", {}}};
    for (const Row& row : rows) {
        Trial trial(subject());
        const Outcome outcome =
            trial.take(a_message(1)
                           .with(measured("HIVVL", row.copies, "2026-01-12T10:00"))
                           .with(measured("HIVVLLOG", row.log, "2026-01-12T10:00")));
        std::vector<Severity> severities;
        for (const Finding& finding : outcome.observations[1].findings) {
            EXPECT_EQ(finding.code, Code::log_differs);
            EXPECT_EQ(finding.place.text, "OBX[2]");
            severities.push_back(finding.severity);
        }
        EXPECT_EQ(severities, row.expected) << row.copies << " " << row.log;
    }
}

}  // namespace
}  // namespace labrelay::study::testing
