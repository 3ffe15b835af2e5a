#include "labrelay/study/completeness.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "study_builders.hpp"

namespace labrelay::study {
namespace {

using namespace testing;  // NOLINT: the builders

/// The trial of the builders; its visits expect a count, a viral load by one of two analytes, and a
/// pregnancy test of those who can bear children.
class Scheduled {
public:
    explicit Scheduled(Subject subject) : subject_(std::move(subject)), trial_(subject_) {
        StudyDefinition& study = trial_.study();
        study.panels[0].expects = {{"CD4A"}};
        study.panels[1].expects = {{"HIVVL", "HIVVLLOG"}};
        study.panels[2].expects = {{"WBC"}, {"HGB"}};
        study.panels.push_back({"HCG", "", {"HCG"}, {{"HCG"}}, true});
        for (Visit& visit : study.visits) {
            visit.panels = {"CD4", "VL", "CBC"};
        }
        study.visits.front().panels.emplace_back("HCG");
    }
    Subject& subject() { return subject_; }
    Trial& trial() { return trial_; }
    Scheduled& takes(const Proposal& proposal) {
        trial_.take(proposal);
        return *this;
    }
    Scheduled& holds(HeldResult held) {
        held_.push_back(std::move(held));
        return *this;
    }
    Completeness at(std::string_view iso) {
        return complete(
            {trial_.state().subjects[SubjectId{1}], subject_, trial_.study(), instant(iso), held_});
    }
    ExpectedVisit visit(std::string_view id, std::string_view iso) {
        const Completeness completeness = at(iso);
        return *std::ranges::find(completeness.visits, id, &ExpectedVisit::id);
    }

private:
    Subject subject_;
    Trial trial_;
    std::vector<HeldResult> held_;
};

SubjectBuilder screened() {
    return a_subject().screened("2026-01-05").male();
}

const ExpectedItem& item(const ExpectedVisit& visit, std::string_view panel,
                         std::size_t index = 0) {
    return std::ranges::find(visit.panels, panel, &ExpectedPanel::id)->items[index];
}

struct WindowCase {
    const char* today;
    WindowState state;
    int days;
};

constexpr WindowCase kScreening[] = {
    {"2026-01-01T12:00", WindowState::not_yet_open, 4},
    {"2026-01-05T00:10", WindowState::open, 28},
    {"2026-02-02T23:50", WindowState::open, 0},
    {"2026-02-03T00:10", WindowState::closed, 1},
    {"2026-03-05T12:00", WindowState::closed, 31},
};

// By the site's calendar: ten past midnight there is the day before in UTC.
TEST(Completeness, AWindowIsOpenFromItsFirstToItsLastDay) {
    Scheduled scheduled(screened());
    for (const WindowCase& row : kScreening) {
        const ExpectedVisit visit = scheduled.visit("SCR", row.today);
        EXPECT_EQ(visit.window, row.state) << row.today;
        EXPECT_EQ(visit.days, row.days) << row.today;
        EXPECT_EQ(visit.count(ItemState::missing), 4U) << row.today;
    }
}

TEST(Completeness, WhatIsNotKnownIsNotMissing) {
    Scheduled scheduled(screened());
    EXPECT_EQ(scheduled.visit("M3", "2026-03-05T12:00").window, WindowState::unknown);
    EXPECT_TRUE(scheduled.at("2026-03-05T12:00").misses_in_closed_window());
    EXPECT_FALSE(scheduled.at("2026-01-06T12:00").misses_in_closed_window());
}

TEST(Completeness, OneOfTheAlternativesIsEnough) {
    Scheduled scheduled(screened());
    scheduled.takes(a_message(1)
                        .with(an_observation("CD4A", "412").drawn("2026-01-07T08:00"))
                        .with(an_observation("HIVIU", "30").drawn("2026-01-07T08:00")));
    EXPECT_EQ(item(scheduled.visit("SCR", "2026-01-08T08:00"), "VL").state, ItemState::missing);
    scheduled.takes(a_message(2).with(
        an_observation("HIVVLLOG", "1.30").unit("{Log_copies}/mL").drawn("2026-01-07T08:00")));
    const ExpectedVisit visit = scheduled.visit("SCR", "2026-01-08T08:00");
    EXPECT_EQ(item(visit, "VL").state, ItemState::there);
    EXPECT_EQ(item(visit, "CD4").value_text, "412");
    EXPECT_EQ(visit.count(ItemState::there), 2U);
}

TEST(Completeness, DeliveredIsSaidOnceATargetWasTold) {
    Scheduled scheduled(screened());
    scheduled.takes(a_message(1).with(an_observation("CD4A", "412").drawn("2026-01-07T08:00")));
    EXPECT_FALSE(item(scheduled.visit("SCR", "2026-01-08T08:00"), "CD4").delivered);
    scheduled.trial().deliver_all();
    EXPECT_TRUE(item(scheduled.visit("SCR", "2026-01-08T08:00"), "CD4").delivered);
}

struct NotThere {
    Status status;
    ResultState state;
    const char* remark;
};

constexpr NotThere kNotThere[] = {
    {Status::final, ResultState::no_result, "the test gave no result"},
    {Status::not_done, ResultState::not_done, "the test was not done"},
    {Status::preliminary, ResultState::quantified, "preliminary only"},
};

TEST(Completeness, AResultWithoutAValueIsMissingWithItsReason) {
    for (const NotThere& row : kNotThere) {
        Scheduled scheduled(screened());
        ObservationBuilder observation = an_observation("WBC", "3").drawn("2026-01-08T08:00");
        if (row.state != ResultState::quantified) {
            observation.state(row.state, "-");
        }
        observation.status(row.status);
        scheduled.takes(a_message(1).with(observation));
        const ExpectedItem found = item(scheduled.visit("SCR", "2026-01-09T08:00"), "CBC");
        EXPECT_EQ(found.state, ItemState::missing) << row.remark;
        EXPECT_EQ(found.remark, row.remark);
    }
}

TEST(Completeness, AValueOfAnotherDrawThanTheChosenIsThere) {
    Scheduled scheduled(screened());
    scheduled
        .takes(
            a_message(1).with(an_observation("WBC", "4").drawn("2026-01-06T08:00").specimen("A1")))
        .takes(a_message(2).with(
            an_observation("HGB", "140").drawn("2026-01-09T08:00").specimen("A2")));
    const ExpectedVisit visit = scheduled.visit("SCR", "2026-01-10T08:00");
    EXPECT_TRUE(item(visit, "CBC", 0).chosen);
    EXPECT_EQ(item(visit, "CBC", 1).state, ItemState::there);
    EXPECT_FALSE(item(visit, "CBC", 1).chosen);
    EXPECT_EQ(item(visit, "CBC", 1).remark, "another draw stands for the visit");
}

TEST(Completeness, HeldResultsStandWhereTheyWereDrawn) {
    Scheduled scheduled(screened());
    const auto held = [](std::int32_t ordinal, std::string analyte, std::string_view drawn) {
        HeldResult result;
        result.id = {MessageId{5}, ordinal};
        result.rule = Code::unknown_unit;
        result.analyte = std::move(analyte);
        if (!drawn.empty()) {
            result.collected = when(drawn);
        }
        return result;
    };
    scheduled.holds(held(1, "WBC", "2026-01-08T08:00"))
        .holds(held(2, "", "2026-01-08T08:00"))
        .holds(held(3, "HGB", "2025-12-08T08:00"))
        .holds(held(4, "CD4A", ""));
    const Completeness found = scheduled.at("2026-01-09T08:00");
    const ExpectedVisit& visit = found.visits.front();
    EXPECT_EQ(item(visit, "CBC", 0).state, ItemState::held);
    EXPECT_EQ(item(visit, "CBC", 1).state, ItemState::missing);
    ASSERT_EQ(visit.held.size(), 1U);
    EXPECT_EQ(visit.held.front().id.ordinal, 2);
    ASSERT_EQ(found.held.size(), 2U);
    EXPECT_EQ(found.held.front().id.ordinal, 3);
}

TEST(Completeness, APregnancyTestIsExpectedOfThoseWhoCanBearChildren) {
    const auto panels = [](const Subject& subject) {
        return Scheduled(subject).visit("SCR", "2026-01-06T08:00").panels.size();
    };
    Subject subject = a_subject().screened("2026-01-05");
    EXPECT_EQ(panels(subject), 4U);  // neither sex nor potential is known
    subject.sex = Sex::female;
    subject.child_bearing = true;
    EXPECT_EQ(panels(subject), 4U);
    subject.child_bearing = false;
    EXPECT_EQ(panels(subject), 3U);
    subject.sex = Sex::male;
    subject.child_bearing.reset();
    EXPECT_EQ(panels(subject), 3U);
}

TEST(Completeness, AfterScreeningFailedNothingMoreIsExpected) {
    Scheduled scheduled(screened().failed_screening("2026-01-20"));
    const ExpectedVisit screening = scheduled.visit("SCR", "2026-01-25T08:00");
    EXPECT_EQ(screening.window, WindowState::closed);
    EXPECT_EQ(screening.days, 5);
    EXPECT_EQ(screening.because, "ended by the screen failure");
    const ExpectedVisit dose = scheduled.visit("M0", "2026-01-25T08:00");
    EXPECT_EQ(dose.window, WindowState::not_expected);
    EXPECT_TRUE(dose.panels.empty());
}

TEST(Completeness, AWithdrawalEndsTheVisitThatItFallsInAndThoseAfterIt) {
    Scheduled scheduled(screened().infused("2026-02-02T10:00").withdrew("2026-05-01"));
    EXPECT_EQ(scheduled.visit("M2", "2026-06-01T08:00").window, WindowState::closed);
    const ExpectedVisit third = scheduled.visit("M3", "2026-06-01T08:00");
    EXPECT_EQ(third.window, WindowState::closed);
    EXPECT_EQ(labrelay::to_string(*third.until), "2026-05-01");
    EXPECT_EQ(scheduled.visit("M6", "2026-06-01T08:00").window, WindowState::not_expected);
}

TEST(Completeness, AVisitBeforeAnInfusionEndsWithIt) {
    Scheduled scheduled(screened().infused("2026-02-02T10:00").infused_again("2026-03-03T10:00"));
    const ExpectedVisit second = scheduled.visit("M1", "2026-03-04T08:00");
    EXPECT_EQ(second.window, WindowState::closed);
    EXPECT_EQ(second.days, 1);
    EXPECT_EQ(second.because, "ended by the infusion");
}

}  // namespace
}  // namespace labrelay::study
