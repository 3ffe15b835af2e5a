#include "labrelay/hl7/binding.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "hl7_text.hpp"

namespace labrelay::hl7 {
namespace {

/// Builds a message from words: `PID1 ORC1:F7 OBR1:F7 OBX1 NTE1 SPM1`. The number is the set id by
/// which the expectation names a segment; what follows the colon is the filler number (ORC-3,
/// OBR-3), and after
/// `@` the collection time (OBR-7).
std::string message_of(std::string_view type, std::string_view words) {
    std::string text = "MSH|^~\\&|A|F|R|RF|t||";
    text += type;
    text += "|1|P|2.5.1\r";
    while (!words.empty()) {
        const std::size_t end = std::min(words.find(' '), words.size());
        const std::string_view word = words.substr(0, end);
        words.remove_prefix(std::min(end + 1, words.size()));
        const std::size_t at = std::min(word.find('@'), word.size());
        const std::size_t colon = std::min(word.find(':'), at);
        text += fmt::format("{}|{}||{}||||{}\r", word.substr(0, 3), word.substr(3, colon - 3),
                            colon < at ? word.substr(colon + 1, at - colon - 1) : "",
                            at < word.size() ? word.substr(at + 1) : "");
    }
    return text;
}

/// `1: PID1 ORC1 OBR1 SPM1 NTE1 NTE2` for each OBX; `?` where it is not certain, `specimen` where
/// it describes the specimen.
std::string bindings_of(const Message& message, const BindingRules& rules = {}) {
    std::string all;
    for (const ObservationBinding& binding : bind_observations(message, rules)) {
        all += all.empty() ? "" : "; ";
        all += message.segment(binding.obx).field(1).text();
        all += binding.certain ? ":" : "?:";
        const auto name = [&](std::size_t position) {
            if (position != 0) {
                const Segment segment = message.segment(position);
                all += fmt::format(" {}{}", segment.id(), segment.field(1).text());
            }
        };
        name(binding.pid);
        name(binding.pv1);
        name(binding.orc);
        name(binding.obr);
        name(binding.spm);
        name(binding.sac);
        for (const std::size_t note : binding.notes) {
            name(note);
        }
        all += binding.specimen_observation ? " specimen" : "";
    }
    return all;
}

struct Row {
    std::string_view name;
    std::string_view type;
    std::string_view segments;
    std::string_view bindings;
};

constexpr Row kRows[] = {
    // ORU^R01
    {"one order", "ORU^R01", "PID1 PV11 ORC1 OBR1 OBX1 OBX2",
     "1: PID1 PV11 ORC1 OBR1; 2: PID1 PV11 ORC1 OBR1"},
    {"no patient, no ORC", "ORU^R01", "OBR1 OBX1", "1: OBR1"},
    {"type without event", "ORU", "PID1 OBR1 OBX1", "1: PID1 OBR1"},
    {"no OBX", "ORU^R01", "PID1 OBR1", ""},
    {"several orders", "ORU^R01", "PID1 ORC1 OBR1 OBX1 ORC2 OBR2 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 ORC2 OBR2"},
    {"several patients", "ORU^R01", "PID1 PV11 ORC1 OBR1 OBX1 PID2 OBR2 OBX2",
     "1: PID1 PV11 ORC1 OBR1; 2: PID2 OBR2"},
    {"result without order", "ORU^R01", "PID1 OBX1 OBR1 OBX2", "1?: PID1; 2: PID1 OBR1"},
    {"second patient without order", "ORU^R01", "PID1 OBR1 OBX1 PID2 OBX2",
     "1: PID1 OBR1; 2?: PID2"},
    {"order before its patient", "ORU^R01", "OBR1 PID1 OBX1 OBR2 OBX2", "1?: PID1; 2?: PID1 OBR2"},
    {"several OBR under one ORC", "ORU^R01", "PID1 ORC1 OBR1 OBX1 OBR2 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 ORC1 OBR2"},
    {"several OBR, numbers agree", "ORU^R01", "PID1 ORC1:F1 OBR1:F1 OBX1 OBR2:F1 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 ORC1 OBR2"},
    {"several OBR, numbers disagree", "ORU^R01", "PID1 ORC1:F1 OBR1:F1 OBX1 OBR2:F2 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 OBR2"},
    {"ORC after OBR", "ORU^R01", "PID1 OBR1 ORC1 OBX1 OBR2 ORC2 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 ORC2 OBR2"},
    {"ORC after OBR, second without", "ORU^R01", "PID1 OBR1 ORC1 OBX1 OBR2 OBX2",
     "1: PID1 ORC1 OBR1; 2: PID1 OBR2"},
    {"OBR without result, then an order", "ORU^R01", "PID1 OBR1 ORC2 OBR2 OBX2",
     "2: PID1 ORC2 OBR2"},
    {"two ORC for one OBR", "ORU^R01", "PID1 ORC1 OBR1 ORC2 OBX1", "1?: PID1 ORC2 OBR1"},
    {"notes", "ORU^R01", "PID1 NTE1 OBR1 NTE2 OBX1 NTE3 NTE4 OBX2 ZZZ1 NTE5 OBX3 TCD1 NTE6",
     "1: PID1 OBR1 NTE3 NTE4; 2: PID1 OBR1; 3: PID1 OBR1 NTE6"},
    // ORU with specimens
    {"specimen after its results", "ORU^R01", "PID1 OBR1 OBX1 OBX2 SPM1",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR1 SPM1"},
    {"OBX of the specimen", "ORU^R01", "PID1 OBR1 OBX1 SPM1 OBX2",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR1 SPM1 specimen"},
    {"each order its specimen", "ORU^R01", "PID1 OBR1 OBX1 SPM1 OBR2 OBX2 SPM2",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR2 SPM2"},
    {"specimen before its results", "ORU^R01", "PID1 ORC1 OBR1 SPM1 OBX1 ORC2 OBR2 SPM2 OBX2",
     "1: PID1 ORC1 OBR1 SPM1; 2: PID1 ORC2 OBR2 SPM2"},
    {"specimen before the order", "ORU^R01", "PID1 SPM1 ORC1 OBR1 OBX1 OBR2 OBX2 SPM2 OBR3 OBX3",
     "1: PID1 ORC1 OBR1 SPM1; 2: PID1 ORC1 OBR2 SPM1; 3: PID1 ORC1 OBR3 SPM2"},
    {"specimen between ORC and OBR", "ORU^R01", "PID1 ORC1 SPM1 OBR1 OBX1",
     "1: PID1 ORC1 OBR1 SPM1"},
    {"specimens before and after", "ORU^R01", "PID1 SPM1 OBR1 OBX1 SPM2", "1?: PID1 OBR1 SPM1"},
    {"one specimen for all OBR of an ORC, last", "ORU^R01", "PID1 ORC1 OBR1 OBX1 OBR2 OBX2 SPM1",
     "1: PID1 ORC1 OBR1 SPM1; 2: PID1 ORC1 OBR2 SPM1"},
    {"one specimen for all OBR of an ORC, first", "ORU^R01", "PID1 ORC1 OBR1 OBX1 SPM1 OBR2 OBX2",
     "1: PID1 ORC1 OBR1 SPM1; 2: PID1 ORC1 OBR2 SPM1"},
    {"one specimen, no ORC", "ORU^R01", "PID1 OBR1 OBX1 OBR2 OBX2 SPM1",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR2 SPM1"},
    {"one specimen, same draw", "ORU^R01", "PID1 OBR1@20260301 OBX1 OBR2@20260301 OBX2 SPM1",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR2 SPM1"},
    {"one specimen, another draw", "ORU^R01", "PID1 OBR1@20260301 OBX1 OBR2@20260302 OBX2 SPM1",
     "1: PID1 OBR1; 2: PID1 OBR2 SPM1"},
    {"a specimen of another order", "ORU^R01", "PID1 ORC1 OBR1 OBX1 ORC2 OBR2 OBX2 SPM2",
     "1: PID1 ORC1 OBR1; 2: PID1 ORC2 OBR2 SPM2"},
    {"a specimen of another patient", "ORU^R01", "PID1 OBR1 OBX1 PID2 OBR2 OBX2 SPM2",
     "1: PID1 OBR1; 2: PID2 OBR2 SPM2"},
    {"one order without among several specimens", "ORU^R01",
     "PID1 ORC1 OBR1 OBX1 SPM1 OBR2 OBX2 OBR3 OBX3 SPM3",
     "1: PID1 ORC1 OBR1 SPM1; 2?: PID1 ORC1 OBR2; 3: PID1 ORC1 OBR3 SPM3"},
    {"specimen in the middle", "ORU^R01", "PID1 ORC1 OBR1 OBX1 OBR2 SPM1 OBX2",
     "1?: PID1 ORC1 OBR1; 2: PID1 ORC1 OBR2 SPM1"},
    {"two specimens after the results", "ORU^R01", "PID1 OBR1 OBX1 SPM1 SPM2", "1?: PID1 OBR1"},
    {"two specimens before the results", "ORU^R01", "PID1 OBR1 SPM1 SPM2 OBX1", "1?: PID1 OBR1"},
    {"each specimen before its results", "ORU^R01", "PID1 OBR1 SPM1 OBX1 SPM2 OBX2 OBX3",
     "1: PID1 OBR1 SPM1; 2: PID1 OBR1 SPM2; 3: PID1 OBR1 SPM2"},
    {"specimens in both ways", "ORU^R01", "PID1 OBR1 OBX1 SPM1 OBX2 SPM2",
     "1?: PID1 OBR1; 2?: PID1 OBR1"},
    {"container beside specimen", "ORU^R01", "PID1 OBR1 OBX1 SPM1 SAC1", "1: PID1 OBR1 SPM1 SAC1"},
    {"two containers", "ORU^R01", "PID1 OBR1 OBX1 SPM1 SAC1 SAC2", "1?: PID1 OBR1 SPM1"},
    // ORU^R30 to R32
    {"point of care", "ORU^R30^ORU_R30", "PID1 ORC1 OBR1 OBX1 NTE1 OBX2",
     "1: PID1 ORC1 OBR1 NTE1; 2: PID1 ORC1 OBR1"},
    {"point of care, observation of the patient", "ORU^R31", "PID1 OBX1 PV11 ORC1 OBR1 OBX2",
     "1?: PID1; 2: PID1 PV11 ORC1 OBR1"},
    {"point of care, pre-ordered", "ORU^R32", "PID1 ORC1 OBR1 OBX1", "1: PID1 ORC1 OBR1"},
    // OUL^R22
    {"specimen, order, results", "OUL^R22^OUL_R22", "SPM1 OBR1 ORC1 OBX1 OBX2 OBR2 ORC2 OBX3",
     "1: ORC1 OBR1 SPM1; 2: ORC1 OBR1 SPM1; 3: ORC2 OBR2 SPM1"},
    {"specimen, container, order", "OUL^R22", "PID1 SPM1 SAC1 OBR1 OBX1 SPM2 SAC2 OBR2 OBX2",
     "1: PID1 OBR1 SPM1 SAC1; 2: PID1 OBR2 SPM2 SAC2"},
    {"OBX of the specimen in OUL", "OUL^R22", "SPM1 OBX1 OBR1 OBX2",
     "1: SPM1 specimen; 2: OBR1 SPM1"},
    {"orders without result in OUL", "OUL^R22", "SPM1 OBR1 ORC1 OBR2 ORC2 OBX2",
     "2: ORC2 OBR2 SPM1"},
    {"ORC first in OUL", "OUL^R22", "SPM1 ORC1 OBR1 OBX1 ORC2 OBR2 OBX2",
     "1: ORC1 OBR1 SPM1; 2: ORC2 OBR2 SPM1"},
    {"no ORC is inherited in OUL", "OUL^R22", "SPM1 OBR1 ORC1 OBX1 OBR2 OBX2",
     "1: ORC1 OBR1 SPM1; 2: OBR2 SPM1"},
    {"several containers for one order", "OUL^R22", "SPM1 SAC1 SAC2 OBR1 OBX1",
     "1?: OBR1 SPM1 SAC2"},
    {"pooled specimens", "OUL^R22", "SPM1 SPM2 OBR1 OBX1", "1?: OBR1 SPM2"},
    {"specimen last in OUL", "OUL^R22", "OBR1 OBX1 SPM1", "1?: OBR1"},
    {"specimen before its patient", "OUL^R22", "SPM1 PID1 OBR1 OBX1", "1?: PID1 OBR1"},
    {"no specimen in OUL", "OUL^R22", "OBR1 ORC1 OBX1", "1: ORC1 OBR1"},
    {"event only in the structure", "OUL^^OUL_R24", "OBR1 SPM1 SAC1 OBX1", "1: OBR1 SPM1 SAC1"},
    // OUL^R23
    {"order per container", "OUL^R23", "SPM1 SAC1 OBR1 OBX1 SAC2 OBR2 OBX2",
     "1: OBR1 SPM1 SAC1; 2: OBR2 SPM1 SAC2"},
    {"result without order after a container", "OUL^R23", "SPM1 SAC1 OBR1 OBX1 SAC2 OBX2",
     "1: OBR1 SPM1 SAC1; 2?: SPM1 SAC2"},
    // OUL^R24
    {"order, specimen, container, results", "OUL^R24",
     "OBR1 ORC1 SPM1 SAC1 OBX1 OBR2 SPM2 SAC2 OBX2", "1: ORC1 OBR1 SPM1 SAC1; 2: OBR2 SPM2 SAC2"},
    {"OBX of the specimen in R24", "OUL^R24", "OBR1 SPM1 OBX1 SAC1 OBX2",
     "1: OBR1 SPM1 SAC1 specimen; 2: OBR1 SPM1 SAC1"},
    {"two specimens in R24", "OUL^R24", "OBR1 SPM1 OBX1 SPM2 OBX2", "1?: OBR1; 2?: OBR1"},
    {"results around the specimen in R24", "OUL^R24", "OBR1 OBX1 SPM1 OBX2",
     "1: OBR1 SPM1; 2?: OBR1 SPM1"},
    // OUL^R21
    {"container, order", "OUL^R21", "PID1 SAC1 ORC1 OBR1 OBX1 SAC2 ORC2 OBR2 OBX2",
     "1: PID1 ORC1 OBR1 SAC1; 2: PID1 ORC2 OBR2 SAC2"},
    {"one container, several orders", "OUL^R21", "SAC1 OBR1 OBX1 OBR2 OBX2",
     "1: OBR1 SAC1; 2: OBR2 SAC1"},
    {"second container, several orders", "OUL^R21", "SAC1 OBR1 OBX1 SAC2 OBR2 OBX2 OBR3 OBX3",
     "1: OBR1 SAC1; 2: OBR2 SAC2; 3?: OBR3 SAC2"},
};

TEST(Binding, BindsByPositionOrSaysThatItIsNotCertain) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.name);
        const Message message = parsed(message_of(row.type, row.segments));
        EXPECT_EQ(bindings_of(message), row.bindings);
    }
}

TEST(Binding, ScopeFindsOnlyWhatIsBound) {
    const Message message = parsed(
        message_of("ORU^R01", "PID1 OBR1 OBX1 NTE1 NTE2 ZZZ1 SPM1 PID2 PD12 OBR2 OBX2 ZZZ2"));
    const std::vector<ObservationBinding> bindings = bind_observations(message);
    ASSERT_EQ(bindings.size(), 2U);
    const auto number = [](const std::optional<Segment>& segment) {
        return segment ? segment->field(1).text() : "none";
    };
    const ObservationScope first(message, bindings[0]);
    EXPECT_EQ(number(first.find("PID", 1)), "1");
    EXPECT_EQ(number(first.find("PID", 2)), "none");
    EXPECT_EQ(number(first.find("SPM", 1)), "1");
    EXPECT_EQ(number(first.find("NTE", 2)), "2");
    EXPECT_EQ(number(first.find("NTE", 3)), "none");
    EXPECT_EQ(number(first.find("MSH", 1)), "|");
    EXPECT_EQ(number(first.find("ZZZ", 1)), "1");
    EXPECT_EQ(number(first.find("ZZZ", 2)), "none");
    EXPECT_EQ(number(first.find("ORC", 1)), "none");
    EXPECT_EQ(number(first.find("OBX", 0)), "none");
    EXPECT_EQ(number(first.find("OB", 1)), "none");
    const ObservationScope second(message, bindings[1]);
    EXPECT_EQ(number(second.find("PID", 1)), "2");
    EXPECT_EQ(number(second.find("OBX", 1)), "2");
    EXPECT_EQ(number(second.find("ZZZ", 1)), "2");
    EXPECT_EQ(number(second.find("OBX", 2)), "none");
    EXPECT_EQ(number(second.find("SPM", 1)), "none");
    EXPECT_EQ(number(second.find("NTE", 1)), "none");
    EXPECT_EQ(number(second.find("PD1", 1)), "none");
}

TEST(Binding, SegmentsOfTheSendersOwnBelongToWhatTheyFollow) {
    struct ZRow {
        std::string_view segments;
        std::string_view found;  ///< ZZZ 1 and 2 of each OBX
    };
    constexpr ZRow kZRows[] = {
        {"ZZZ9 PID1 OBR1 OBX1 PID2 OBR2 OBX2", "9 -; 9 -"},
        {"PID1 ZZZ1 OBR1 OBX1 PID2 ZZZ2 OBR2 OBX2", "1 -; 2 -"},
        {"PID1 OBR1 OBX1 PID2 OBR2 OBX2 ZZZ2", "- -; 2 -"},
        {"PID1 OBR1 ZZZ1 NTE1 ZZZ2 OBX1 OBR2 OBX2", "1 2; - -"},
        {"PID1 OBR1 OBX1 ZZZ1 OBX2 ZZZ2", "1 -; 2 -"},
        {"PID1 OBR1 OBX1 OBX2 SPM1 ZZZ1", "1 -; 1 -"},
        // The only one of a message of one patient, order and specimen.
        {"PID1 OBR1 OBX1 OBX2 ZZZ1", "1 -; 1 -"},
        {"PID1 OBR1 OBX1 OBR2 OBX2 ZZZ1", "- -; 1 -"},
    };
    for (const ZRow& row : kZRows) {
        SCOPED_TRACE(row.segments);
        const Message message = parsed(message_of("ORU^R01", row.segments));
        std::string found;
        const std::vector<ObservationBinding> bindings = bind_observations(message);
        for (const ObservationBinding& binding : bindings) {
            const ObservationScope scope(message, binding);
            const auto number = [&](std::size_t occurrence) {
                const auto segment = scope.find("ZZZ", occurrence);
                return segment ? segment->field(1).text() : std::string("-");
            };
            found += fmt::format("{}{} {}", found.empty() ? "" : "; ", number(1), number(2));
        }
        EXPECT_EQ(found, row.found);
    }
}

TEST(Binding, WhatBreaksTheGrammarIsAFindingWithPlace) {
    struct GrammarRow {
        std::string_view type;
        std::string_view segments;
        std::string_view places;
    };
    constexpr GrammarRow kGrammarRows[] = {
        {"ORU^R01", "PID1 ORC1 OBR1 OBX1 NTE1 SPM1", ""},
        {"ORU^R01", "PID1 SPM1 OBR1 OBX1", "SPM"},
        {"ORU^R01", "PID1 OBR1 SPM1 OBX1", "SPM"},
        {"ORU^R01", "OBX1 PID1 OBR1", "OBX OBX"},
        {"ORU^R30", "OBR1 PID1 OBX1", "OBR"},
        {"OUL^R22", "SPM1 SAC1 OBR1 ORC1 OBX1", ""},
        {"OUL^R22", "OBR1 OBX1 SPM1", "OBR"},
        {"OUL^R24", "OBR1 SPM1 OBX1", ""},
        {"OUL^R21", "PID1 SAC1 OBR1 OBX1", ""},
    };
    for (const GrammarRow& row : kGrammarRows) {
        SCOPED_TRACE(row.segments);
        const Message message = parsed(message_of(row.type, row.segments));
        std::string places;
        for (const Finding& found : message.findings()) {
            EXPECT_EQ(found.code, Code::segment_unexpected);
            EXPECT_EQ(found.severity, Severity::warning);
            EXPECT_NE(found.place.offset, Place::kNoOffset);
            places += (places.empty() ? "" : " ") + found.place.text;
        }
        EXPECT_EQ(places, row.places);
    }
}

TEST(Binding, InventoryIsWhatStandsWithSpecimenAndContainer) {
    const Message message = parsed(
        message_of("OUL^R22", "SPM1 INV1 SAC1 INV2 INV3 OBR1 OBX1 INV4 SPM2 SAC2 OBR2 OBX2 INV5"));
    const std::vector<ObservationBinding> bindings = bind_observations(message);
    ASSERT_EQ(bindings.size(), 2U);
    const auto number = [](const std::optional<Segment>& segment) {
        return segment ? segment->field(1).text() : "none";
    };
    const ObservationScope first(message, bindings[0]);
    EXPECT_EQ(number(first.find("INV", 1)), "1");
    EXPECT_EQ(number(first.find("INV", 2)), "2");
    EXPECT_EQ(number(first.find("INV", 3)), "3");
    EXPECT_EQ(number(first.find("INV", 4)), "none");
    const ObservationScope second(message, bindings[1]);
    EXPECT_EQ(number(second.find("INV", 1)), "none");
}

TEST(Binding, BySubIdWhereTheSourceSaysSo) {
    struct SubIdRow {
        std::string_view segments;  ///< OBXs:4 and SPMs by SPM-1
        std::string_view bindings;
    };
    constexpr SubIdRow kSubIdRows[] = {
        {"OBR|1\rOBX|1|NM||1\rOBX|2|NM||2\rSPM|1\rSPM|2\r", "1: OBR1 SPM1; 2: OBR1 SPM2"},
        {"OBR|1\rOBX|1|NM||2.1\rOBX|2|NM||1/3\rSPM|1\rSPM|2\r", "1: OBR1 SPM2; 2: OBR1 SPM1"},
        {"SPM|2\rSPM|1\rOBR|1\rOBX|1|NM||1\r", "1: OBR1 SPM1"},
        {"OBR|1\rOBX|1|NM||1\rSPM|1\rSAC|7\rSPM|2\rSAC|8\r", "1: OBR1 SPM1 SAC7"},
        {"OBR|1\rOBX|1|NM||1\rSPM|1\rSAC|7\rSAC|8\r", "1?: OBR1 SPM1 SAC8"},
        {"OBR|1\rOBX|1|NM||1\rSPM|1\rSPM|1\r", "1?: OBR1 SPM1"},
        {"OBR|1\rOBX|1|NM||3\rSPM|1\rSPM|2\r", "1?: OBR1"},
        {"OBR|1\rOBX|1|NM||\rSPM|1\r", "1?: OBR1"},
        {"OBR|1\rOBX|1|NM||\rSPM|\r", "1?: OBR1 SPM"},
        {"OBR|1\rOBX|1|NM||1\r", "1: OBR1"},
        {"OBX|1|NM||1\rSPM|1\r", "1?: SPM1"},
        {"PID|1\rOBR|1\rOBX|1|NM||1\rSPM|1\rPID|2\rOBR|2\rOBX|2|NM||1\rSPM|1\r",
         "1: PID1 OBR1 SPM1; 2: PID2 OBR2 SPM1"},
        {"PID|1\rOBR|1\rOBX|1|NM||1\rPID|2\rOBR|2\rSPM|1\r", "1?: PID1 OBR1"},
    };
    for (const SubIdRow& row : kSubIdRows) {
        SCOPED_TRACE(row.segments);
        const Message message =
            parsed("MSH|^~\\&|A|F|R|RF|t||OUL^R22|1|P|2.5.1\r" + std::string(row.segments));
        EXPECT_EQ(bindings_of(message, {true}), row.bindings);
    }
}

TEST(Binding, EveryOrderOfSegmentsBindsEachObxOnce) {
    constexpr std::string_view kNames[] = {"PID", "ORC", "OBR", "OBX", "SPM", "SAC"};
    constexpr std::size_t kLength = 5;
    for (const std::string_view type : {"ORU^R01", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24"}) {
        for (std::size_t code = 0; code < 6 * 6 * 6 * 6 * 6; ++code) {
            std::string words;
            std::size_t rest = code;
            for (std::size_t i = 0; i < kLength; ++i, rest /= 6) {
                words += fmt::format("{}{} ", kNames[rest % 6], i + 1);
            }
            words.pop_back();
            const Message message = parsed(message_of(type, words));
            const std::vector<ObservationBinding> bindings = bind_observations(message);
            ASSERT_EQ(bindings.size(), message.count("OBX"));
            for (const ObservationBinding& binding : bindings) {
                SCOPED_TRACE(testing::Message() << type << ": " << words);
                const auto is = [&](std::size_t position, std::string_view id) {
                    return position == 0 || message.segment(position).id() == id;
                };
                ASSERT_TRUE(is(binding.pid, "PID") && is(binding.orc, "ORC") &&
                            is(binding.obr, "OBR") && is(binding.spm, "SPM") &&
                            is(binding.sac, "SAC"));
                // A certain result has an order, and its patient stands before it.
                const bool has_order = binding.obr != 0 || binding.specimen_observation;
                ASSERT_TRUE(!binding.certain || has_order);
                ASSERT_TRUE(!binding.certain || (binding.pid != 0) == (message.count("PID") != 0));
                // Nothing is taken from another patient.
                for (const std::size_t position :
                     {binding.orc, binding.obr, binding.spm, binding.sac}) {
                    ASSERT_TRUE(!binding.certain || position == 0 || position > binding.pid);
                    const std::optional<Segment> next_pid = [&]() -> std::optional<Segment> {
                        for (std::size_t p = binding.obx + 1; p <= message.segment_count(); ++p) {
                            if (message.segment(p).id() == "PID") {
                                return message.segment(p);
                            }
                        }
                        return std::nullopt;
                    }();
                    ASSERT_TRUE(!next_pid || position < next_pid->position());
                }
            }
        }
    }
}

}  // namespace
}  // namespace labrelay::hl7
