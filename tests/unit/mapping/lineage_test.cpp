// Every step that read something of the message names the very bytes, whatever the source's file
// reads them from.

#include <gtest/gtest.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::LineageStep;
using study::ProposedObservation;
using test::a_flow_message;
using test::a_hospital_message;
using test::a_molecular_message;
using test::MessageBuilder;

/// What a step read, as `OBX-5.1 412`; of several the first, the second after a comma.
std::string read_by(const ProposedObservation& observation, std::string_view rule,
                    const std::string& text) {
    std::string all;
    for (const LineageStep& step : observation.lineage) {
        if (step.rule != rule) {
            continue;
        }
        for (const Place& place : step.read) {
            all += (all.empty() ? "" : ", ") + place.text;
            if (place.offset != Place::kNoOffset) {
                all += " " + text.substr(place.offset,
                                         text.find_first_of("|^&~\r", place.offset) - place.offset);
            }
        }
        return all;
    }
    return "no step";
}

struct Row {
    const char* what;
    MessageBuilder message;
    std::vector<std::pair<std::string_view, std::string_view>> read;  ///< rule, what it read
};

class LineagePlaces : public ::testing::TestWithParam<Row> {};

TEST_P(LineagePlaces, AreDownToTheComponent) {
    const Row& row = GetParam();
    const std::string text = row.message.text();
    const auto observations = pipeline::process(text, test::an_arrival(),
                                                test::shipped_configuration(), test::a_registry())
                                  .observations;
    ASSERT_FALSE(observations.empty());
    for (const auto& [rule, read] : row.read) {
        EXPECT_EQ(read_by(observations.front(), rule, text), read) << row.what << ": " << rule;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Messages, LineagePlaces,
    ::testing::Values(
        Row{"a count from the flow cytometer",
            a_flow_message(),
            {{"map.code", "OBX-3.1 CD3+CD4+, OBX-6.1 cells/uL"},
             {"specimen.identity", "OBR-3.1 A240422043, SPM-2.1.1 A240422043"},
             {"subject.identifier", "PID-3.1 00481523"},
             {"subject.birth-date", "PID-7.1 19780312"},
             {"subject.sex", "PID-8.1 F"},
             {"collected.time", "OBR-7.1 20240422081000"},
             {"version.time", "OBX-19.1 20240422133000"},
             {"value.read", "OBX-5.1 412"},
             {"unit.read", "OBX-6.1 cells/uL"}}},
        Row{"a value in the second component, a specimen in a sub-component",
            a_molecular_message(),
            {{"value.read", "OBX-5.2 388"},
             {"unit.read", "OBX-6.1 {copies}/mL"},
             {"subject.specimen", "SPM-2.1.1 A240422044"},
             {"collected.time", "SPM-17.1 20240422081000+0800"}}},
        Row{"a limit of two components is read whole",
            a_molecular_message().with("OBX-5", "<^20"),
            {{"value.read", "OBX-5 <"}}},  // and then ^20
        Row{"an outcome of the platform's own in OBX-8",
            a_molecular_message().with("OBX-5", "").with("OBX-8", "ND^^99ROC"),
            {{"value.read", "OBX-8.1 ND"}}},
        Row{"the flag that stands in for the value is the second",
            a_molecular_message().with("OBX-5", "").with("OBX-8", "N~ND^^99ROC"),
            {{"value.read", "OBX-8[2].1 ND"}}},
        Row{"a unit in the value's own text",
            a_flow_message().with("OBX-2", "ST").with("OBX-5", "412 cells/uL").with("OBX-6", ""),
            {{"value.read", "OBX-5.1 412 cells/uL"},
             {"unit.read", "OBX-5.1 412 cells/uL"},
             {"map.code", "OBX-3.1 CD3+CD4+, OBX-5.1 412 cells/uL"}}},
        Row{"a hospital's range, and a sex in words",
            a_hospital_message(),
            {{"range.reference", "OBX-7 7 "},  // its tilde separates nothing
             {"subject.sex", "PID-8.1 女"},
             {"map.code", "OBX-3.1 ALT"},
             {"collected.time", "OBR-7.1 202404220805"}}},
        Row{"the second repetition where only it is filled",
            a_flow_message().with("OBX-5", "~412"),
            {{"value.read", "OBX-5[2].1 412"}}},
        Row{"a status that leaves no value",
            a_flow_message().with("OBX-11", "X").with("OBX-5", ""),
            {{"value.state", "OBX-11.1 X"}}},
        Row{"the component of a text that is filled alone",
            a_flow_message().with("OBX-2", "ST").with("OBX-5", "^412"),
            {{"value.read", "OBX-5.2 412"}}}),
    [](const auto& row) { return "Row" + std::to_string(row.index); });

TEST(LineagePlaces, OfWhatIsEmptyNoBytesAreNamed) {
    const mapping::Configuration configuration =
        test::with_source("lis-qilu", [](SourceDefinition& source) {
            for (ObservationLine& line : source.observations) {
                if (line.analyte == "ALT") {
                    line.assume_unit = "U/L";
                }
            }
        });
    const auto observations =
        pipeline::process(a_hospital_message().with("OBX-6", "").text(), test::an_arrival(),
                          configuration, test::a_registry())
            .observations;
    for (const LineageStep& step : observations.at(0).lineage) {
        if (step.rule == "unit.assume") {
            EXPECT_TRUE(step.read.empty());
            return;
        }
    }
    FAIL() << "no unit was assumed";
}

}  // namespace
}  // namespace labrelay::mapping
