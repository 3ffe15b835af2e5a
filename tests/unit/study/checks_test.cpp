// What a check does to a message: what is held, what is flagged, what a person is told, whatever
// the order of arrival. What each check compares: check_table_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

CheckDefinition check(std::string id, CheckKind kind, std::vector<CheckTerm> parts,
                      std::vector<CheckStep> steps) {
    CheckDefinition made;
    made.id = std::move(id);
    made.kind = kind;
    made.sentence = "A sentence.";
    made.parts = std::move(parts);
    made.steps = std::move(steps);
    return made;
}

/// CD4P + CD8P against CD3A as if it were a percent (flag beyond 5, hold beyond 10), CD4A within
/// 50 % of the previous draw (flag), HGB within 20 (hold).
std::vector<CheckDefinition> checks() {
    CheckDefinition sum =
        check("P1", CheckKind::sum, {{"CD4P"}, {"CD8P"}},
              {{Severity::warning, Decimal(5, 0), {}}, {Severity::hold, Decimal(10, 0), {}}});
    sum.whole = CheckTerm{"CD3A"};
    return {sum,
            check("D9", CheckKind::delta, {{"CD4A"}}, {{Severity::warning, {}, Decimal(50, 0)}}),
            check("D2", CheckKind::delta, {{"HGB"}}, {{Severity::hold, Decimal(20, 0), {}}})};
}

Trial trial_with(std::vector<CheckDefinition> definitions) {
    Trial trial(a_subject().consented("2026-01-10").infused("2026-02-02T10:00"));
    trial.study().checks = CheckList(std::move(definitions));
    return trial;
}

ObservationBuilder value(std::string analyte, std::string_view number,
                         std::string_view drawn = "2026-05-01T08:00") {
    return an_observation(std::move(analyte), number)
        .drawn(drawn)
        .specimen("S" + std::string(drawn.substr(0, 10)));
}

std::vector<Disposition> dispositions(const Outcome& outcome) {
    std::vector<Disposition> all;
    for (const DecidedObservation& decided : outcome.observations) {
        all.push_back(decided.disposition);
    }
    return all;
}

std::vector<std::string> findings(const Outcome& outcome, std::size_t at = 0) {
    std::vector<std::string> all;
    for (const Finding& finding : outcome.observations.at(at).findings) {
        all.push_back(std::string(key(finding.code)) + " " +
                      std::string(to_string(finding.severity)));
    }
    return all;
}

std::vector<std::string> notices(const Outcome& outcome) {
    std::vector<std::string> all;
    for (const Notice& notice : outcome.notices) {
        all.push_back(std::string(key(notice.code)) + " " + notice.detail);
    }
    return all;
}

using Held = std::vector<Disposition>;
using Said = std::vector<std::string>;
constexpr auto kStored = Disposition::stored;
constexpr auto kHeld = Disposition::held;

TEST(Checks, AHoldKeepsBackEverythingOfTheMessageThatTookPart) {
    Trial trial = trial_with(checks());
    const Outcome outcome = trial.take(a_message()
                                           .with(value("CD4P", "20"))
                                           .with(value("CD8P", "40"))
                                           .with(value("HGB", "140"))
                                           .with(value("CD3A", "75")));
    EXPECT_EQ(dispositions(outcome), (Held{kHeld, kHeld, kStored, kHeld}));
    EXPECT_EQ(outcome.observations[0].rule, Code::panel_differs);
    EXPECT_EQ(findings(outcome, 3), Said{"panel-differs hold"});
    EXPECT_EQ(outcome.observations[3].findings[0].detail, "P1: A sentence.");
    EXPECT_EQ(outcome.observations[3].findings[0].place.text, "OBX[4]");
    EXPECT_EQ(trial.results().size(), 1U);
}

TEST(Checks, AFlagStandsAtTheLastThatTookPart) {
    Trial trial = trial_with(checks());
    const Outcome outcome = trial.take(a_message()
                                           .with(value("CD4P", "20"))
                                           .with(value("CD3A", "66"))
                                           .with(value("CD8P", "40"))
                                           .with(value("HGB", "140")));
    EXPECT_EQ(outcome.counts.stored, 4);
    EXPECT_EQ(findings(outcome, 2), Said{"panel-differs warning"});
    EXPECT_EQ(findings(outcome, 1), Said{});
}

