#include <gtest/gtest.h>

#include <functional>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ProposedObservation;
using test::a_flow_message;
using test::a_hospital_message;
using test::a_molecular_message;
using test::MessageBuilder;

constexpr auto kStored = Disposition::stored;
constexpr auto kHeld = Disposition::held;
constexpr auto kIgnored = Disposition::ignored;

std::vector<ProposedObservation> mapped(const MessageBuilder& message,
                                        const Configuration& configuration) {
    return pipeline::process(message.text(), test::an_arrival(), configuration, test::a_registry())
        .observations;
}

ProposedObservation first(const MessageBuilder& message,
                          const Configuration& configuration = test::shipped_configuration()) {
    const auto observations = mapped(message, configuration);
    if (observations.empty()) {
        ADD_FAILURE() << "no observation";
        return {};
    }
    return observations.front();
}

const Finding* finding(const ProposedObservation& observation, Code code) {
    for (const Finding& found : observation.findings) {
        if (found.code == code) {
            return &found;
        }
    }
    return nullptr;
}

struct Row {
    const char* what;
    MessageBuilder message;
    Disposition disposition;
    Code rule = Code::none;
    const char* place = "";  ///< of the finding that holds
};

class Rules : public ::testing::TestWithParam<Row> {};

TEST_P(Rules, DecideAnObservation) {
    const Row& row = GetParam();
    const ProposedObservation observation = first(row.message);
    EXPECT_EQ(observation.disposition, row.disposition) << key(observation.rule);
    EXPECT_EQ(observation.rule, row.rule) << key(observation.rule);
    EXPECT_FALSE(observation.lineage.empty() && row.rule != Code::unbound_observation);
    if (row.disposition == kHeld) {
        const Finding* found = finding(observation, row.rule);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->severity, Severity::hold);
        EXPECT_EQ(found->place.text, row.place);
    }
}

MessageBuilder flow(std::string_view place, std::string_view value) {
    return a_flow_message().with(place, value);
}
MessageBuilder pcr(std::string_view place, std::string_view value) {
    return a_molecular_message().with(place, value);
}
MessageBuilder lis(std::string_view place, std::string_view value) {
    return a_hospital_message().with(place, value);
}

INSTANTIATE_TEST_SUITE_P(
    WhatItIs, Rules,
    ::testing::Values(
        Row{"a count", a_flow_message(), kStored},
        Row{"title line", lis("OBX-3", "").with("OBX-2", "TX").with("OBX-5", "血常规"), kIgnored,
            Code::title_line},
        Row{"blank code, no value", lis("OBX-3", " ").with("OBX-5", ""), kIgnored,
            Code::title_line},
        Row{"a value without a code is no title", lis("OBX-3", "^谷丙转氨酶"), kHeld,
            Code::unknown_code, "OBX-3"},
        Row{"ignored in full", flow("OBX-3", "CD3+CD4+CD8+^^99BD"), kIgnored,
            Code::ignored_by_source},
        Row{"ignored by its beginning", flow("OBX-3", "Beads 3^^99BD"), kIgnored,
            Code::ignored_by_source},
        Row{"control", pcr("SPM-11", "Q^^HL70369"), kIgnored, Code::control_specimen},
        Row{"calibrator", pcr("SPM-11", "C"), kIgnored, Code::control_specimen},
        Row{"no role", pcr("SPM-11", ""), kStored},
        Row{"order detail", flow("OBX-11", "O"), kIgnored, Code::order_detail},
        Row{"pending", flow("OBX-11", "I").with("OBX-5", ""), kIgnored, Code::result_pending},
        Row{"pending with a value", flow("OBX-11", "I"), kStored},
        Row{"unknown status", flow("OBX-11", "Z"), kHeld, Code::status_unknown, "OBX-11"},
        Row{"lower-case status", flow("OBX-11", "f"), kHeld, Code::status_unknown, "OBX-11"},
        Row{"no status, order final", flow("OBX-11", ""), kStored},
        Row{"no status, order preliminary", flow("OBX-11", "").with("OBR-25", "P"), kHeld,
            Code::status_unknown, "OBX-11"},
        Row{"no status anywhere", flow("OBX-11", "").with("OBR-25", ""), kHeld,
            Code::status_unknown, "OBX-11"},
        Row{"unknown code", flow("OBX-3", "CD19+^^99BD"), kHeld, Code::unknown_code, "OBX-3"},
        Row{"code of another system", flow("OBX-3", "CD3+CD4+^^99XX"), kHeld, Code::unknown_code,
            "OBX-3"},
        Row{"LOINC first", lis("OBX-3", "1742-6^ALT^LN^ALT^^L"), kStored},
        Row{"LOINC alone", lis("OBX-3", "1742-6^ALT^LN"), kStored},
        Row{"local code unknown, LOINC known", lis("OBX-3", "GPT2^^L^1742-6^^LN"), kStored},
        Row{"the two names disagree", lis("OBX-3", "AST^^L^1742-6^^LN"), kHeld,
            Code::ambiguous_code, "OBX-3"},
        Row{"unit decides: neither", flow("OBX-6", "furlong"), kHeld, Code::unknown_unit, "OBX-6"},
        Row{"unit decides: none", flow("OBX-6", ""), kHeld, Code::missing_unit, "OBX-6"},
        Row{"unit decides: by meaning", flow("OBX-6", "/mm3"), kStored},
        Row{"OBX before any order", a_flow_message().without("OBR").without("SPM"), kHeld,
            Code::unbound_observation, "OBX"}));

