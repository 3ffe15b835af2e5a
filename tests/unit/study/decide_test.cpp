#include "labrelay/study/decide.hpp"

#include <gtest/gtest.h>

#include "labrelay/study/message_state.hpp"
#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

SubjectBuilder screened() {
    return a_subject().consented("2026-01-10");
}

ObservationBuilder count(std::string_view value = "412") {
    return an_observation("CD4A", value).drawn("2026-01-12T08:00");
}

std::vector<Code> codes(const std::vector<Finding>& findings) {
    std::vector<Code> result;
    for (const Finding& finding : findings) {
        result.push_back(finding.code);
    }
    return result;
}

TEST(Decide, StoresACandidateWithItsPlacement) {
    Trial trial(screened());
    const Outcome outcome = trial.take(a_message().with(count()));
    EXPECT_EQ(outcome.state, MessageState::processed);
    EXPECT_EQ(outcome.counts.received, 1);
    EXPECT_EQ(outcome.counts.stored, 1);
    ASSERT_EQ(outcome.changes.size(), 1U);
    const ResultRecord& record = outcome.changes[0].after;
    EXPECT_EQ(record.number, 1);
    EXPECT_EQ(record.placement_version, 1);
    EXPECT_EQ(record.key, (ResultKey{SubjectId{1}, "facs", {"A1", "", ""}, "CD4A", "", ""}));
    EXPECT_EQ(record.current_version().id, (ObservationId{MessageId{1}, 1}));
    EXPECT_EQ(record.placement, (Placement{"SCR", VisitKind::scheduled, Role::chosen, {}, true}));
    EXPECT_TRUE(outcome.changes[0].value_changed);
    EXPECT_TRUE(outcome.awaiting.empty());
    ASSERT_EQ(outcome.observations[0].lineage.size(), 2U);
    EXPECT_EQ(outcome.observations[0].lineage[0].rule, "place");
    EXPECT_EQ(outcome.observations[0].lineage[1].rule, "version.final");
}

TEST(Decide, CountsEveryObservationOnce) {
    Trial trial(screened());
    const Outcome outcome =
        trial.take(a_message()
                       .with(count())
                       .with(an_observation("CD8A", "815").held(Code::unknown_unit))
                       .with(an_observation("QC", "1").ignored(Code::ignored_by_source)));
    EXPECT_EQ(outcome.state, MessageState::held);
    EXPECT_EQ(outcome.counts.received, 3);
    EXPECT_EQ(outcome.counts.stored, 1);
    EXPECT_EQ(outcome.counts.held, 1);
    EXPECT_EQ(outcome.counts.ignored, 1);
    EXPECT_EQ(outcome.observations[1].rule, Code::unknown_unit);
    EXPECT_EQ(outcome.observations[2].rule, Code::ignored_by_source);
}

TEST(Decide, IgnoresWhatTheStudyDoesNotTake) {
    Trial trial(screened());
    EXPECT_EQ(trial.take(a_message(1).from("other").with(count())).observations[0].rule,
              Code::study_does_not_accept_source);
    EXPECT_EQ(trial.take(a_message(2).with(an_observation("IL6", "3").drawn("2026-01-12")))
                  .observations[0]
                  .rule,
              Code::not_a_study_analyte);
}

TEST(Decide, HoldsWithoutASubjectOrADrawTime) {
    Trial trial(screened());
    EXPECT_EQ(trial.take(a_message(1).with(count().of({}))).observations[0].rule,
              Code::unknown_subject);
    EXPECT_EQ(trial.take(a_message(2).with(count().of({SubjectId{99}}))).observations[0].rule,
              Code::unknown_subject);
    EXPECT_EQ(trial.take(a_message(3).with(count().undated())).observations[0].rule,
              Code::collection_time_missing);
}

TEST(Decide, HoldsTwoObservationsOfOneIdentity) {
    Trial trial(screened());
    const Outcome twice = trial.take(a_message(1).with(count("412")).with(count("412")));
    EXPECT_EQ(twice.counts.held, 2);
    EXPECT_EQ(twice.observations[0].rule, Code::identity_twice);
    EXPECT_EQ(twice.observations[1].rule, Code::identity_twice);

    const Outcome apart =
        trial.take(a_message(2).with(count("412").sub_id("1")).with(count("415").sub_id("2")));
    EXPECT_EQ(apart.counts.stored, 2);

    const Outcome other_held =
        trial.take(a_message(3).with(count("412")).with(count("35").held(Code::unknown_unit)));
    EXPECT_EQ(other_held.observations[0].rule, Code::identity_twice);
    EXPECT_EQ(other_held.observations[1].rule, Code::unknown_unit);

    const Outcome other_ignored = trial.take(
        a_message(4).with(count("412")).with(count("35").ignored(Code::ignored_by_source)));
    EXPECT_EQ(other_ignored.counts.stored, 1);
}

