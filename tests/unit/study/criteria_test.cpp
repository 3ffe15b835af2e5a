#include "labrelay/study/criteria.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "study_builders.hpp"

// What each kind of rule answers is shown by the golden cases in mappings/NCT05872659/eligibility;
// here is what no message can show: combinations, time, and what does not count.
namespace labrelay::study {
namespace {

using namespace testing;  // NOLINT: the builders
using ::testing::HasSubstr;
using Sort = Criterion::Sort;
using State = CriterionStatus;

Decimal number(std::string_view text) {
    return *Decimal::parse(text);
}

LimitRule below(std::string analyte, std::string_view limit) {
    return {std::move(analyte), LimitRule::Side::below, number(limit)};
}

Criterion criterion(Sort sort, std::vector<CriterionRule> rules) {
    Criterion made{"X1", sort, "text", {}};
    for (CriterionRule& rule : rules) {
        made.conditions.push_back({"c" + std::to_string(made.conditions.size()), "", rule});
    }
    return made;
}

/// A trial with one subject, screened from 2026-01-05, and the criteria of a test.
class Screened {
public:
    explicit Screened(SubjectBuilder subject = a_subject().screened("2026-01-05"))
        : subject_(subject), trial_(subject_) {}

    Screened& asks(Criterion criterion) {
        trial_.study().criteria = {std::move(criterion)};
        return *this;
    }
    Screened& takes(const Proposal& proposal) {
        trial_.take(proposal);
        return *this;
    }
    Screened& holds(HeldResult held) {
        held_.push_back(std::move(held));
        return *this;
    }
    Subject& subject() { return subject_; }
    Eligibility stands(std::optional<Instant> until = {}) {
        return evaluate(
            {trial_.state().subjects[SubjectId{1}], subject_, trial_.study(), until, held_});
    }

private:
    Subject subject_;
    Trial trial_;
    std::vector<HeldResult> held_;
};

Proposal count(std::int64_t id, std::string analyte, std::string_view value, std::string_view drawn,
               std::string_view said = "2026-01-10T12:00") {
    return a_message(id).with(an_observation(std::move(analyte), value)
                                  .drawn(drawn)
                                  .said(said)
                                  .specimen("A" + std::to_string(id)));
}

struct Combination {
    Sort sort;
    const char* wbc;  ///< below 4: the condition is so; empty: missing; "?": undecided
    const char* hgb;  ///< below 100
    bool attested;    ///< a third condition that the site attests
    State expected;
    Bearing bearing;
};

constexpr Combination kCombinations[] = {
    // inclusion: all must be so
    {Sort::inclusion, "3", "90", false, State::met, Bearing::not_against},
    {Sort::inclusion, "3", "120", false, State::not_met, Bearing::against},
    {Sort::inclusion, "?", "120", true, State::not_met, Bearing::against},
    {Sort::inclusion, "?", "90", false, State::undecided, Bearing::open},
    {Sort::inclusion, "?", "", true, State::undecided, Bearing::open},
    {Sort::inclusion, "3", "", true, State::missing, Bearing::open},
    {Sort::inclusion, "3", "90", true, State::site_attests, Bearing::site},
    // exclusion: one is enough
    {Sort::exclusion, "5", "120", false, State::not_met, Bearing::not_against},
    {Sort::exclusion, "5", "90", false, State::met, Bearing::against},
    {Sort::exclusion, "", "90", true, State::met, Bearing::against},
    {Sort::exclusion, "?", "120", false, State::undecided, Bearing::open},
    {Sort::exclusion, "?", "", true, State::undecided, Bearing::open},
    {Sort::exclusion, "5", "", false, State::missing, Bearing::open},
    {Sort::exclusion, "5", "120", true, State::site_attests, Bearing::site},
};

ObservationBuilder reported(std::string analyte, std::string_view value) {
    ObservationBuilder builder = an_observation(std::move(analyte), value);
    if (value == "?") {
        builder.state(ResultState::above_uloq, ">1");
    }
    return builder.drawn("2026-01-08T08:00");
}

TEST(Criteria, ConditionsCombineByWhatTheyLeaveOpen) {
    for (const Combination& row : kCombinations) {
        Screened screened;
        std::vector<CriterionRule> rules{below("WBC", "4"), below("HGB", "100")};
        if (row.attested) {
            rules.emplace_back(SiteAttests{});
        }
        screened.asks(criterion(row.sort, rules));
        MessageBuilder message = a_message(1);
        if (*row.wbc != '\0') {
            message.with(reported("WBC", row.wbc));
        }
        if (*row.hgb != '\0') {
            message.with(reported("HGB", row.hgb));
        }
        const CriterionFinding found = screened.takes(message).stands().criteria.front();
        EXPECT_EQ(found.status, row.expected) << "WBC " << row.wbc << ", HGB " << row.hgb;
        EXPECT_EQ(found.bearing, row.bearing) << "WBC " << row.wbc << ", HGB " << row.hgb;
    }
}

TEST(Criteria, OneAgainstOutweighsWhatIsOpenAndNothingIsEverEligible) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4"), below("HGB", "100")}));
    EXPECT_EQ(screened.stands().overall, Overall::undecided);
    screened.takes(count(1, "WBC", "3", "2026-01-08T08:00"));
    EXPECT_EQ(screened.stands().overall, Overall::against);
    screened.takes(count(2, "WBC", "5", "2026-01-09T08:00"));
    EXPECT_EQ(screened.stands().overall, Overall::undecided);
    screened.takes(count(3, "HGB", "140", "2026-01-09T08:00"));
    EXPECT_EQ(screened.stands().overall, Overall::none_against);
    for (const Overall overall : {Overall::none_against, Overall::against, Overall::undecided}) {
        EXPECT_EQ(to_string(overall).find("eligible"), std::string_view::npos);
    }
}

TEST(Criteria, SinceIsTheFirstDayOfAnUnbrokenRun) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "3", "2025-11-01T08:00"))
        .takes(count(2, "WBC", "5", "2025-12-01T08:00"))
        .takes(count(3, "WBC", "3.1", "2026-01-06T08:00"))
        .takes(count(4, "WBC", "3.2", "2026-01-09T08:00"));
    const ConditionFinding found = screened.stands().criteria.front().conditions.front();
    EXPECT_EQ(found.status, State::met);
    ASSERT_TRUE(found.since);
    EXPECT_EQ(labrelay::to_string(*found.since), "2026-01-06");
    ASSERT_EQ(found.evidence.size(), 1U);
    EXPECT_EQ(found.evidence.front().id, (ObservationId{MessageId{4}, 1}));
    EXPECT_FALSE(found.evidence.front().history);
}

