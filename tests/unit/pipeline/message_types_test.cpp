// What messages without results do: propose, teach, and change nothing (chapters 3 and 4).
#include <gtest/gtest.h>

#include <algorithm>

#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::pipeline {
namespace {

using test::MessageBuilder;

/// A patient message of the hospital about S-004.
MessageBuilder a_patient_message(std::string_view event) {
    return MessageBuilder({
        "MSH|^~\\&|LIS|QILU|LABRELAY|QILU|20240422150000||ADT^" + std::string(event) +
            "|ADT1|P|2.4||||||UNICODE UTF-8",
        "EVN|" + std::string(event) + "|20240422150000",
        "PID|1||00481523^^^QILU^MR||||19780312|女",
    });
}

struct Came {
    study::Proposal proposal;
    study::Outcome outcome;
};

Came what_comes_of(
    const MessageBuilder& message,
    const std::function<void(mapping::SourceDefinition&)>& change = [](auto&) {}) {
    const mapping::Configuration configuration = test::with_source("lis-qilu", change);
    const study::Registry registry = test::a_registry();
    Came came;
    came.proposal = process(message.text(), test::an_arrival(), configuration, registry);
    came.outcome =
        study::decide({came.proposal, study::StateView{}, configuration.rules(), registry});
    return came;
}

void expect_nothing_changed(const Came& came) {
    EXPECT_EQ(came.outcome.state, study::MessageState::processed);
    EXPECT_TRUE(came.outcome.changes.empty());
    EXPECT_EQ(came.outcome.counts.stored, 0);
    EXPECT_EQ(came.outcome.counts.held, 0);
    EXPECT_TRUE(came.outcome.counts.balanced());
}

TEST(PatientMessages, ANewIdentifierOfAKnownSubjectIsProposed) {
    for (const char* event : {"A01", "A04", "A08", "A28", "A31"}) {
        const Came came = what_comes_of(a_patient_message(event).with(
            "PID-3", "00481523^^^QILU^MR~00777777^^^QILU^MR~9^^^OTHER"));
        expect_nothing_changed(came);
        ASSERT_EQ(came.outcome.notices.size(), 1U) << event;
        EXPECT_EQ(came.outcome.notices[0].code, Code::identifier_proposed);
        EXPECT_EQ(came.outcome.notices[0].subject, SubjectId{1});
        EXPECT_EQ(came.outcome.notices[0].detail, "QILU-MRN:00777777");
        EXPECT_TRUE(came.outcome.learned.empty());
    }
}

TEST(PatientMessages, WhatIsKnownProposesNothing) {
    const Came came = what_comes_of(a_patient_message("A08"));
    expect_nothing_changed(came);
    EXPECT_TRUE(came.outcome.notices.empty());
    EXPECT_TRUE(came.outcome.awaiting.empty());
}

TEST(PatientMessages, NobodyWeKnowIsIgnoredUntilRegistered) {
    const Came came = what_comes_of(a_patient_message("A08").with("PID-3", "00999999^^^QILU^MR"));
    expect_nothing_changed(came);
    EXPECT_TRUE(came.outcome.notices.empty());
    EXPECT_EQ(came.outcome.awaiting, std::vector<std::string>{"patient:QILU-MRN:00999999"});
    const auto said =
        std::find_if(came.outcome.findings.begin(), came.outcome.findings.end(),
                     [](const Finding& finding) { return finding.code == Code::not_registered; });
    EXPECT_NE(said, came.outcome.findings.end());
}

TEST(PatientMessages, IdentifiersOfTwoSubjectsAreAQuestion) {
    const Came came = what_comes_of(
        a_patient_message("A08").with("PID-3", "00481523^^^QILU^MR~00481599^^^QILU^MR"));
    expect_nothing_changed(came);
    ASSERT_EQ(came.outcome.notices.size(), 2U);
    EXPECT_EQ(came.outcome.notices[0].code, Code::identifiers_disagree);
}

TEST(PatientMessages, ABirthDateThatContradictsIsSaidInstead) {
    const Came came = what_comes_of(a_patient_message("A08")
                                        .with("PID-3", "00481523^^^QILU^MR~00777777^^^QILU^MR")
                                        .with("PID-7", "19780313"));
    ASSERT_EQ(came.outcome.notices.size(), 1U);
    EXPECT_EQ(came.outcome.notices[0].code, Code::birth_date_contradicts);
}

TEST(PatientMessages, AMergeIsProposedAndNeverDone) {
    const std::pair<const char*, const char*> rows[] = {
        {"00777777^^^QILU^MR", "00481523^^^QILU^MR"},  // the known one goes
        {"00481523^^^QILU^MR", "00777777^^^QILU^MR"},  // the known one stays
    };
    for (const auto& [stays, goes] : rows) {
        const Came came = what_comes_of(
            a_patient_message("A40").with("PID-3", stays).add("MRG|" + std::string(goes)));
        expect_nothing_changed(came);
        ASSERT_EQ(came.outcome.notices.size(), 1U);
        EXPECT_EQ(came.outcome.notices[0].code, Code::merge_proposed);
        EXPECT_EQ(came.outcome.notices[0].subject, SubjectId{1});
        EXPECT_EQ(came.outcome.notices[0].detail,
                  "QILU-MRN:" + std::string(goes).substr(0, 8) +
                      " into QILU-MRN:" + std::string(stays).substr(0, 8));
    }
}

TEST(PatientMessages, AMergeOfStrangersIsNothing) {
    const Came came = what_comes_of(
        a_patient_message("A40").with("PID-3", "00777777^^^QILU^MR").add("MRG|00888888^^^QILU^MR"));
    expect_nothing_changed(came);
    EXPECT_TRUE(came.outcome.notices.empty());
    EXPECT_EQ(came.outcome.awaiting.size(), 2U);
}

TEST(PatientMessages, ATestMessageProposesNothing) {
    const Came came = what_comes_of(a_patient_message("A08")
                                        .with("MSH-11", "T")
                                        .with("PID-3", "00481523^^^QILU^MR~00777777^^^QILU^MR"),
                                    [](auto& source) { source.mode = mapping::SourceMode::test; });
    EXPECT_TRUE(came.outcome.notices.empty());
}

// In 2.1 and 2.2 the event may stand in EVN alone.
TEST(PatientMessages, TheEventMayStandInEvn) {
    const Came came = what_comes_of(a_patient_message("A08").with("MSH-9", "ADT"));
    EXPECT_EQ(came.proposal.message_type, "ADT^A08");
    EXPECT_FALSE(came.proposal.refused);
}

/// The specimens that an order teaches, as `id collected`.
std::vector<std::string> taught(const MessageBuilder& order) {
    const Came came = what_comes_of(order, [](mapping::SourceDefinition& source) {
        source.specimens = {{*hl7::Path::compile("SPM-2.1 | OBR-3.1"), "QILU-ACC", {}}};
        source.collected = *hl7::Path::compile("SPM-17.1 | OBR-7");
    });
    expect_nothing_changed(came);
    std::vector<std::string> lessons;
    for (const study::LearnedSpecimen& learned : came.outcome.learned) {
        lessons.push_back(
            learned.specimen.name.specimen + " " +
            (learned.specimen.collected_at ? learned.specimen.collected_at->text : "?"));
        EXPECT_EQ(learned.specimen.patient, (study::Identifier{"QILU-MRN", "00481523"}));
    }
    return lessons;
}

MessageBuilder an_order(std::string type) {
    return MessageBuilder({
        "MSH|^~\\&|LIS|QILU|LABRELAY|QILU|20240422150000||" + type +
            "|ORD1|P|2.5.1||||||UNICODE UTF-8",
        "PID|1||00481523^^^QILU^MR||||19780312|女",
    });
}

using Lessons = std::vector<std::string>;

TEST(Orders, TeachWhatTheirSpecimensAreOf) {
    EXPECT_EQ(taught(an_order("ORM^O01").add("ORC|NW|P1").add("OBR|1|P1|A1|HIV|||20240422080500")),
              (Lessons{"A1 20240422080500"}));
    // OML^O21: the specimens follow their order.
    EXPECT_EQ(taught(an_order("OML^O21^OML_O21")
                         .add("ORC|NW|P1")
                         .add("OBR|1|P1||HIV")
                         .add("OBX|1|NM|WEIGHT^^L||71|kg|||||F")
                         .add("SPM|1|A1||PLAS|||||||||||||20240422080500")
                         .add("SPM|2|A2||PLAS|||||||||||||20240422080600")
                         .add("ORC|NW|P2")
                         .add("OBR|2|P2||CD4")
                         .add("SPM|1|A3||WB|||||||||||||20240422080700")),
              (Lessons{"A1 20240422080500", "A2 20240422080600", "A3 20240422080700"}));
    // OML^O33: the orders follow their specimen.
    EXPECT_EQ(taught(an_order("OML^O33^OML_O33")
                         .add("SPM|1|A1||PLAS|||||||||||||20240422080500")
                         .add("ORC|NW|P1")
                         .add("OBR|1|P1||HIV")
                         .add("ORC|NW|P2")
                         .add("OBR|2|P2||HCV")
                         .add("SPM|2|A2||WB|||||||||||||20240422080600")
                         .add("SAC|||C2")
                         .add("ORC|NW|P3")
                         .add("OBR|1|P3||CD4")),
              (Lessons{"A1 20240422080500", "A2 20240422080600"}));
}

TEST(Orders, ACancelledOneTeachesNothing) {
    for (const char* control : {"CA", "OC", "DC"}) {
        EXPECT_EQ(taught(an_order("ORM^O01")
                             .add("ORC|" + std::string(control) + "|P1")
                             .add("OBR|1|P1|A1|HIV|||20240422080500")),
                  Lessons{})
            << control;
    }
}

TEST(Orders, OfAStrangerWaitUntilHeIsRegistered) {
    const Came came = what_comes_of(an_order("ORM^O01")
                                        .with("PID-3", "00999999^^^QILU^MR")
                                        .add("ORC|NW|P1")
                                        .add("OBR|1|P1|A1|HIV|||20240422080500"));
    expect_nothing_changed(came);
    EXPECT_TRUE(came.outcome.learned.empty());
    EXPECT_EQ(came.outcome.awaiting, std::vector<std::string>{"patient:QILU-MRN:00999999"});
}

TEST(Orders, ASourceThatDoesNotTeachChangesNothing) {
    const Came came =
        what_comes_of(an_order("ORM^O01").add("ORC|NW|P1").add("OBR|1|P1|A1|HIV|||20240422080500"),
                      [](auto& source) { source.teaches_specimens = false; });
    expect_nothing_changed(came);
    EXPECT_TRUE(came.outcome.learned.empty());
}

}  // namespace
}  // namespace labrelay::pipeline
