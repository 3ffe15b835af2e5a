#include "labrelay/study/placement.hpp"

#include <gtest/gtest.h>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

// Screening 2026-01-10, first infusion 2026-02-02 at 10:00, second 2026-03-04 at 09:30; the third
// is open.
SubjectBuilder treated() {
    return a_subject()
        .consented("2026-01-10")
        .infused("2026-02-02T10:00")
        .infused_again("2026-03-04T09:30");
}

struct Case {
    const char* name;
    SubjectBuilder subject;
    const char* drawn;
    const char* expected;  ///< visit, `unscheduled`, `history`, or the rule
    std::optional<int> study_day;
    const char* registered = "";
};

std::vector<Case> cases() {
    const auto screened = [] { return a_subject().consented("2026-01-10"); };
    return {
        {"first day of screening", screened(), "2026-01-10T08:00", "SCR", {}},
        {"last day of screening", screened(), "2026-02-07T23:59", "SCR", {}},
        {"day after screening", screened(), "2026-02-08T00:01", "visit-anchor-unknown", {}},
        {"before screening", screened(), "2026-01-09T23:59", "history", {}},
        {"start of screening wins over consent",
         screened().screened("2026-01-12"),
         "2026-01-11",
         "history",
         {}},
        {"no dates", a_subject(), "2026-01-11", "screening-unknown", {}},
        {"consent known to the month",
         a_subject().consented("2026-01"),
         "2026-01-11",
         "screening-unknown",
         {}},
        {"first infusion only, before it", a_subject().infused("2026-02-02"), "2026-01-20",
         "screening-unknown", -13},
        {"first infusion only, after it", a_subject().infused("2026-02-02"), "2026-05-04", "M3",
         92},

        {"last day before dosing", treated(), "2026-01-29T08:00", "SCR", -4},
        {"first day of M0", treated(), "2026-01-30T08:00", "M0", -3},
        {"the day before the dose", treated(), "2026-02-01", "M0", -1},
        {"on the day, before the dose", treated(), "2026-02-02T09:59", "M0", 1},
        {"at the dose", treated(), "2026-02-02T10:00", "M0", 1},
        {"on the day, after the dose", treated(), "2026-02-02T10:01", "unscheduled", 1},
        {"on the day, no time", treated(), "2026-02-02", "visit-time-needed", 1},
        {"on the day, the hour alone", treated(), "2026020209", "visit-time-needed", 1},
        {"infusion without time", a_subject().consented("2026-01-10").infused("2026-02-02"),
         "2026-02-02T08:00", "visit-time-needed", 1},
        {"day after the dose", treated(), "2026-02-03", "unscheduled", 2},
        {"first day of M1", treated(), "2026-02-25", "M1", 24},
        {"M1 on its infusion day", treated(), "2026-03-04T09:00", "M1", 31},
        {"M1 after its infusion", treated(), "2026-03-04T10:00", "unscheduled", 31},
        {"M1 in the window, a day after its infusion", treated(), "2026-03-05", "unscheduled", 32},
        {"M2 without its infusion", treated(), "2026-04-11", "M2", 69},
        {"M2 a day late", treated(), "2026-04-12", "unscheduled", 70},
        {"M3 first day", treated(), "2026-04-20", "M3", 78},
        {"M3 last day", treated(), "2026-05-18", "M3", 106},
        {"M3 a day late", treated(), "2026-05-19", "unscheduled", 107},
        {"M6", treated(), "2026-08-04", "M6", 184},
        {"M12 last day", treated(), "2027-03-04", "M12", 396},
        {"after everything", treated(), "2027-03-05", "unscheduled", 397},
        {"between screening and dosing",
         a_subject().consented("2026-01-10").infused("2026-03-20T10:00"), "2026-02-20",
         "unscheduled", -28},

        {"by the site's day, not UTC", treated(), "2026-01-29T16:30:00Z", "M0", -3},
        {"the same instant with an offset", treated(), "2026-01-30T00:30:00+08:00", "M0", -3},

        {"registered visit fits", treated(), "2026-05-04", "M3", 92, "M3"},
        {"registered visit contradicts", treated(), "2026-05-04", "visit-contradicts", 92, "M6"},
        {"registered visit is none", treated(), "2026-05-04", "visit-contradicts", 92, "M99"},
        {"registered visit settles the infusion day", treated(), "2026-02-02", "M0", 1, "M0"},
        {"registered visit against the time", treated(), "2026-02-02T11:00", "visit-contradicts", 1,
         "M0"},
        {"registered visit, no anchor", screened(), "2026-01-20", "visit-anchor-unknown", {}, "M0"},
        {"registered screening", screened(), "2026-01-20", "SCR", {}, "SCR"},

        {"screen failure keeps SCR",
         screened().failed_screening("2026-01-30"),
         "2026-01-20",
         "SCR",
         {}},
        {"screen failure, later draw",
         screened().failed_screening("2026-01-30"),
         "2026-03-01",
         "unscheduled",
         {}},

        {"day after withdrawal", treated().withdrew("2026-05-03"), "2026-05-04", "after-withdrawal",
         92},
        {"day of withdrawal", treated().withdrew("2026-05-04"), "2026-05-04T18:00", "M3", 92},
        {"time after withdrawal", treated().withdrew("2026-05-04T12:00"), "2026-05-04T12:01",
         "after-withdrawal", 92},
        {"time before withdrawal", treated().withdrew("2026-05-04T12:00"), "2026-05-04T11:59", "M3",
         92},
    };
}