INSTANTIATE_TEST_SUITE_P(
    WhoseItIs, Rules,
    ::testing::Values(
        Row{"unknown patient, held",
            flow("PID-3", "00999999^^^QILU^MR").with("OBR-3", "X").without("SPM"), kHeld,
            Code::unknown_subject, "PID-3.1"},
        Row{"unknown patient, ignored", lis("PID-3", "00999999^^^QILU^MR"), kIgnored,
            Code::not_registered},
        Row{"unknown patient, unknown code: still ignored",
            lis("PID-3", "00999999^^^QILU^MR").with("OBX-3", "XX^^L"), kIgnored,
            Code::not_registered},
        Row{"another authority's number",
            flow("PID-3", "00481523^^^OTHER^MR").without("SPM").with("OBR-3", ""), kHeld,
            Code::no_identifier, "PID-3"},
        Row{"no identifier at all", lis("PID-3", "").with("OBR-3", ""), kHeld, Code::no_identifier,
            "PID-3"},
        Row{"no identifier, specimen unknown: held even where patients are ignored",
            lis("PID-3", ""), kHeld, Code::unknown_specimen, "OBR-3"},
        Row{"no identifier, through the specimen", lis("PID-3", "").with("OBR-3", "A240422044"),
            kStored},
        Row{"blanks around the number", flow("PID-3", " 00481523 ^^^QILU^MR"), kStored},
        Row{"two numbers of two persons", flow("PID-3", "00481523^^^QILU^MR~00481599^^^QILU^MR"),
            kHeld, Code::identifiers_disagree, "PID-3.1"},
        Row{"a number that nobody knows beside one that is known",
            flow("PID-3", "00481523^^^QILU^MR~00999999^^^QILU^MR"), kStored},
        Row{"unknown specimen", pcr("SPM-2", "A999&ROCHE"), kHeld, Code::unknown_specimen, "SPM-2"},
        Row{"specimen of another subject", flow("SPM-2", "A240422053"), kHeld,
            Code::specimen_conflict, "PID-3.1"},
        Row{"a subject's specimen under an unknown number is never ignored",
            lis("PID-3", "00999999^^^QILU^MR").with("OBR-3", "A240422053"), kHeld,
            Code::specimen_conflict, "PID-3.1"},
        Row{"ORC and OBR name two orders",
            a_flow_message().add_before("OBR", "ORC|RE|P1|A240422099"), kHeld,
            Code::order_numbers_disagree, "OBR-3"},
        Row{"ORC repeats the order", a_flow_message().add_before("OBR", "ORC|RE|P1|A240422043"),
            kStored},
        Row{"ORC without numbers", a_flow_message().add_before("OBR", "ORC|RE"), kStored},
        Row{"birth date contradicts", flow("PID-7", "19780313"), kHeld,
            Code::birth_date_contradicts, "PID-7"},
        Row{"birth date agrees to the month", flow("PID-7", "197803"), kStored},
        Row{"month contradicts", flow("PID-7", "197804"), kHeld, Code::birth_date_contradicts,
            "PID-7"},
        Row{"registry knows the year only",
            flow("PID-3", "00481610^^^QILU^MR").with("PID-7", "19900505").with("PID-8", "M"),
            kStored},
        Row{"year contradicts",
            flow("PID-3", "00481610^^^QILU^MR").with("PID-7", "19890505").with("PID-8", "M"), kHeld,
            Code::birth_date_contradicts, "PID-7"},
        Row{"placeholder birth date", flow("PID-7", "19000101"), kStored},
        Row{"birth date that is none", flow("PID-7", "19783212"), kStored},
        Row{"sex contradicts", flow("PID-8", "M"), kHeld, Code::sex_contradicts, "PID-8"},
        Row{"sex by the source's word", lis("PID-8", "男"), kHeld, Code::sex_contradicts, "PID-8"},
        Row{"sex said to be unknown", lis("PID-8", "未知"), kStored},
        Row{"sex word that nobody declared", lis("PID-8", "x"), kHeld, Code::sex_word_unknown,
            "PID-8"},
        Row{"no sex", lis("PID-8", ""), kStored}));