TEST(Checks, WhatIsStoredStaysAndTheNewestIsHeld) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD4P", "20")).with(value("CD8P", "40")));
    const Outcome outcome = trial.take(a_message(2).with(value("CD3A", "75")));
    EXPECT_EQ(dispositions(outcome), Held{kHeld});
    EXPECT_EQ(outcome.changes.size(), 0U);
    EXPECT_EQ(trial.results().size(), 2U);
    // The stored ones are not judged again where nothing new takes part.
    EXPECT_EQ(findings(trial.take(a_message(3).with(value("HGB", "140")))), Said{});
}

TEST(Checks, ACorrectionOfTheClashIsStoredAndWhatWasHeldGoesThrough) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD4P", "2")).with(value("CD8P", "40")));
    const Proposal whole = a_message(2).with(value("CD3A", "62"));
    EXPECT_EQ(dispositions(trial.take(whole)), Held{kHeld});
    const Outcome corrected =
        trial.take(a_message(3).with(value("CD4P", "20").status(Status::corrected)));
    EXPECT_EQ(dispositions(corrected), Held{kStored});
    EXPECT_EQ(notices(corrected), Said{});
    EXPECT_EQ(dispositions(trial.take(whole, {{1, kHeld}})), Held{kStored});
}

TEST(Checks, ACorrectionIsNeverHeldAndAPersonIsTold) {
    Trial trial = trial_with(checks());
    trial.take(
        a_message(1).with(value("CD4P", "20")).with(value("CD8P", "40")).with(value("CD3A", "62")));
    const Outcome outcome =
        trial.take(a_message(2).with(value("CD3A", "82").status(Status::corrected)));
    EXPECT_EQ(dispositions(outcome), Held{kStored});
    EXPECT_EQ(findings(outcome), Said{"panel-differs warning"});
    EXPECT_EQ(notices(outcome), Said{"correction-differs P1 CD3A"});
}

TEST(Checks, AnotherToleranceAndProcessingAgainLetItThrough) {
    Trial trial = trial_with(checks());
    const Proposal message =
        a_message(1).with(value("CD4P", "20")).with(value("CD8P", "40")).with(value("CD3A", "75"));
    EXPECT_EQ(trial.take(message).counts.held, 3);
    auto wider = checks();
    wider[0].steps[1].tolerance = Decimal(20, 0);
    trial.study().checks = CheckList(wider);
    const Outcome again = trial.take(message, {{1, kHeld}, {2, kHeld}, {3, kHeld}});
    EXPECT_EQ(again.counts.stored, 3);
    EXPECT_EQ(findings(again, 2), Said{"panel-differs warning"});
}

TEST(Checks, AStrictSourceHearsOfTheHold) {
    Trial trial = trial_with(checks());
    const Outcome outcome = trial.take(a_message(1)
                                           .strict()
                                           .with(value("CD4P", "20"))
                                           .with(value("CD8P", "40"))
                                           .with(value("CD3A", "75")));
    EXPECT_EQ(outcome.state, MessageState::refused);
    ASSERT_FALSE(outcome.findings.empty());
    EXPECT_EQ(outcome.findings.back().code, Code::panel_differs);
    EXPECT_EQ(outcome.findings.back().detail, "P1: A sentence.");
}

TEST(Checks, MembersAreOfOneDrawAndHaveAValue) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD4P", "20")).with(value("CD8P", "40")));
    EXPECT_EQ(trial.take(a_message(2).with(value("CD3A", "75").specimen("other"))).counts.stored,
              1);
    EXPECT_EQ(trial.take(a_message(3).with(value("CD3A", "75").code("T").drawn("2026-05-01T09:00")))
                  .counts.stored,
              1);
    trial.take(a_message(4).with(value("CD8P", "40").status(Status::withdrawn)));
    EXPECT_EQ(trial.take(a_message(5).with(value("CD3A", "75").code("U"))).counts.stored, 1);
}

TEST(Checks, HistoryIsNotJudged) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD3A", "62").status(Status::corrected)));
    trial.take(a_message(2).with(value("CD4P", "20")).with(value("CD8P", "40")));
    const Outcome late =
        trial.take(a_message(3).with(value("CD3A", "75").said("1970-01-01T08:00")));
    EXPECT_EQ(dispositions(late), Held{kStored});
    EXPECT_EQ(findings(late), Said{});
}

