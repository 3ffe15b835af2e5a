// `<replicates>` of docs/mapping.md: several tubes of one draw and their average.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ProposedObservation;

struct Obx {
    const char* code;
    const char* sub_id;
    const char* value;
    const char* unit = "cells/uL";
};

constexpr const char* kTube = "CD3+CD4+";
constexpr const char* kAverage = "(Average) CD3+CD4+ Abs Cnt";

std::string message_of(const std::vector<Obx>& rows) {
    test::MessageBuilder message = test::a_flow_message().without("OBX");
    for (const Obx& row : rows) {
        message = std::move(message).add_before(
            "SPM", fmt::format("OBX|1|NM|{}^^99BD|{}|{}|{}|||||F", row.code, row.sub_id, row.value,
                               row.unit));
    }
    return message.text();
}

/// `ignored replicate-of-average` or `stored CD4A` for each observation.
std::vector<std::string> outcome_of(const std::string& message, const Configuration& configuration =
                                                                    test::shipped_configuration()) {
    std::vector<std::string> rows;
    for (const ProposedObservation& one :
         pipeline::process(message, test::an_arrival(), configuration, test::a_registry())
             .observations) {
        rows.push_back(fmt::format(
            "{} {}", study::to_string(one.disposition),
            one.disposition == Disposition::stored ? one.analyte : std::string(key(one.rule))));
    }
    return rows;
}

const std::string kIgnored = "ignored replicate-of-average";
const std::string kHeld = "held average-missing";
using Rows = std::vector<std::string>;

TEST(Replicates, TheAverageIsTheResultWhereverItStands) {
    EXPECT_EQ(
        outcome_of(message_of({{kTube, "1", "405"}, {kTube, "2", "419"}, {kAverage, "", "412"}})),
        (Rows{kIgnored, kIgnored, "stored CD4A"}));
    EXPECT_EQ(
        outcome_of(message_of({{kAverage, "", "412"}, {kTube, "1", "405"}, {kTube, "2", "419"}})),
        (Rows{"stored CD4A", kIgnored, kIgnored}));
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}, {kAverage, "", "405"}})),
              (Rows{kIgnored, "stored CD4A"}));
}

TEST(Replicates, OneTubeAloneIsAResultAndSeveralAreHeld) {
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}})), Rows{"stored CD4A"});
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}, {kTube, "2", "419"}})),
              (Rows{kHeld, kHeld}));
    // One code and sub-id twice is another question, which decide() asks.
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}, {kTube, "1", "419"}, {kTube, "2", "7"}})),
              (Rows{"stored CD4A", "stored CD4A", kHeld}));
    // A tube that gave nothing does not make the other one's value doubtful.
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}, {kTube, "2", ""}})),
              (Rows{"stored CD4A", "held value-missing"}));
}

TEST(Replicates, AnAverageThatIsNotStoredHoldsTheTubes) {
    EXPECT_EQ(
        outcome_of(message_of({{kTube, "1", "405"}, {kTube, "2", "419"}, {kAverage, "", ""}})),
        (Rows{kHeld, kHeld, "held value-missing"}));
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405"}, {kAverage, "", "99999"}})),
              (Rows{kHeld, "held implausible-value"}));
}

TEST(Replicates, TheUnitTellsTheCountFromThePercent) {
    EXPECT_EQ(outcome_of(message_of(
                  {{kTube, "1", "405"}, {kTube, "1", "26.5", "%"}, {kAverage, "", "412"}})),
              (Rows{kIgnored, "stored CD4P", "stored CD4A"}));
    // What it is of is not known: that question stays open.
    EXPECT_EQ(outcome_of(message_of({{kTube, "1", "405", ""}, {kAverage, "", "412"}})),
              (Rows{"held missing-unit", "stored CD4A"}));
}

TEST(Replicates, OnlyTheTubesOfTheSameOrderAndSpecimenCount) {
    const std::string two_orders =
        test::a_flow_message()
            .with("OBX-3", "(Average) CD3+CD4+ Abs Cnt^^99BD")
            .add("OBR|2|P2|A240423001|TBNK^T subset^99BD|||20240423081000")
            .add("OBX|2|NM|CD3+CD4+^^99BD|1|405|cells/uL|||||F")
            .add("SPM|2|A240423001||WB^Whole blood^HL70487|||||||P")
            .text();
    EXPECT_EQ(outcome_of(two_orders), (Rows{"stored CD4A", "stored CD4A"}));
}

TEST(Replicates, ATubeNeedsNoLineOfItsOwn) {
    const Configuration changed = test::with_source("facs-lyric", [](SourceDefinition& source) {
        for (ObservationLine& line : source.observations) {
            if (line.code == kAverage) {
                line.replicates.push_back({"CD4 tube*", ""});
            }
        }
    });
    EXPECT_EQ(outcome_of(message_of({{"CD4 tube 1", "", "405"}, {kAverage, "", "412"}}), changed),
              (Rows{kIgnored, "stored CD4A"}));
    EXPECT_EQ(
        outcome_of(message_of({{"CD4 tube 1", "", "405"}, {"CD4 tube 2", "", "419"}}), changed),
        (Rows{"held unknown-code", "held unknown-code"}));
}

TEST(Replicates, OneCodeForAllIsToldApartByTheSubId) {
    const Configuration changed = test::with_source("facs-lyric", [](SourceDefinition& source) {
        for (ObservationLine& line : source.observations) {
            if (line.code == kAverage) {
                line.when_sub_id = "AVG";
                line.replicates = {{kAverage, "99BD"}};
            }
        }
    });
    EXPECT_EQ(outcome_of(message_of({{kAverage, "1", "405"}, {kAverage, "AVG", "412"}}), changed),
              (Rows{kIgnored, "stored CD4A"}));
}

TEST(Replicates, TheRuleIsNamed) {
    const auto proposal =
        pipeline::process(message_of({{kTube, "1", "405"}, {kAverage, "", "412"}}),
                          test::an_arrival(), test::shipped_configuration(), test::a_registry());
    const study::LineageStep& step = proposal.observations.at(0).lineage.back();
    EXPECT_EQ(step.rule, "replicate-of-average");
    EXPECT_EQ(step.said.text().rfind("OBX[2] is the average of the draw's tubes and the result, by "
                                     "sources/facs-lyric.xml:",
                                     0),
              0U)
        << step.said.text();
}

}  // namespace
}  // namespace labrelay::mapping