INSTANTIATE_TEST_SUITE_P(
    When, Rules,
    ::testing::Values(
        Row{"no time", flow("OBR-7", ""), kHeld, Code::collection_time_missing, "SPM-17"},
        Row{"null time", flow("OBR-7", R"("")"), kHeld, Code::collection_time_missing, "SPM-17"},
        Row{"no time, the registry knows it", pcr("SPM-17", ""), kStored},
        Row{"no time, the registry neither, the order does",
            pcr("SPM-17", "").with("SPM-2", "A240422047").with("OBR-7", "20240422081000"), kStored},
        Row{"no time anywhere", pcr("SPM-17", "").with("SPM-2", "A240422047"), kHeld,
            Code::collection_time_missing, "SPM-17"},
        Row{"not a time", flow("OBR-7", "20241322"), kHeld, Code::collection_time_bad, "OBR-7"},
        Row{"zeros", flow("OBR-7", "00000000"), kHeld, Code::collection_time_bad, "OBR-7"},
        Row{"month only", flow("OBR-7", "202404"), kHeld, Code::collection_time_imprecise, "OBR-7"},
        Row{"day only", flow("OBR-7", "20240422"), kStored},
        Row{"within the clocks' tolerance", flow("OBR-7", "20240423140900"), kStored},
        Row{"in the future", flow("OBR-7", "20240423141100"), kHeld, Code::collected_in_future,
            "OBR-7"},
        Row{"tomorrow", flow("OBR-7", "20240424"), kHeld, Code::collected_in_future, "OBR-7"},
        // In Shanghai the night of 1991-04-14 had no 02:30 and that of 1991-09-15 had 01:30 twice.
        Row{"an hour that occurs twice", flow("OBR-7", "199109150130"), kHeld,
            Code::collection_time_ambiguous, "OBR-7"},
        Row{"the same with its offset", flow("OBR-7", "199109150130+0900"), kStored},
        Row{"a withdrawal needs no time", flow("OBX-11", "W").with("OBR-7", ""), kStored}));

INSTANTIATE_TEST_SUITE_P(
    Values, Rules,
    ::testing::Values(
        Row{"no value", flow("OBX-5", ""), kHeld, Code::value_missing, "OBX-5"},
        Row{"null value", flow("OBX-5", R"("")"), kHeld, Code::value_missing, "OBX-5"},
        Row{"no value, not done", flow("OBX-5", "").with("OBX-11", "X"), kStored},
        Row{"no value, withdrawn", flow("OBX-5", "").with("OBX-11", "D"), kStored},
        Row{"no value, promoted", flow("OBX-5", "").with("OBX-11", "U"), kStored},
        Row{"two values", flow("OBX-5", "412~413"), kHeld, Code::value_repeats, "OBX-5"},
        Row{"one value and an empty repetition", flow("OBX-5", "412~"), kStored},
        Row{"words", flow("OBX-5", "see remark").with("OBX-2", "ST"), kHeld, Code::value_unreadable,
            "OBX-5"},
        Row{"comma", flow("OBX-5", "1,412"), kHeld, Code::number_separator, "OBX-5"},
        Row{"a date", flow("OBX-2", "DT").with("OBX-5", "20240422"), kHeld,
            Code::value_not_for_study, "OBX-2"},
        Row{"a document", flow("OBX-2", "ED").with("OBX-5", "^AP^PDF^Base64^JVBE"), kHeld,
            Code::value_not_for_study, "OBX-2"},
        Row{"range", flow("OBX-2", "SN").with("OBX-5", "^1^-^5"), kHeld, Code::value_unreadable,
            "OBX-5"},
        Row{"implausible", flow("OBX-5", "5001"), kHeld, Code::implausible_value, "OBX-5"},
        Row{"negative", flow("OBX-5", "-1"), kHeld, Code::implausible_value, "OBX-5"},
        Row{"the limit itself", flow("OBX-5", "5000"), kStored},
        Row{"implausible by its unit", lis("OBX-6", "ukat/L").with("OBX-5", "400"), kHeld,
            Code::unit_mix_up, "OBX-6"},
        Row{"unknown unit", lis("OBX-6", "卡门单位"), kHeld, Code::unknown_unit, "OBX-6"},
        Row{"no unit", lis("OBX-6", ""), kHeld, Code::missing_unit, "OBX-6"},
        Row{"units that differ", lis("OBX-6", "U/L^nkat/L"), kHeld, Code::unit_needs_substance,
            "OBX-6"},
        Row{"urea in mg/dL", lis("OBX-3", "UREA^^L").with("OBX-6", "mg/dL"), kHeld,
            Code::unit_needs_substance, "OBX-6"},
        Row{"copies to units", lis("OBX-3", "HBV-DNA^^L").with("OBX-6", "copies/mL"), kHeld,
            Code::needs_assay_factor, "OBX-6"},
        Row{"below a limit that nobody knows",
            lis("OBX-3", "HBV-DNA^^L").with("OBX-2", "ST").with("OBX-5", "低于检测下限"), kHeld,
            Code::below_limit_unknown, "OBX-5"},
        Row{"flag below, value a number", pcr("OBX-8", "<"), kHeld, Code::comparator_flag_differs,
            "OBX-8"},
        Row{"flag above, value below", pcr("OBX-8", ">").with("OBX-5", "<^20"), kHeld,
            Code::comparator_flag_differs, "OBX-8"},
        Row{"Roche says not detected, value a number", pcr("OBX-8", "ND^^99ROC"), kHeld,
            Code::comparator_flag_differs, "OBX-8"}));

