#include <gtest/gtest.h>

#include <algorithm>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::pipeline {
namespace {

using study::Disposition;
using study::Proposal;
using test::a_flow_message;
using test::a_hospital_message;

Proposal processed(const std::string& bytes,
                   const mapping::Configuration& configuration = test::shipped_configuration()) {
    return process(bytes, test::an_arrival(), configuration, test::a_registry());
}

TEST(Process, SaysWhatTheMessageIs) {
    const Proposal proposal = processed(a_flow_message().text());
    EXPECT_EQ(proposal.source, "facs-lyric");
    EXPECT_EQ(proposal.control_id, "FL1");
    EXPECT_EQ(proposal.message_type, "ORU^R01");
    EXPECT_EQ(proposal.version, "2.5");
    EXPECT_EQ(proposal.message_time, "20240422143000");
    EXPECT_EQ(proposal.message_id, MessageId{4711});
    EXPECT_EQ(proposal.registry_version, 1);
    EXPECT_EQ(proposal.config_hash, test::shipped_configuration().hash());
    EXPECT_FALSE(proposal.refused);
    EXPECT_TRUE(proposal.forwards);
    ASSERT_EQ(proposal.observations.size(), 1U);
    EXPECT_EQ(proposal.observations[0].disposition, Disposition::stored);
}

TEST(Process, IsAPureFunction) {
    const std::string bytes = a_hospital_message().text();
    const Proposal once = processed(bytes);
    const Proposal twice = processed(bytes);
    EXPECT_EQ(once.sameness, twice.sameness);
    EXPECT_EQ(once.observations.at(0).value.value_num, twice.observations.at(0).value.value_num);
}

TEST(Process, SamenessLeavesOutWhatAResendChanges) {
    const auto digest = [](test::MessageBuilder message) {
        return processed(message.text()).sameness;
    };
    const auto original = digest(a_flow_message());
    EXPECT_EQ(digest(a_flow_message().with("MSH-7", "20240422150000")), original);
    EXPECT_EQ(digest(a_flow_message().with("MSH-8", "token")), original);
    EXPECT_EQ(digest(a_flow_message().with("MSH-13", "17")), original);
    EXPECT_NE(digest(a_flow_message().with("MSH-10", "FL2")), original);
    EXPECT_NE(digest(a_flow_message().with("OBX-5", "413")), original);
    EXPECT_NE(digest(a_flow_message().with("OBX-19", "20240422133001")), original);
}

bool has_finding(const Proposal& proposal, Code code) {
    return std::any_of(proposal.findings.begin(), proposal.findings.end(),
                       [code](const Finding& finding) { return finding.code == code; });
}

TEST(Process, P27_TheSourcesFallbackIsNotedWhereItDecides) {
    const auto configuration = test::with_source(
        "facs-lyric", [](auto& source) { source.charset_fallback = hl7::Charset::windows_1252; });
    const auto latin = a_flow_message().with("MSH-18", "").with("OBX-17", "\xb5m");
    const Proposal read = processed(latin.text(), configuration);
    EXPECT_FALSE(read.refused);
    EXPECT_TRUE(has_finding(read, Code::charset_fallback));
    EXPECT_TRUE(processed(latin.text()).refused) << "without a fallback";
    const auto declared = a_flow_message().with("MSH-18", "UTF-8").with("OBX-17", "\xb5m");
    EXPECT_TRUE(processed(declared.text(), configuration).refused);
    EXPECT_FALSE(
        has_finding(processed(a_flow_message().text(), configuration), Code::charset_fallback));
}

TEST(Process, P22_P17_TheSourcesTolerancesHold) {
    const auto configuration = test::with_source("facs-lyric", [](auto& source) {
        source.loose_segment_names = true;
        source.join_broken_lines = true;
    });
    std::string bytes = a_flow_message().text() + "NTE|1||one\rtwo words\r";
    bytes.replace(bytes.find("\rOBX|"), 5, "\robx|");
    const Proposal read = processed(bytes, configuration);
    EXPECT_FALSE(read.refused);
    EXPECT_TRUE(has_finding(read, Code::segment_name_repaired));
    EXPECT_TRUE(has_finding(read, Code::line_joined));
    ASSERT_EQ(read.observations.size(), 1U);
    EXPECT_EQ(read.observations[0].disposition, Disposition::stored);
    EXPECT_TRUE(processed(bytes).refused);
}

TEST(Process, P25_AnUnknownEscapeIsAFinding) {
    const Proposal read = processed(a_flow_message().text() + "NTE|1||\\Q\\\r");
    EXPECT_FALSE(read.refused);
    EXPECT_TRUE(has_finding(read, Code::escape_unknown));
}

TEST(Process, P46_WhatHoldsTheBatchHoldsItsMember) {
    Arrival arrival = test::an_arrival();
    const std::string bytes = a_flow_message().text();
    const auto read = [&] {
        return process(bytes, arrival, test::shipped_configuration(), test::a_registry());
    };
    const Proposal alone = read();
    arrival.batch = BatchPlace{MessageId{4700}, 40, Code::none, false};
    const Proposal member = read();
    EXPECT_EQ(member.sameness, alone.sameness) << "in a batch or not: the same message";
    arrival.batch->hold = Code::batch_count_wrong;
    const Proposal held = read();
    ASSERT_FALSE(held.findings.empty());
    EXPECT_EQ(held.findings[0].code, Code::batch_count_wrong);
    EXPECT_EQ(held.findings[0].severity, Severity::hold);
    EXPECT_NE(held.sameness, alone.sameness);
}

TEST(Process, P18_AMarkBeforeABatchMeansUtf8ForItsMembers) {
    const auto configuration = test::with_source(
        "facs-lyric", [](auto& source) { source.charset = hl7::Charset::gb_18030; });
    // Not valid in GB 18030: the last byte of the character would take the separator.
    const std::string bytes = a_flow_message().with("MSH-18", "").with("OBX-17", "\xc2\xb5").text();
    Arrival arrival = test::an_arrival();
    arrival.batch = BatchPlace{MessageId{4700}, 3, Code::none, true};
    const study::Registry registry = test::a_registry();
    const Proposal marked = process(bytes, arrival, configuration, registry);
    arrival.batch->marked = false;
    const Proposal plain = process(bytes, arrival, configuration, registry);
    EXPECT_NE(marked.sameness, plain.sameness) << "read as other characters";
    EXPECT_FALSE(marked.refused);
}

TEST(Process, AnOruWithoutEventIsR01) {
    const Proposal proposal = processed(a_flow_message().with("MSH-9", "ORU").text());
    EXPECT_FALSE(proposal.refused);
    EXPECT_EQ(proposal.message_type, "ORU^R01");
}

TEST(Process, ReadsAnEmptyMsh18AsTheSourceDeclares) {
    // "女" in GB 18030, the source's default; as UTF-8 it would be invalid bytes.
    const std::string bytes = a_hospital_message()
                                  .with("MSH-18", "")
                                  .with("PID-8", "\xc5\xae")
                                  .with("OBX-3", "ALT^^L")
                                  .with("OBR-4", "BIO^^L")
                                  .text();
    const Proposal proposal = processed(bytes);
    ASSERT_EQ(proposal.observations.size(), 1U);
    EXPECT_EQ(proposal.observations[0].disposition, Disposition::stored)
        << key(proposal.observations[0].rule);
}

TEST(Process, Msh18WinsOverTheSourcesCharset) {
    const Proposal proposal = processed(a_hospital_message().text());
    ASSERT_EQ(proposal.observations.size(), 1U);
    EXPECT_EQ(proposal.observations[0].disposition, Disposition::stored);
}

TEST(Process, RefusesWithPlaceAndStoresNothing) {
    const Proposal proposal = processed(a_flow_message().with("MSH-12", "9.9").text());
    EXPECT_TRUE(proposal.refused);
    EXPECT_TRUE(proposal.reject);
    EXPECT_TRUE(proposal.observations.empty());
    ASSERT_EQ(proposal.findings.size(), 1U);
    EXPECT_EQ(proposal.findings[0].code, Code::version_unsupported);
    EXPECT_EQ(proposal.findings[0].severity, Severity::refuse);
    EXPECT_EQ(proposal.findings[0].place.text, "MSH-12.1");
    EXPECT_EQ(proposal.findings[0].place.offset, 81U);
}

TEST(Process, KnowsTheSenderOfAMessageThatCannotBeRead) {
    const Proposal proposal = processed(a_flow_message().text() + "and so on\r");
    EXPECT_TRUE(proposal.reject);
    EXPECT_EQ(proposal.source, "facs-lyric");
    EXPECT_EQ(proposal.control_id, "FL1");
}

TEST(Process, AMessageWithoutObservationsHasANote) {
    const Proposal proposal = processed(a_flow_message().without("OBX").text());
    EXPECT_FALSE(proposal.refused);
    EXPECT_TRUE(proposal.observations.empty());
    ASSERT_FALSE(proposal.findings.empty());
    EXPECT_EQ(proposal.findings.back().code, Code::no_observations);
    EXPECT_EQ(proposal.findings.back().severity, Severity::note);
}

struct ModeRow {
    mapping::SourceMode mode;
    const char* processing_id;
    Disposition disposition;
    Code rule;
    bool forwards;
};

TEST(Process, ModesDecideWhatReachesAStudy) {
    using mapping::SourceMode;
    const ModeRow rows[] = {
        {SourceMode::live, "P", Disposition::stored, Code::none, true},
        {SourceMode::shadow, "P", Disposition::stored, Code::none, false},
        {SourceMode::shadow, "T", Disposition::ignored, Code::test_message, false},
        {SourceMode::test, "P", Disposition::ignored, Code::source_not_live, false},
        {SourceMode::test, "T", Disposition::ignored, Code::test_message, false},
        {SourceMode::test, "D", Disposition::ignored, Code::test_message, false},
    };
    for (const ModeRow& row : rows) {
        SCOPED_TRACE(std::string(to_string(row.mode)) + " " + row.processing_id);
        const auto configuration =
            test::with_source("lis-qilu", [&](auto& source) { source.mode = row.mode; });
        const Proposal proposal =
            processed(a_hospital_message().with("MSH-11", row.processing_id).text(), configuration);
        ASSERT_EQ(proposal.observations.size(), 1U);
        EXPECT_EQ(proposal.observations[0].disposition, row.disposition);
        EXPECT_EQ(proposal.observations[0].rule, row.rule);
        EXPECT_EQ(proposal.forwards, row.forwards);
        // What never becomes a value teaches nothing either.
        EXPECT_EQ(proposal.learned.empty(), row.disposition == Disposition::ignored);
    }
}

TEST(Process, LineageCanBeLeftOutAndChangesNothingElse) {
    const std::string bytes = a_hospital_message().text();
    const Proposal with = processed(bytes);
    const Proposal without = process(bytes, test::an_arrival(), test::shipped_configuration(),
                                     test::a_registry(), mapping::Lineage::left_out);
    EXPECT_FALSE(with.observations.at(0).lineage.empty());
    EXPECT_TRUE(without.observations.at(0).lineage.empty());
    EXPECT_EQ(with.observations[0].value.value_text, without.observations[0].value.value_text);
    EXPECT_EQ(with.observations[0].findings, without.observations[0].findings);
}

TEST(Process, SurvivesEveryCutAndEveryFlippedByte) {
    const std::string whole = a_hospital_message().text() + a_flow_message().without("MSH").text();
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const Proposal proposal = processed(whole.substr(0, length));
        EXPECT_EQ(proposal.refused && !proposal.observations.empty(), false);
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char byte : {'\0', '|', '^', '\r', '\xff'}) {
            std::string changed = whole;
            changed[at] = byte;
            processed(changed);
        }
    }
}

