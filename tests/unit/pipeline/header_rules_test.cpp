// Points 30 to 47 of the receiving checklist that are not rows of docs/ack.md.
#include <gtest/gtest.h>

#include <algorithm>

#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/study/decide.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::pipeline {
namespace {

using mapping::SourceDefinition;
using test::a_flow_message;
using test::a_molecular_message;

study::Proposal processed(
    const std::string& bytes, std::string peer = {},
    const std::function<void(SourceDefinition&)>& change = [](auto&) {}) {
    Arrival arrival = test::an_arrival();
    arrival.peer = std::move(peer);
    return process(bytes, arrival, test::with_source("facs-lyric", change), test::a_registry());
}

Answer answered(
    const std::string& bytes, const std::function<void(SourceDefinition&)>& change = [](auto&) {}) {
    const mapping::Configuration configuration = test::with_source("facs-lyric", change);
    const Arrival arrival = test::an_arrival();
    const study::Registry registry = test::a_registry();
    const study::Proposal proposal = process(bytes, arrival, configuration, registry);
    const study::Outcome outcome =
        study::decide({proposal, study::StateView{}, configuration.rules(), registry});
    return answer(bytes, arrival, proposal, outcome);
}

hl7::Message parsed(std::string bytes) {
    Result<hl7::Message> message = hl7::Message::parse(std::move(bytes));
    EXPECT_TRUE(message.has_value());
    return std::move(*message);
}

/// A field of an acknowledgement as sent.
std::string field_of(const std::string& bytes, std::string_view segment, std::size_t number) {
    const hl7::Message message = parsed(bytes);
    const auto found = message.find(segment);
    EXPECT_TRUE(found.has_value());
    return found ? std::string(found->field(number).raw()) : std::string();
}

const Finding* finding(const study::Proposal& proposal, Code code) {
    const auto found = std::find_if(proposal.findings.begin(), proposal.findings.end(),
                                    [&](const Finding& one) { return one.code == code; });
    return found == proposal.findings.end() ? nullptr : &*found;
}

// Point 9: the answer holds no more of such a header than what ends within 4 KiB.
TEST(HeaderRules, P09_AHeaderOverFourKibibytesIsRejectedAndKept) {
    const auto with_header_of = [](std::size_t size) {
        std::string bytes = a_flow_message().with("MSH-19", "x").text();
        bytes.insert(bytes.find("x\r"), size - bytes.find('\r'), 'x');
        EXPECT_EQ(bytes.find('\r'), size);
        return bytes;
    };
    EXPECT_FALSE(processed(with_header_of(4096)).refused);
    const std::string bytes = with_header_of(4097);
    const study::Proposal proposal = processed(bytes);
    EXPECT_TRUE(proposal.refused);
    EXPECT_TRUE(proposal.reject);
    EXPECT_EQ(proposal.source, "facs-lyric");
    EXPECT_EQ(proposal.control_id, "FL1");
    ASSERT_NE(finding(proposal, Code::header_too_long), nullptr);
    EXPECT_EQ(finding(proposal, Code::header_too_long)->place.text, "MSH");
    const Answer answer = answered(bytes);
    EXPECT_EQ(answer.code, hl7::AckCode::ar);
    EXPECT_EQ(field_of(answer.bytes, "MSA", 2), "FL1");
    EXPECT_LT(answer.bytes.size(), 1000U);
}

TEST(HeaderRules, P45_AControlIdThatIsCutIsNotAnswered) {
    std::string bytes = a_flow_message().text();
    bytes.insert(bytes.find("FL1"), 5000, '7');
    EXPECT_EQ(field_of(answered(bytes).bytes, "MSA", 2), "");
}

struct TypeForm {
    const char* msh9;
    const char* type;
    bool differs;
};

TEST(HeaderRules, P30_FormsOfMsh9) {
    const TypeForm forms[] = {
        {"ORU", "ORU^R01", false},
        {"ORU^R01", "ORU^R01", false},
        {"ORU^R01^ORU_R01", "ORU^R01", false},
        {"ORU^R01^ORU_W01", "ORU^R01", true},
        {"ORU^R31^ORU_R30", "ORU^R31", false},
        {"ORU^R31^ORU_R31", "ORU^R31", false},
    };
    for (const TypeForm& form : forms) {
        SCOPED_TRACE(form.msh9);
        const study::Proposal proposal =
            processed(a_flow_message().with("MSH-9", form.msh9).text());
        EXPECT_FALSE(proposal.refused);
        EXPECT_EQ(proposal.message_type, form.type);
        const Finding* said = finding(proposal, Code::structure_differs);
        EXPECT_EQ(said != nullptr, form.differs);
        if (said != nullptr) {
            EXPECT_EQ(said->place.text, "MSH-9.3");
        }
    }
}

TEST(HeaderRules, P31_ALongControlIdIsTakenWhole) {
    const std::string id(199, '7');
    const Answer answer = answered(a_flow_message().with("MSH-10", id).text());
    EXPECT_EQ(answer.code, hl7::AckCode::aa);
    EXPECT_NE(answer.bytes.find("MSA|AA|" + id + "\r"), std::string::npos);
}

TEST(HeaderRules, P31_AMissingControlIdIsNeverInvented) {
    const hl7::Message ack = parsed(answered(a_flow_message().with("MSH-10", "").text()).bytes);
    EXPECT_EQ(ack.find("MSA")->field(2).raw(), "");
    EXPECT_EQ(ack.find("ERR")->field(2).raw(), "MSH^1^10");
}

TEST(HeaderRules, P32_ProcessingModeIsNoted) {
    const std::pair<const char*, bool> rows[] = {{"P", false},  {"P^", false}, {"P^T", false},
                                                 {"P^A", true}, {"P^R", true}, {"P^I", true}};
    for (const auto& [msh11, noted] : rows) {
        const study::Proposal proposal = processed(a_flow_message().with("MSH-11", msh11).text());
        EXPECT_FALSE(proposal.refused) << msh11;
        EXPECT_EQ(finding(proposal, Code::processing_mode) != nullptr, noted) << msh11;
    }
}

struct VersionForm {
    const char* msh12;
    const char* declared;  ///< hl7-version of the source
    Code said;
    bool refused;
};

TEST(HeaderRules, P33_FormsOfMsh12) {
    const VersionForm forms[] = {
        {"2.5.1", "", Code::none, false},
        {"2.5^USA", "", Code::none, false},
        {"2.5.1.0", "", Code::none, false},
        {"V2.3", "", Code::none, false},
        {"2.1", "", Code::none, false},
        {"2.9", "", Code::none, false},
        {"", "", Code::version_missing, false},
        {"", "2.3.1", Code::version_assumed, false},
        {"3.0", "2.3.1", Code::version_assumed, false},
        {"3.0", "", Code::version_unsupported, true},
        {"2.10", "", Code::version_unsupported, true},
    };
    for (const VersionForm& form : forms) {
        SCOPED_TRACE(std::string(form.msh12) + " at a source of " + form.declared);
        const study::Proposal proposal =
            processed(a_flow_message().with("MSH-12", form.msh12).text(), {},
                      [&](SourceDefinition& source) { source.hl7_version = form.declared; });
        EXPECT_EQ(proposal.refused, form.refused);
        if (form.said != Code::none) {
            EXPECT_NE(finding(proposal, form.said), nullptr);
        }
    }
}

// The answer has the form of the version that the source names.
TEST(HeaderRules, P33_TheAnswerFollowsTheAssumedVersion) {
    const std::string bytes = a_flow_message().with("MSH-12", "").with("OBX-11", "F").text();
    const auto type = [&](const char* version) {
        return field_of(answered(bytes, [&](auto& source) { source.hl7_version = version; }).bytes,
                        "MSH", 9);
    };
    EXPECT_EQ(type("2.3"), "ACK");
    EXPECT_EQ(type("2.5"), "ACK^R01^ACK");
}

TEST(HeaderRules, P34_HdFieldsComeBackWhole) {
    const hl7::Message ack = parsed(answered(a_flow_message()
                                                 .with("MSH-3", "FACSLYRIC^1.2.840.1^ISO")
                                                 .with("MSH-4", "QILU-FLOW^1.2.840.2^ISO")
                                                 .with("MSH-5", "L&R^9.9^ISO")
                                                 .text())
                                        .bytes);
    EXPECT_EQ(ack.header().field(5).raw(), "FACSLYRIC^1.2.840.1^ISO");
    EXPECT_EQ(ack.header().field(6).raw(), "QILU-FLOW^1.2.840.2^ISO");
    EXPECT_EQ(ack.header().field(3).raw(), "L&R^9.9^ISO");
}

TEST(HeaderRules, P37_APartOfAContinuedMessageIsHeldWhole) {
    const test::MessageBuilder parts[] = {
        a_flow_message().with("MSH-14", "C17"),
        a_flow_message().add("DSC|C17|F"),
        a_flow_message().add_before("OBX", "ADD|rest of a field"),
    };
    for (const test::MessageBuilder& part : parts) {
        const study::Proposal proposal = processed(part.text());
        ASSERT_NE(finding(proposal, Code::message_continued), nullptr) << part.text();
        const study::Outcome outcome =
            study::decide({proposal, study::StateView{}, test::shipped_configuration().rules(),
                           test::a_registry()});
        EXPECT_EQ(outcome.state, study::MessageState::held);
        EXPECT_EQ(outcome.counts.held, 1);
        EXPECT_EQ(outcome.observations.at(0).rule, Code::message_continued);
    }
}

struct ClockRow {
    const char* sent;  ///< MSH-7; the message arrives at 2024-04-23T06:00Z
    bool skewed;
};

TEST(HeaderRules, P38_AClockThatIsOffByMoreThanADay) {
    const ClockRow rows[] = {
        {"20240422143000", false},       // Asia/Shanghai: 06:30Z the day before
        {"20240422135900", true},        // a minute more than a day
        {"20240424140000", false},       // tomorrow at the same time
        {"20240424140100", true},        //
        {"20240422055900+0000", true},   //
        {"20240422060100+0000", false},  //
        {"19700101000000", true},        //
        {"20240401", false},             // a day says nothing of a clock
        {"", false},
        {"yesterday", false},
    };
    for (const ClockRow& row : rows) {
        const std::string bytes = a_flow_message().with("MSH-7", row.sent).text();
        const Finding* said = nullptr;
        const study::Proposal proposal = processed(bytes, "10.0.0.7");
        said = finding(proposal, Code::clock_skew);
        EXPECT_EQ(said != nullptr, row.skewed) << row.sent;
        if (said != nullptr) {
            EXPECT_EQ(said->severity, Severity::warning);
            EXPECT_EQ(said->place.text, "MSH-7");
        }
        // A file may be as old as it likes.
        EXPECT_EQ(finding(processed(bytes), Code::clock_skew), nullptr);
    }
}

TEST(HeaderRules, P38_TheProfileOfIheLaboratoryComesBack) {
    for (const char* profile : {"LAB-29^IHE", "OTHER~LAB-29^IHE"}) {
        const std::string bytes = a_molecular_message().with("MSH-21", profile).text();
        const Answer answer = answered(bytes);
        EXPECT_EQ(answer.accept, "");
        EXPECT_EQ(field_of(answer.bytes, "MSH", 21), profile);
        EXPECT_EQ(field_of(answer.bytes, "MSH", 9), "ACK^R22^ACK");
    }
}

TEST(HeaderRules, P39_BothAcknowledgementsAreCorrelatedAndNeverAnsweredThemselves) {
    const std::string bytes = a_flow_message().with("MSH-15", "AL").with("MSH-16", "AL").text();
    const Answer answer = answered(bytes);
    const hl7::Message accept = parsed(answer.accept);
    const hl7::Message application = parsed(answer.bytes);
    EXPECT_EQ(accept.find("MSA")->field(1).text(), "CA");
    EXPECT_EQ(application.find("MSA")->field(1).text(), "AA");
    for (const hl7::Message* ack : {&accept, &application}) {
        EXPECT_EQ(ack->find("MSA")->field(2).raw(), "FL1");
        EXPECT_EQ(ack->header().field(15).raw(), "NE");
        EXPECT_EQ(ack->header().field(16).raw(), "NE");
        EXPECT_LE(ack->header().field(10).raw().size(), 20U);
    }
    EXPECT_NE(accept.header().field(10).raw(), application.header().field(10).raw());
}

TEST(HeaderRules, P39_AnApplicationAcknowledgementThatGoesApartAsksForAcceptance) {
    const auto apart = [](SourceDefinition& source) { source.replies_apart = true; };
    const Answer answer =
        answered(a_flow_message().with("MSH-15", "AL").with("MSH-16", "AL").text(), apart);
    EXPECT_TRUE(answer.apart);
    EXPECT_EQ(field_of(answer.bytes, "MSH", 15), "AL");
    EXPECT_FALSE(answered(a_flow_message().text(), apart).apart) << "original mode stays";
    const Answer rejected = answered(
        a_flow_message().with("MSH-9", "MDM^T02").with("MSH-15", "NE").with("MSH-16", "AL").text(),
        apart);
    EXPECT_FALSE(rejected.apart) << "what is not accepted is told at once";
    EXPECT_EQ(field_of(rejected.bytes, "MSA", 1), "AR");
}

TEST(HeaderRules, P41_TheHeaderOfAnAnswerIsOurs) {
    const std::string bytes =
        R"(MSH#*~\&#FACSLYRIC#QILU-FLOW#L#Q#20240422143000##ORU*R01#7#P*T#2.5.1#########)"
        "\r";
    const hl7::Message ack = parsed(answered(bytes).bytes);
    EXPECT_EQ(ack.header().field(2).raw(), "*~\\&");
    EXPECT_EQ(ack.header().field(7).raw(), "20240423060000+0000");
    EXPECT_EQ(ack.header().field(9).raw(), "ACK*R01*ACK");
    EXPECT_EQ(ack.header().field(10).raw(), "ACK1");
    EXPECT_EQ(ack.header().field(11).raw(), "P*T");
    EXPECT_EQ(ack.header().field(12).raw(), "2.5.1");
}

TEST(HeaderRules, P44_NoResponseIsAnswered) {
    for (const char* type : {"ACK", "ACK^R01^ACK", "MCF", "RSP^K11", "ORL^O34", "QCK^Q02"}) {
        const Answer answer = answered(
            a_flow_message().with("MSH-9", type).with("MSH-15", "AL").with("MSH-16", "AL").text());
        EXPECT_TRUE(answer.silent) << type;
        EXPECT_EQ(answer.bytes + answer.accept, "") << type;
    }
    // Also where its own form is broken or its bytes are not valid.
    for (const char* rest : {"and so on\r", "MSA|AA|\xff\r"}) {
        EXPECT_TRUE(answered(a_flow_message().with("MSH-9", "ACK").text() + rest).silent) << rest;
    }
}

TEST(HeaderRules, P45_WhatIsNoMessageIsRejectedAsFarAsItCanBeRead) {
    const std::pair<std::string, std::string> rows[] = {
        {"GET / HTTP/1.1\r\n", "MSA|AR\r"},
        {"MSH", "MSA|AR\r"},
        {"MSH|^~\\&|FACSLYRIC|QILU-FLOW|||t||ORU^R01|77|P|2.3\rrubbish\r", "MSA|AR|77|"},
    };
    for (const auto& [bytes, msa] : rows) {
        const Answer answer = answered(bytes);
        EXPECT_EQ(answer.code, hl7::AckCode::ar);
        EXPECT_NE(answer.bytes.find("\rMSA|AR|"), std::string::npos) << answer.bytes;
        if (msa.find("77") != std::string::npos) {
            EXPECT_NE(answer.bytes.find(msa), std::string::npos) << answer.bytes;
        }
    }
}

}  // namespace
}  // namespace labrelay::pipeline