TEST(Apply, TheFirstCauseIsTheRuleAndAllAreFound) {
    const ProposedObservation observation = first(a_flow_message()
                                                      .with("OBX-11", "Z")
                                                      .with("PID-8", "M")
                                                      .with("OBR-7", "")
                                                      .with("OBX-5", "9999"));
    EXPECT_EQ(observation.rule, Code::status_unknown);
    for (const Code code :
         {Code::sex_contradicts, Code::collection_time_missing, Code::implausible_value}) {
        EXPECT_NE(finding(observation, code), nullptr) << key(code);
    }
}

TEST(Apply, NothingOfThePatientStandsInLineageOrDetail) {
    const ProposedObservation observation = first(a_hospital_message().with("PID-5", "张三"));
    std::string all;
    for (const auto& step : observation.lineage) {
        all += step.rule + step.said.text();
    }
    for (const Finding& found : observation.findings) {
        all += found.detail + found.place.text;
    }
    for (const char* secret : {"00481523", "张三", "19780312", "女"}) {
        EXPECT_EQ(all.find(secret), std::string::npos) << all;
    }
}

TEST(Apply, ReadsWhoWhatAndWhen) {
    const ProposedObservation observation = first(a_flow_message());
    EXPECT_EQ(observation.ordinal, 1);
    EXPECT_EQ(observation.place.text, "OBX");
    EXPECT_EQ(observation.subjects, std::vector<SubjectId>{SubjectId{1}});
    EXPECT_EQ(observation.patient, (std::vector<study::Identifier>{{"QILU-MRN", "00481523"}}));
    EXPECT_EQ(observation.specimen_name, (study::SpecimenName{"QILU-ACC", "A240422043"}));
    EXPECT_EQ(observation.specimen, (study::SpecimenIdentity{"A240422043", "A240422043", ""}));
    EXPECT_EQ(observation.code, "CD3+CD4+");
    EXPECT_EQ(observation.code_system, "99BD");
    EXPECT_EQ(observation.analyte, "CD4A");
    EXPECT_EQ(observation.status_code, "F");
    EXPECT_EQ(observation.reported_at, "20240422143000");
    EXPECT_EQ(observation.laboratory, "QILU-FLOW");
    EXPECT_EQ(observation.device, "LYRIC");
    ASSERT_TRUE(observation.collected_local.has_value());
    EXPECT_EQ(labrelay::to_string(observation.collected_local->day), "2024-04-22");
    EXPECT_EQ(to_iso(*observation.collected_local->instant), "2024-04-22T00:10:00.000000Z");
    // OBX-19 in Shanghai.
    EXPECT_EQ(to_iso(observation.version_time), "2024-04-22T05:30:00.000000Z");
    EXPECT_TRUE(observation.own_version_time);
}