TEST(Process, AMessageOfAnUnknownSourceIsHeldWithEachOfItsObservationsWhereTheIntakeSaysSo) {
    const mapping::Configuration& shipped = test::shipped_configuration();
    const mapping::Configuration holding(shipped.sources(), shipped.rules(), shipped.aliases(),
                                         mapping::UnknownSource::hold);
    const std::string bytes = a_flow_message().with("MSH-3", "NOBODY").text();
    EXPECT_TRUE(processed(bytes).refused);
    EXPECT_TRUE(processed(bytes).reject);
    Arrival from_network = test::an_arrival();
    from_network.peer = "192.0.2.1:4000";
    const Proposal held = process(bytes, from_network, holding, test::a_registry());
    EXPECT_FALSE(held.refused);
    EXPECT_EQ(held.source, "");
    ASSERT_EQ(held.findings.size(), 1U);
    EXPECT_EQ(held.findings[0].code, Code::source_unknown);
    EXPECT_EQ(held.findings[0].severity, Severity::hold);
    ASSERT_EQ(held.observations.size(), 1U);
    EXPECT_EQ(held.observations[0].disposition, Disposition::held);
    EXPECT_EQ(held.observations[0].rule, Code::source_unknown);
    const Proposal test =
        processed(a_flow_message().with("MSH-3", "NOBODY").with("MSH-11", "T").text(), holding);
    ASSERT_EQ(test.observations.size(), 1U);
    EXPECT_EQ(test.observations[0].rule, Code::test_message);
}

}  // namespace
}  // namespace labrelay::pipeline