TEST(Checks, OnlyTheSourcesThatACheckNames) {
    auto named = checks();
    named[0].sources = {"pcr"};
    Trial trial = trial_with(named);
    EXPECT_EQ(trial
                  .take(a_message(1)
                            .with(value("CD4P", "20"))
                            .with(value("CD8P", "40"))
                            .with(value("CD3A", "75")))
                  .counts.stored,
              3);
}

TEST(DeltaChecks, CompareWithThePreviousDrawAndNotWithWhatCameBefore) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD4A", "400", "2026-05-01T08:00")));
    trial.take(a_message(2).with(value("CD4A", "900", "2026-05-30T08:00")));
    // Between the two: its own previous one is the first, and it is another one for the second.
    const Outcome late = trial.take(a_message(3).with(value("CD4A", "450", "2026-05-10T08:00")));
    EXPECT_EQ(findings(late), Said{});
    EXPECT_EQ(notices(late), Said{"delta-changed D9 CD4A"});
    EXPECT_EQ(trial.results().size(), 3U);
}

TEST(DeltaChecks, AChangedPreviousOneIsToldAndNothingIsTakenBack) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("HGB", "130", "2026-05-01T08:00")));
    trial.take(a_message(2).with(value("HGB", "135", "2026-05-30T08:00")));
    const Outcome corrected = trial.take(
        a_message(3).with(value("HGB", "100", "2026-05-01T08:00").status(Status::corrected)));
    EXPECT_EQ(dispositions(corrected), Held{kStored});
    EXPECT_EQ(notices(corrected), Said{"delta-changed D2 HGB"});
    const ResultRecord* later = trial.result("HGB", "S2026-05-30");
    ASSERT_NE(later, nullptr);
    EXPECT_EQ(later->current_version().value.value_text, "135");
}

TEST(DeltaChecks, AWithdrawnPreviousOneLeavesTheOneBeforeIt) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("HGB", "100", "2026-05-01T08:00")));
    trial.take(a_message(2).with(value("HGB", "118", "2026-05-10T08:00")));
    trial.take(a_message(3).with(value("HGB", "135", "2026-05-30T08:00")));
    const Outcome withdrawn = trial.take(
        a_message(4).with(value("HGB", "118", "2026-05-10T08:00").status(Status::withdrawn)));
    EXPECT_EQ(notices(withdrawn),
              (Said{"delta-changed D2 HGB", "withdrawn-whole-specimen facs: S2026-05-10"}));
}

TEST(DeltaChecks, HoldTheNewDrawAndTellNobodyOfWhatIsHeld) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("HGB", "130", "2026-05-01T08:00")));
    trial.take(a_message(2).with(value("HGB", "135", "2026-05-30T08:00")));
    const Outcome held = trial.take(a_message(3).with(value("HGB", "90", "2026-05-10T08:00")));
    EXPECT_EQ(dispositions(held), Held{kHeld});
    EXPECT_EQ(held.observations[0].rule, Code::delta_exceeded);
    EXPECT_EQ(notices(held), Said{});
}

TEST(DeltaChecks, APreliminaryValueIsJudgedAndIsNobodysPreviousOne) {
    Trial trial = trial_with(checks());
    trial.take(
        a_message(1).with(value("HGB", "130", "2026-05-01T08:00").status(Status::preliminary)));
    EXPECT_EQ(trial.take(a_message(2).with(value("HGB", "160", "2026-05-10T08:00"))).counts.stored,
              1);
    EXPECT_EQ(trial
                  .take(a_message(3).with(
                      value("HGB", "130", "2026-05-20T08:00").status(Status::preliminary)))
                  .counts.held,
              1);
}

TEST(DeltaChecks, WhatChangesNobodysPreviousOneTellsNobody) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("CD4A", "400", "2026-05-01T08:00")));
    const Outcome jump = trial.take(a_message(2).with(value("CD4A", "900", "2026-05-30T08:00")));
    EXPECT_EQ(findings(jump), Said{"delta-exceeded warning"});
    // A preliminary value between the two is not what the second is compared with.
    const Outcome between = trial.take(
        a_message(3).with(value("CD4A", "450", "2026-05-10T08:00").status(Status::preliminary)));
    EXPECT_EQ(notices(between), Said{});
}