TEST(Apply, VersionTimeFallsBackStepByStep) {
    const ProposedObservation by_order = first(a_flow_message().with("OBX-19", ""));
    EXPECT_EQ(to_iso(by_order.version_time), "2024-04-22T06:30:00.000000Z");
    EXPECT_TRUE(by_order.own_version_time);
    const ProposedObservation by_message = first(
        a_flow_message().with("OBX-19", "").with("OBR-22", "").with("MSH-7", "20240422150000"));
    EXPECT_EQ(to_iso(by_message.version_time), "2024-04-22T07:00:00.000000Z");
    EXPECT_FALSE(by_message.own_version_time);
    const ProposedObservation by_arrival =
        first(a_flow_message().with("OBX-19", "").with("OBR-22", "").with("MSH-7", ""));
    EXPECT_EQ(by_arrival.version_time, test::an_arrival().received_at);
    const ProposedObservation unreadable = first(a_flow_message().with("OBX-19", "yesterday"));
    EXPECT_EQ(unreadable.version_time, by_order.version_time);
    ASSERT_NE(finding(unreadable, Code::version_time_bad), nullptr);
    EXPECT_EQ(finding(unreadable, Code::version_time_bad)->place.text, "OBX-19");
    EXPECT_EQ(unreadable.disposition, kStored);
}

TEST(Apply, CollectionTimeNamesTheSpecimenOnlyWhereNothingElseDoes) {
    const ProposedObservation named = first(a_flow_message());
    EXPECT_EQ(named.specimen.collected, "");
    const ProposedObservation nameless =
        first(a_flow_message().with("OBR-2", "").with("OBR-3", "").with("SPM-2", ""));
    EXPECT_EQ(nameless.specimen, (study::SpecimenIdentity{"", "", "20240422081000"}));
}

TEST(Apply, PlacerOrderNumberWhereThereIsNoFillers) {
    const ProposedObservation observation = first(a_flow_message().with("OBR-3", ""));
    EXPECT_EQ(observation.specimen.order, "P1");
}

TEST(Apply, LinesHoldOnlyWithinTheirDays) {
    const auto configuration = test::with_source("facs-lyric", [](SourceDefinition& source) {
        for (ObservationLine& line : source.observations) {
            line.valid_from = test::iso("2024-04-22").day;
            line.valid_until = test::iso("2024-04-23").day;
        }
    });
    const auto rule_on = [&](const char* time) {
        return first(a_flow_message().with("OBR-7", time), configuration).rule;
    };
    EXPECT_EQ(rule_on("20240421235900"), Code::unknown_code);
    EXPECT_EQ(rule_on("20240422000000"), Code::none);
    EXPECT_EQ(rule_on("20240423"), Code::none);
    // 17:00 on the 21st in UTC is the 22nd in Shanghai.
    EXPECT_EQ(rule_on("20240421170000+0000"), Code::none);
}

TEST(Apply, TwoEquallyCloseLinesAreNeverAMatterOfOrder) {
    const auto configuration = test::with_source("facs-lyric", [](SourceDefinition& source) {
        for (ObservationLine& line : source.observations) {
            line.when_units.clear();
        }
    });
    EXPECT_EQ(first(a_flow_message(), configuration).rule, Code::ambiguous_code);
}

TEST(Apply, ASubIdTellsLinesApart) {
    const auto configuration = test::with_source("facs-lyric", [](SourceDefinition& source) {
        for (ObservationLine& line : source.observations) {
            line.when_units.clear();
            line.when_sub_id = line.analyte == "CD4A" ? "abs" : "other";
        }
    });
    const ProposedObservation observation =
        first(a_flow_message().with("OBX-4", "abs"), configuration);
    EXPECT_EQ(observation.disposition, kStored);
    EXPECT_EQ(observation.sub_id, "abs");
    EXPECT_EQ(first(a_flow_message(), configuration).rule, Code::unknown_code);
}

TEST(Apply, OneOrderIsReadOnceAndEachOfTwoOrdersByItself) {
    const MessageBuilder two =
        a_hospital_message()
            .add("OBX|2|NM|AST^^L||20|U/L|||||F")
            .add("OBR|2|P3|A240422052|CBC^^L|||202404220900|||||||||||||||202404221500|||F")
            .add("OBX|1|NM|WBC^^L||5.1|×10^9/L|||||F");
    const auto observations = mapped(two, test::shipped_configuration());
    ASSERT_EQ(observations.size(), 3U);
    EXPECT_EQ(observations[1].specimen.order, "A240422051");
    EXPECT_EQ(observations[2].specimen.order, "A240422052");
    EXPECT_EQ(observations[2].place.text, "OBX[3]");
    EXPECT_EQ(observations[2].collected->text, "202404220900");
}

}  // namespace
}  // namespace labrelay::mapping