Draw draw(const SubjectCalendar& calendar, const char* drawn, const char* registered) {
    ProposedObservation observation = an_observation("CD4A", "412").drawn(drawn).build();
    StoredVersion version;
    version.collected = observation.collected;
    version.collected_local = observation.collected_local;
    version.registered_visit = registered;
    version.version_time = instant("2026-01-01T08:00");
    return calendar.draw_of(version);
}

std::string shown(const PlacementVerdict& verdict) {
    if (verdict.kind != PlacementVerdict::Kind::placed) {
        return std::string(key(verdict.rule));
    }
    return verdict.visit_kind == VisitKind::scheduled ? verdict.visit
                                                      : std::string(to_string(verdict.visit_kind));
}

TEST(Placement, FollowsTheDateOfTheDraw) {
    const StudyDefinition study = a_study();
    for (const Case& row : cases()) {
        SCOPED_TRACE(row.name);
        const Subject subject = row.subject;
        const SubjectCalendar calendar(subject, study);
        const PlacementVerdict verdict = calendar.place(draw(calendar, row.drawn, row.registered));
        EXPECT_EQ(shown(verdict), row.expected);
        EXPECT_EQ(verdict.study_day, row.study_day);
    }
}

TEST(Placement, ASiteMayDeclareThatItDrawsBeforeDosing) {
    StudyDefinition study = a_study();
    study.sites[0].draws_before_dosing = true;
    const Subject subject = treated();
    const SubjectCalendar calendar(subject, study);
    EXPECT_EQ(shown(calendar.place(draw(calendar, "2026-02-02", ""))), "M0");
    EXPECT_EQ(shown(calendar.place(draw(calendar, "2026-02-02T11:00", ""))), "unscheduled");
}

TEST(Placement, OverlappingWindowsAreNotGuessed) {
    StudyDefinition study = a_study();
    study.visits.push_back(study.visits[4]);
    study.visits.back().id = "M3B";
    const Subject subject = treated();
    const SubjectCalendar calendar(subject, study);
    EXPECT_EQ(calendar.place(draw(calendar, "2026-05-04", "")).rule, Code::visit_ambiguous);
}

TEST(Placement, AnotherStudysVisitNameSaysNothingHere) {
    const StudyDefinition study = a_study();
    const Subject subject = treated();
    const SubjectCalendar calendar(subject, study);
    EXPECT_EQ(shown(calendar.place(draw(calendar, "2026-05-04", "WEEK4"), true)), "M3");
}