TEST(DeltaChecks, ADayWithoutATimeIsNotOrderedWithinItsDay) {
    Trial trial = trial_with(checks());
    trial.take(a_message(1).with(value("HGB", "130", "2026-05-01")));
    EXPECT_EQ(trial.take(a_message(2).with(value("HGB", "90", "2026-05-01T08:00").specimen("B")))
                  .counts.stored,
              1);
    EXPECT_EQ(trial.take(a_message(3).with(value("HGB", "160", "2026-05-02"))).counts.held, 1);
}

TEST(CheckList, FindsChecksByAnalyte) {
    auto definitions = checks();
    definitions.push_back(check("P20", CheckKind::duplicates, {}, {{Severity::hold, {}, {}}}));
    const CheckList list(definitions);
    const auto of = [&](std::string_view analyte) {
        return std::vector<std::size_t>(list.of(analyte).begin(), list.of(analyte).end());
    };
    EXPECT_EQ(of("CD3A"), (std::vector<std::size_t>{0, 3}));
    EXPECT_EQ(of("CD4A"), (std::vector<std::size_t>{1, 3}));
    EXPECT_EQ(of("GLU"), std::vector<std::size_t>{3});
    EXPECT_TRUE(CheckList().of("GLU").empty());
}

TEST(CheckKinds, HaveNamesOfTheirOwnAndSentences) {
    std::vector<std::string_view> names;
    for (const CheckKindInfo& kind : check_kinds()) {
        EXPECT_EQ(&info(kind.kind), &kind);
        EXPECT_TRUE(kind.text.ends_with('.')) << kind.name;
        names.push_back(kind.name);
    }
    std::ranges::sort(names);
    EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

// Finals that clash, and the corrections that settle them, in any order: what was held goes
// through when it is processed again, and the end is the same.
TEST(Checks, TheOrderOfArrivalDoesNotCountOnceTheClashIsSettled) {
    std::vector<Proposal> all;
    const auto say = [&all](std::string analyte, int number, Status status, std::string_view at,
                            std::string_view drawn) {
        all.push_back(a_message(static_cast<std::int64_t>(all.size()) + 1)
                          .with(value(std::move(analyte), std::to_string(number), drawn)
                                    .status(status)
                                    .said(at)));
    };
    // Two values of the first draw are corrected by messages of their own.
    say("CD4P", 2, Status::final, "2026-06-01T08:00", "2026-05-01T08:00");
    say("CD8P", 40, Status::final, "2026-06-01T08:00", "2026-05-01T08:00");
    say("CD3A", 90, Status::final, "2026-06-01T08:00", "2026-05-01T08:00");
    say("CD4P", 20, Status::corrected, "2026-06-02T08:00", "2026-05-01T08:00");
    say("CD3A", 62, Status::corrected, "2026-06-02T09:00", "2026-05-01T08:00");
    say("HGB", 130, Status::final, "2026-06-01T08:00", "2026-05-01T08:00");
    say("HGB", 135, Status::final, "2026-06-01T08:00", "2026-05-20T08:00");
    say("CD4P", 22, Status::final, "2026-06-01T08:00", "2026-05-20T08:00");

    const auto end = [](const std::vector<Proposal>& messages) {
        Trial trial = trial_with(checks());
        std::vector<const Proposal*> held;
        for (const Proposal& message : messages) {
            if (trial.take(message).counts.held > 0) {
                held.push_back(&message);
            }
        }
        for (const Proposal* message : held) {
            EXPECT_EQ(trial.take(*message, {{1, kHeld}}).counts.stored, 1);
        }
        std::vector<std::string> shown;
        for (const ResultRecord& record : trial.results()) {
            std::string line = record.key.specimen.order + " " + record.key.code;
            for (const StoredVersion& version : record.versions) {
                line += " " + version.status_code + version.value.value_text;
            }
            line += " " + record.current_version().value.value_text + " " +
                    std::string(to_string(record.placement.role));
            shown.push_back(std::move(line));
        }
        std::ranges::sort(shown);
        return shown;
    };
    const auto expected = end(all);
    EXPECT_EQ(expected.size(), 6U);
    std::mt19937 random(7);
    for (int shuffle = 0; shuffle < 300; ++shuffle) {
        std::ranges::shuffle(all, random);
        ASSERT_EQ(end(all), expected) << "shuffle " << shuffle;
    }
}

}  // namespace
}  // namespace labrelay::study::testing