TEST(Criteria, HistoryCountsAndSaysSo) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2025-11-01T08:00"));
    const ConditionFinding found = screened.stands().criteria.front().conditions.front();
    EXPECT_EQ(found.status, State::not_met);
    EXPECT_TRUE(found.evidence.front().history);
}

struct DoesNotCount {
    const char* what;
    Status status;
    ResultState state;
    bool shadow;
    const char* remark;
};

constexpr DoesNotCount kDoNotCount[] = {
    {"preliminary", Status::preliminary, ResultState::quantified, false, "preliminary"},
    {"clumped", Status::final, ResultState::no_result, false, "the test gave no result"},
    {"not done", Status::not_done, ResultState::not_done, false, "the test was not done"},
    {"a source in shadow", Status::final, ResultState::quantified, true,
     "a test message, or a source that is not live"},
};

TEST(Criteria, WhatDoesNotCountIsShownWithItsReason) {
    for (const DoesNotCount& row : kDoNotCount) {
        Screened screened;
        screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}));
        ObservationBuilder observation = an_observation("WBC", "3").drawn("2026-01-08T08:00");
        if (row.state != ResultState::quantified) {
            observation.state(row.state, "-");
        }
        observation.status(row.status);
        MessageBuilder message = a_message(1).with(observation);
        if (row.shadow) {
            message.shadow();
        }
        const ConditionFinding found =
            screened.takes(message).stands().criteria.front().conditions.front();
        EXPECT_EQ(found.status, State::missing) << row.what;
        ASSERT_EQ(found.evidence.size(), 1U) << row.what;
        EXPECT_FALSE(found.evidence.front().counts) << row.what;
        EXPECT_EQ(found.evidence.front().remark, row.remark) << row.what;
    }
}

TEST(Criteria, AHeldResultIsNamedWhereItCouldChangeTheAnswer) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4"), below("HGB", "100")}))
        .holds({{MessageId{9}, 1}, Code::unknown_unit, "WBC", "WBC", "3", "furlongs", {}})
        .holds({{MessageId{9}, 2}, Code::unknown_code, "", "WHITE", "3", "", {}});
    const Eligibility found = screened.stands();
    ASSERT_EQ(found.criteria.front().conditions[0].held.size(), 1U);
    EXPECT_EQ(found.criteria.front().conditions[0].held.front().code, "WBC");
    EXPECT_TRUE(found.criteria.front().conditions[1].held.empty());
    ASSERT_EQ(found.held.size(), 1U);
    EXPECT_EQ(found.held.front().code, "WHITE");
}

TEST(Criteria, AHeldResultFromAfterRandomisationCouldChangeNothing) {
    Screened screened;
    screened.subject().randomised_at = when("2026-01-12");
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .holds({{MessageId{9}, 1}, Code::unknown_unit, "WBC", "WBC", "3", "", when("2026-02-01")})
        .holds({{MessageId{9}, 2}, Code::unknown_code, "", "WHITE", "3", "", when("2026-02-01")})
        .holds({{MessageId{9}, 3}, Code::unknown_unit, "WBC", "WBC", "3", "", when("2026-01-11")});
    const Eligibility found = screened.stands();
    ASSERT_EQ(found.criteria.front().conditions.front().held.size(), 1U);
    EXPECT_EQ(found.criteria.front().conditions.front().held.front().id.ordinal, 3);
    EXPECT_TRUE(found.held.empty());
}