TEST(Decide, AHoldOfTheMessageHoldsItsCandidates) {
    Trial trial(screened());
    const Outcome outcome =
        trial.take(a_message(1).finding(Code::charset_invalid_bytes, Severity::hold).with(count()));
    EXPECT_EQ(outcome.state, MessageState::held);
    EXPECT_EQ(outcome.observations[0].rule, Code::charset_invalid_bytes);
    EXPECT_EQ(trial.take(a_message(2).finding(Code::internal_fault, Severity::hold)).state,
              MessageState::held);
    EXPECT_EQ(trial.take(a_message(3)).state, MessageState::processed);
}

TEST(Decide, ShadowSourcesAreStoredAndNotForwarded) {
    Trial trial(screened());
    trial.take(a_message().shadow().with(count()));
    EXPECT_FALSE(trial.result("CD4A")->placement.forwarded);
}

TEST(MessageIdentity, TheSameMessageAgainIsADuplicate) {
    Trial trial(screened());
    trial.take(a_message(1).with(count()));
    const Outcome again = trial.take(a_message(2).control("C1").digest(1).with(count()));
    EXPECT_EQ(again.state, MessageState::duplicate);
    EXPECT_EQ(again.duplicate_of, MessageId{1});
    EXPECT_EQ(again.counts.received, 0);
    EXPECT_TRUE(again.observations.empty());
    EXPECT_TRUE(again.changes.empty());
    EXPECT_EQ(codes(again.findings), std::vector{Code::duplicate_message});

    const Outcome third = trial.take(a_message(3).control("C1").digest(1).with(count()));
    EXPECT_EQ(third.duplicate_of, MessageId{1});
}

TEST(MessageIdentity, AHeldMessageIsADuplicateToo) {
    Trial trial(screened());
    trial.take(a_message(1).with(count().held(Code::unknown_unit)));
    EXPECT_EQ(trial.take(a_message(2).control("C1").digest(1).with(count())).state,
              MessageState::duplicate);
}

TEST(MessageIdentity, AfterARefusalTheIdIsFree) {
    Trial trial(screened());
    const Outcome refused = trial.take(a_message(1).refused(true).with(count()));
    EXPECT_EQ(refused.state, MessageState::refused);
    EXPECT_TRUE(refused.reject);
    EXPECT_TRUE(refused.observations.empty());
    const Outcome again = trial.take(a_message(2).control("C1").digest(1).with(count()));
    EXPECT_EQ(again.state, MessageState::processed);
    EXPECT_TRUE(again.findings.empty());
}

TEST(MessageIdentity, AReusedIdIsANoteOrARefusal) {
    Trial trial(screened());
    trial.take(a_message(1).with(count()));
    const Outcome other = trial.take(a_message(2).control("C1").with(count().specimen("A2")));
    EXPECT_EQ(other.state, MessageState::processed);
    EXPECT_EQ(other.counts.stored, 1);
    ASSERT_EQ(codes(other.findings), std::vector{Code::control_id_reused});
    EXPECT_EQ(other.findings[0].severity, Severity::note);
    EXPECT_EQ(other.findings[0].place.text, "MSH-10");

    const Outcome strict =
        trial.take(a_message(3).control("C1").strict().with(count().specimen("A3")));
    EXPECT_EQ(strict.state, MessageState::refused);
    EXPECT_FALSE(strict.reject);
    EXPECT_EQ(strict.findings[0].severity, Severity::refuse);
    EXPECT_EQ(strict.counts.received, 0);
    EXPECT_EQ(trial.result("CD4A", "A3"), nullptr);
}

TEST(MessageIdentity, IsOfTheSource) {
    Trial trial(screened());
    trial.take(a_message(1).with(count()));
    EXPECT_EQ(trial.take(a_message(2).from("lis").control("C1").digest(1).with(count())).state,
              MessageState::processed);
}