TEST(Placement, ReportsAfterWithdrawalFollowTheConsentSetting) {
    StudyDefinition study = a_study();
    const Subject subject = treated().withdrew("2026-05-10");
    for (const bool keep : {true, false}) {
        study.keep_reported_after_withdrawal = keep;
        const SubjectCalendar calendar(subject, study);
        Draw late = draw(calendar, "2026-05-04", "");
        late.reported = calendar.moment(instant("2026-05-11T08:00"));
        EXPECT_EQ(shown(calendar.place(late)), keep ? "M3" : "consent-setting");
        late.reported = calendar.moment(instant("2026-05-10T08:00"));
        EXPECT_EQ(shown(calendar.place(late)), "M3");
    }
}

TEST(PlacingAgain, MovesResultsWhenTheFirstInfusionIsEntered) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message().with(an_observation("CD4A", "412").drawn("2026-01-31T08:00")));
    EXPECT_EQ(trial.result("CD4A")->placement.visit, "SCR");
    EXPECT_FALSE(trial.result("CD4A")->placement.study_day.has_value());

    const Replacement replacement = trial.place(treated());
    ASSERT_EQ(replacement.changes.size(), 1U);
    const ResultChange& change = replacement.changes[0];
    EXPECT_EQ(change.reason, Code::placement_moved);
    EXPECT_TRUE(change.placement_changed);
    EXPECT_FALSE(change.value_changed);
    EXPECT_EQ(change.after.placement.visit, "M0");
    EXPECT_EQ(change.after.placement.study_day, -2);
    EXPECT_EQ(change.after.placement_version, 2);
    EXPECT_TRUE(replacement.notices.empty());

    EXPECT_TRUE(trial.place(treated()).changes.empty());
}

TEST(PlacingAgain, WhatCanNoLongerBePlacedIsUnscheduledAndShown) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message().with(an_observation("CD4A", "412").drawn("2026-02-02")));
    EXPECT_EQ(trial.result("CD4A")->placement.visit, "SCR");
    const Replacement replacement = trial.place(treated());
    ASSERT_EQ(replacement.notices.size(), 1U);
    EXPECT_EQ(replacement.notices[0].code, Code::visit_time_needed);
    EXPECT_EQ(trial.result("CD4A")->placement.kind, VisitKind::unscheduled);
    EXPECT_TRUE(trial.place(treated()).notices.empty());
}

TEST(PlacingAgain, AScreenFailureIsKeptAndNotForwarded) {
    Trial trial(a_subject().consented("2026-01-10"));
    trial.take(a_message().with(an_observation("CD4A", "412").drawn("2026-01-12")));
    EXPECT_TRUE(trial.result("CD4A")->placement.forwarded);
    trial.place(a_subject().consented("2026-01-10").failed_screening("2026-01-20"));
    EXPECT_FALSE(trial.result("CD4A")->placement.forwarded);
    EXPECT_EQ(trial.result("CD4A")->placement.visit, "SCR");

    trial.study().forward_screen_failures = true;
    trial.place(a_subject().consented("2026-01-10").failed_screening("2026-01-20"));
    EXPECT_TRUE(trial.result("CD4A")->placement.forwarded);
}

TEST(PlacingAgain, AResultDrawnAfterALateWithdrawalIsSealed) {
    Trial trial(treated());
    trial.take(a_message().with(an_observation("CD4A", "412").drawn("2026-05-04")));
    const Replacement replacement = trial.place(treated().withdrew("2026-05-01"));
    ASSERT_EQ(replacement.notices.size(), 1U);
    EXPECT_EQ(replacement.notices[0].code, Code::after_withdrawal);
    EXPECT_FALSE(trial.result("CD4A")->placement.forwarded);
}

}  // namespace
}  // namespace labrelay::study::testing