TEST(Criteria, TheEvaluationOfAnEarlierTimeKnowsNothingLater) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2026-01-08T08:00", "2026-01-08T15:00"))
        .takes(count(2, "WBC", "3", "2026-01-09T08:00", "2026-01-09T15:00"));
    EXPECT_EQ(screened.stands().overall, Overall::against);
    EXPECT_EQ(screened.stands(instant("2026-01-09T14:00")).overall, Overall::none_against);
    EXPECT_EQ(screened.stands(instant("2026-01-08T14:00")).overall, Overall::undecided);
}

// Randomised on a day without a time: what was reported on that day was known.
TEST(Criteria, WhatWasKnownAtRandomisationIsComparedWithNow) {
    for (const char* randomised : {"2026-01-12", "2026-01-12T12:00"}) {
        Screened screened;
        screened.subject().randomised_at = when(randomised);
        screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
            .takes(count(1, "WBC", "5", "2026-01-08T08:00", "2026-01-12T11:00"));
        EXPECT_TRUE(screened.stands().changed_since.empty()) << randomised;
        screened.takes(a_message(2).with(an_observation("WBC", "3")
                                             .drawn("2026-01-08T08:00")
                                             .said("2026-01-13T09:00")
                                             .status(Status::corrected)
                                             .specimen("A1")));
        const Eligibility found = screened.stands();
        ASSERT_EQ(found.changed_since.size(), 1U) << randomised;
        EXPECT_EQ(found.changed_since.front().then, State::not_met);
        EXPECT_EQ(found.changed_since.front().now, State::met);
        EXPECT_THAT(found.changed_since.front().because_then.text(), HasSubstr("5"));
    }
}

// The answer is the same, the number behind it is not: that is told too.
TEST(Criteria, ACorrectionThatChangesNoAnswerIsToldToo) {
    Screened screened;
    screened.subject().randomised_at = when("2026-01-12");
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2026-01-08T08:00", "2026-01-08T15:00"))
        .takes(a_message(2).with(an_observation("WBC", "6")
                                     .drawn("2026-01-08T08:00")
                                     .said("2026-01-13T09:00")
                                     .status(Status::corrected)
                                     .specimen("A1")));
    const Eligibility found = screened.stands();
    EXPECT_EQ(found.overall, Overall::none_against);
    ASSERT_EQ(found.changed_since.size(), 1U);
    EXPECT_EQ(found.changed_since.front().then, found.changed_since.front().now);
}

TEST(Criteria, OfTheEventsThatEndScreeningTheFirstCounts) {
    Screened screened;
    screened.subject().first_infusion = when("2026-01-20T10:00");
    screened.subject().randomised_at = when("2026-01-15T10:00");
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2026-01-15T09:00"))
        .takes(count(2, "WBC", "3", "2026-01-15T10:30"));
    const Eligibility found = screened.stands();
    ASSERT_TRUE(found.screening_end);
    EXPECT_EQ(found.screening_end->event, ScreeningEnd::Event::randomisation);
    EXPECT_EQ(found.overall, Overall::none_against);
}

TEST(Criteria, WhatIsCollectedAfterAWithdrawalDoesNotCount) {
    Screened screened(a_subject().screened("2026-01-05"));
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2026-01-08T08:00"))
        .takes(count(2, "WBC", "3", "2026-01-11T08:00"));
    EXPECT_EQ(screened.stands().overall, Overall::against);
    screened.subject().withdrawn_at = when("2026-01-10");
    EXPECT_EQ(screened.stands().overall, Overall::none_against);
}

TEST(Criteria, ResultsOfOneMomentThatContradictAreUndecided) {
    Screened screened;
    screened.asks(criterion(Sort::exclusion, {below("WBC", "4")}))
        .takes(count(1, "WBC", "5", "2026-01-08T08:00"))
        .takes(count(2, "WBC", "3", "2026-01-08T08:00"));
    const ConditionFinding found = screened.stands().criteria.front().conditions.front();
    EXPECT_EQ(found.status, State::undecided);
    EXPECT_EQ(found.evidence.size(), 2U);
}

// Three below the limit, each two months before the next.
TEST(Criteria, SuppressionCountsAsManyAsItIsTold) {
    SuppressionRule rule{"HIVVL", {}, 3, 2, number("50")};
    Screened screened;
    screened.asks(criterion(Sort::inclusion, {rule}))
        .takes(count(1, "HIVVL", "20", "2025-09-06T08:00"))
        .takes(count(2, "HIVVL", "20", "2025-11-07T08:00"))
        .takes(count(3, "HIVVL", "20", "2026-01-06T08:00"));
    EXPECT_EQ(screened.stands().criteria.front().status, State::missing);
    screened.takes(count(4, "HIVVL", "30", "2026-01-07T08:00"));
    const ConditionFinding found = screened.stands().criteria.front().conditions.front();
    EXPECT_EQ(found.status, State::met);
    EXPECT_EQ(found.evidence.size(), 3U);
}

TEST(Criteria, AStudyWithoutCriteriaSaysNothingAgainst) {
    Screened screened;
    EXPECT_TRUE(screened.stands().criteria.empty());
}

}  // namespace
}  // namespace labrelay::study