TEST(StrictSource, HearsOfEveryHoldAndNothingIsStored) {
    Trial trial(screened());
    const Outcome outcome =
        trial.take(a_message(1)
                       .strict()
                       .with(count())
                       .with(an_observation("CD8A", "815").held(Code::unknown_unit))
                       .with(an_observation("CD4P", "21").drawn("2026-03-01")));
    EXPECT_EQ(outcome.state, MessageState::refused);
    EXPECT_FALSE(outcome.reject);
    EXPECT_TRUE(outcome.observations.empty());
    EXPECT_TRUE(outcome.changes.empty());
    EXPECT_EQ(outcome.counts.received, 0);
    ASSERT_EQ(codes(outcome.findings),
              (std::vector{Code::unknown_unit, Code::visit_anchor_unknown}));
    EXPECT_EQ(outcome.findings[0].place.text, "OBX[2]");
    EXPECT_EQ(outcome.findings[1].place.text, "OBX[3]");
    EXPECT_TRUE(trial.results().empty());
    EXPECT_EQ(trial.take(a_message(2).strict().with(count())).state, MessageState::processed);
}

TEST(Awaiting, NamesTheFactsThatWouldBringItBack) {
    struct Row {
        Code rule;
        std::vector<std::string> expected;
    };
    const std::vector<Row> rows{
        {Code::unknown_subject, {"patient:QILU-MRN:M1", "specimen:ACC:A1"}},
        {Code::not_registered, {"patient:QILU-MRN:M1", "specimen:ACC:A1"}},
        {Code::unknown_specimen, {"patient:QILU-MRN:M1", "specimen:ACC:A1"}},
        {Code::identifiers_disagree, {"patient:QILU-MRN:M1", "subject:1"}},
        {Code::panel_differs, {"corrected:1"}},
        {Code::unknown_unit, {}},
    };
    for (const Row& row : rows) {
        Trial trial(screened());
        const auto held = an_observation("CD4A", "1").named({"ACC", "A1"}).held(row.rule);
        EXPECT_EQ(trial.take(a_message().with(held).with(held)).awaiting, row.expected);
    }
    Trial trial(screened());
    EXPECT_EQ(
        trial.take(a_message().with(an_observation("CD4A", "1").drawn("2026-03-01"))).awaiting,
        std::vector<std::string>{"subject:1"});
}

TEST(ProcessedAgain, AHeldObservationIsStoredAndAStoredOneStaysAsItIs) {
    Trial trial(screened());
    const Proposal message = a_message(1).with(count()).with(
        an_observation("CD4A", "390").specimen("A2").drawn("2026-03-04"));
    const Outcome before = trial.take(message);
    EXPECT_EQ(before.observations[1].rule, Code::visit_anchor_unknown);

    trial.know(screened().infused("2026-02-02T10:00"));
    const Outcome after = trial.take(message, {{1, Disposition::stored}, {2, Disposition::held}});
    EXPECT_EQ(after.state, MessageState::processed);
    EXPECT_EQ(after.counts.stored, 2);
    ASSERT_EQ(after.changes.size(), 1U);
    EXPECT_EQ(after.changes[0].after.placement.visit, "M1");
    EXPECT_TRUE(after.observations[0].lineage.empty());
    EXPECT_EQ(trial.state().messages.at({"facs", "C1"}).size(), 1U);
    EXPECT_EQ(trial.state().messages.at({"facs", "C1"})[0].state, MessageState::processed);

    const Outcome once_more =
        trial.take(message, {{1, Disposition::stored}, {2, Disposition::held}});
    EXPECT_EQ(once_more.counts.stored, 2);
    EXPECT_TRUE(once_more.changes.empty());
}

TEST(ProcessedAgain, AnIgnoredPatientIsStoredOnceRegistered) {
    Trial trial;
    const Proposal unknown = a_message(1).with(count().of({}).ignored(Code::not_registered));
    EXPECT_EQ(trial.take(unknown).awaiting, std::vector<std::string>{"patient:QILU-MRN:M1"});
    trial.know(screened());
    const Outcome after = trial.take(a_message(1).with(count()), {{1, Disposition::ignored}});
    EXPECT_EQ(after.counts.stored, 1);
    EXPECT_TRUE(allowed(Disposition::ignored, Disposition::stored));
}

TEST(ProcessedAgain, AStrictSourcesMessageIsNeverRefusedAfterwards) {
    Trial trial(screened());
    const Outcome after = trial.take(a_message(1).strict().with(count().held(Code::unknown_unit)),
                                     {{1, Disposition::held}});
    EXPECT_EQ(after.state, MessageState::held);
}

