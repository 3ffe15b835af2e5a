#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

// Words that leave (src/mapping/apply.md): what a sender wrote goes to a study only as far as it
// was read.

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ProposedObservation;
using test::a_flow_message;
using test::a_hospital_message;
using test::a_molecular_message;
using test::MessageBuilder;

ProposedObservation first(const MessageBuilder& message) {
    auto observations = pipeline::process(message.text(), test::an_arrival(),
                                          test::shipped_configuration(), test::a_registry())
                            .observations;
    if (observations.empty()) {
        ADD_FAILURE() << "no observation";
        return {};
    }
    return std::move(observations.front());
}

std::vector<std::string> withheld_at(const ProposedObservation& observation) {
    std::vector<std::string> places;
    for (const Finding& finding : observation.findings) {
        if (finding.code == Code::text_withheld) {
            EXPECT_EQ(finding.severity, Severity::note);
            places.push_back(finding.place.text);
        }
    }
    return places;
}

constexpr const char* kName = "Zhang San";

struct Sent {
    const char* field;
    const char* text;
    std::string study::ResultValue::*member;
    const char* leaves;
};

constexpr Sent kSent[] = {
    // understood: as sent
    {"OBX-5", "412", &study::ResultValue::value_reported, "412"},
    {"OBX-5", "< 20", &study::ResultValue::value_reported, "< 20"},
    {"OBX-6", "cells/uL", &study::ResultValue::unit_reported, "cells/uL"},
    {"OBX-7", "313 ~ 1361", &study::ResultValue::range_reported, "313 ~ 1361"},
    {"OBX-7", "<1361", &study::ResultValue::range_reported, "<1361"},
    {"OBX-7", "阴性", &study::ResultValue::range_reported, "阴性"},
    {"OBX-8", "N", &study::ResultValue::flags_reported, "N"},
    {"OBX-8", "L~A", &study::ResultValue::flags_reported, "L~A"},
    // not understood: not at all, or without what was not
    {"OBX-7", "Zhang San", &study::ResultValue::range_reported, "[withheld]"},
    {"OBX-7", "313-1361 Zhang San", &study::ResultValue::range_reported, "[withheld]"},
    {"OBX-7", "1943-12-17 13912345678", &study::ResultValue::range_reported, "[withheld]"},
    {"OBX-8", "Zhang", &study::ResultValue::flags_reported, "[withheld]"},
    {"OBX-8", "N^Zhang San^HL70078", &study::ResultValue::flags_reported, "N"},
    {"OBX-8", "N~Zhang", &study::ResultValue::flags_reported, "[withheld]"},
    {"OBX-6", "Zhang San^cells/uL", &study::ResultValue::unit_reported, "cells/uL"},
};

TEST(Withhold, OnlyWhatWasReadLeaves) {
    for (const Sent& sent : kSent) {
        const ProposedObservation seen = first(a_flow_message().with(sent.field, sent.text));
        ASSERT_EQ(seen.disposition, Disposition::stored) << sent.text;
        EXPECT_EQ(seen.value.*sent.member, sent.leaves) << sent.text;
        const bool changed = std::string_view(sent.leaves) != sent.text;
        EXPECT_EQ(withheld_at(seen),
                  changed ? std::vector<std::string>{fmt::format("OBX-{}", sent.field + 4)}
                          : std::vector<std::string>())
            << sent.text;
    }
}

// Whatever OBX-5 holds, OBX-11 X says that there is no value: the words are nobody's result.
TEST(Withhold, WordsInPlaceOfAValueStayInside) {
    const ProposedObservation seen =
        first(a_flow_message().with("OBX-2", "TX").with("OBX-5", kName).with("OBX-11", "X"));
    ASSERT_EQ(seen.disposition, Disposition::stored);
    EXPECT_EQ(seen.value.state, units::ResultState::not_done);
    EXPECT_EQ(seen.value.value_reported, "[withheld]");
    EXPECT_EQ(withheld_at(seen), (std::vector<std::string>{"OBX-5"}));
}

TEST(Withhold, OfACodedValueThePartThatWasReadLeaves) {
    const ProposedObservation seen =
        first(a_flow_message().with("OBX-2", "CE").with("OBX-5", "412^412^L^Zhang San"));
    ASSERT_EQ(seen.disposition, Disposition::stored);
    EXPECT_EQ(seen.value.value_reported, "412");
    EXPECT_EQ(withheld_at(seen), (std::vector<std::string>{"OBX-5"}));
    const ProposedObservation word =
        first(a_flow_message().with("OBX-2", "CE").with("OBX-5", "X412^412^L"));
    EXPECT_EQ(word.value.value_reported, "412");
    EXPECT_EQ(withheld_at(word), std::vector<std::string>());
}

TEST(Withhold, AStructuredNumberLeavesAsSent) {
    const ProposedObservation seen = first(a_molecular_message());
    EXPECT_EQ(seen.value.value_reported, "^388");
    EXPECT_EQ(withheld_at(seen), std::vector<std::string>());
}

TEST(Withhold, ATimeThatIsNoneStaysInside) {
    const ProposedObservation seen = first(a_flow_message().with("OBR-22", kName));
    ASSERT_EQ(seen.disposition, Disposition::stored);
    EXPECT_EQ(seen.reported_at, "[withheld]");
}

TEST(Withhold, NamesThatNobodyDeclaredLeaveAsDigests) {
    const ProposedObservation one =
        first(a_flow_message().with("OBX-17", "M1^Zhang San").with("OBX-15", "L1^Li Si"));
    const ProposedObservation other =
        first(a_flow_message().with("OBX-17", "M1^Wang Wu").with("OBX-23", "Zhao Liu"));
    for (const ProposedObservation* seen : {&one, &other}) {
        EXPECT_EQ(seen->method.substr(0, 11), "undeclared-");
        EXPECT_EQ(seen->method.size(), 19U);
        EXPECT_EQ(seen->laboratory.substr(0, 11), "undeclared-");
    }
    EXPECT_NE(one.method, other.method);
    EXPECT_NE(one.laboratory, other.laboratory);
    EXPECT_EQ(withheld_at(other), (std::vector<std::string>{"OBX-17", "OBX-23"}));
}

TEST(Withhold, AHeldResultKeepsItsWordsForThePersonWhoLooksAtIt) {
    const ProposedObservation seen =
        first(a_flow_message().with("OBX-2", "TX").with("OBX-5", kName));
    EXPECT_EQ(seen.disposition, Disposition::held);
    EXPECT_EQ(seen.value.value_reported, kName);
}

}  // namespace
}  // namespace labrelay::mapping