class TwoStudies : public ::testing::Test {
protected:
    TwoStudies() {
        trial.rules().studies.push_back(a_study("OTHER"));
        trial.know(screened());
    }
    Outcome take(std::int64_t id, const char* drawn) {
        return trial.take(a_message(id).with(
            an_observation("CD4A", "412").drawn(drawn).of({SubjectId{1}, SubjectId{2}})));
    }
    Trial trial;
};

TEST_F(TwoStudies, BothStoreTheObservation) {
    trial.know(a_subject(2).of_study("OTHER").consented("2026-01-11"));
    const Outcome outcome = take(1, "2026-01-12T08:00");
    EXPECT_EQ(outcome.counts.stored, 1);
    EXPECT_EQ(outcome.changes.size(), 2U);
    EXPECT_EQ(trial.results(2).size(), 1U);
    ASSERT_EQ(outcome.observations[0].lineage.size(), 4U);
    EXPECT_TRUE(outcome.observations[0].lineage[2].said.text().starts_with("OTHER: "));
}

TEST_F(TwoStudies, OneHoldHoldsItInBoth) {
    trial.know(a_subject(2).of_study("OTHER"));
    const Outcome outcome = take(1, "2026-01-12T08:00");
    EXPECT_EQ(outcome.counts.held, 1);
    EXPECT_EQ(outcome.observations[0].rule, Code::screening_unknown);
    EXPECT_TRUE(outcome.changes.empty());
    EXPECT_EQ(outcome.awaiting, (std::vector<std::string>{"subject:1", "subject:2"}));
}

TEST_F(TwoStudies, OneIgnoresItAndTheOtherStoresIt) {
    trial.rules().studies[1].sources = {"lis"};
    trial.know(a_subject(2).of_study("OTHER").consented("2026-01-11"));
    const Outcome outcome = take(1, "2026-01-12T08:00");
    EXPECT_EQ(outcome.counts.stored, 1);
    EXPECT_EQ(outcome.observations[0].rule, Code::none);
    ASSERT_EQ(outcome.changes.size(), 1U);
    EXPECT_EQ(outcome.changes[0].after.key.subject, SubjectId{1});
}

TEST_F(TwoStudies, ASubjectEnrolledLaterGetsItsOwnResult) {
    take(1, "2026-01-12T08:00");
    EXPECT_TRUE(trial.results(1).empty());
    trial.know(a_subject(2).of_study("OTHER").consented("2026-01-11"));
    take(2, "2026-01-12T08:00");
    EXPECT_EQ(trial.results(1).size(), 1U);
    EXPECT_EQ(trial.results(2).size(), 1U);
    EXPECT_EQ(take(3, "2026-01-12T08:00").observations[0].rule, Code::repeat_of);
}

TEST(Learned, OnlyWhatTheRegistryDoesNotKnow) {
    Trial trial(screened());
    RegisteredSpecimen specimen;
    specimen.name = {"ACC", "A1"};
    specimen.subject_no = "S-1";
    EXPECT_EQ(trial.take(a_message(1).learns(specimen)).learned.size(), 1U);
    trial.know(specimen);
    EXPECT_TRUE(trial.take(a_message(2).learns(specimen)).learned.empty());
    EXPECT_TRUE(trial.take(a_message(3).refused(false).learns(specimen)).learned.empty());
}

TEST(Withdrawal, GoesThroughWhateverTheDateAllows) {
    Trial trial(screened());
    trial.take(a_message(1).with(count().said("2026-01-12T10:00")));
    trial.know(screened().withdrew("2026-01-11"));
    const Outcome outcome =
        trial.take(a_message(2).with(count().status(Status::withdrawn).said("2026-01-13T10:00")));
    EXPECT_EQ(outcome.counts.stored, 1);
    EXPECT_EQ(trial.result("CD4A")->current_version().value.state, ResultState::withdrawn);
    EXPECT_EQ(trial
                  .take(a_message(3).with(
                      count("421").status(Status::corrected).said("2026-01-14T10:00")))
                  .observations[0]
                  .rule,
              Code::after_withdrawal);
}

TEST(Transitions, OnlyTheTablesChangesAreAllowed) {
    EXPECT_TRUE(allowed(MessageState::received, MessageState::held));
    EXPECT_TRUE(allowed(MessageState::held, MessageState::processed));
    EXPECT_FALSE(allowed(MessageState::refused, MessageState::processed));
    EXPECT_TRUE(allowed(Disposition::held, Disposition::stored));
    EXPECT_FALSE(allowed(Disposition::stored, Disposition::ignored));
}

}  // namespace
}  // namespace labrelay::study::testing
