// The checks of a value by itself by their ids in the trial's own study.xml, each with a case that
// passes, one that fails and one that cannot be decided; and reference ranges by age.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::ProposedObservation;
using test::MessageBuilder;

constexpr const char* kWoman = "00481523";
constexpr const char* kMan = "00481599";
/// Only the year of his birth is known.
constexpr const char* kYear = "00481610";

struct Row {
    const char* id;
    const char* answer;  ///< how the step begins
    const char* code;
    const char* value;
    const char* unit;
    const char* range = "";
    const char* flags = "";
    const char* patient = kWoman;
    const char* collected = "202404220805";
    const char* note = "";
};

constexpr Row kRows[] = {
    {"V1", "Passed", "ALT", "33", "U/L"},
    {"V1", "Failed (hold)", "ALT", "20001", "U/L"},
    {"V1", "Undecidable", "ALT", "<5", "U/L"},
    {"V2", "Passed", "ALT", "33", "U/L", "7 ~ 40", "N"},
    {"V2", "Failed (flag)", "ALT", "33", "U/L", "7 ~ 40", "H"},
    {"V2", "Undecidable", "ALT", "33", "U/L", "7 ~ 40", ""},
    {"V3", "Passed", "K", "6.1", "mmol/L"},
    {"V3", "Failed (flag)", "K", "6.2", "mmol/L"},
    {"V3", "Failed (flag)", "K", "2.8", "mmol/L"},
    {"V3", "Undecidable", "K", "<3.0", "mmol/L"},
    {"V4", "Passed", "HGB", "132", "g/L"},
    {"V4", "Passed", "HGB", "60", "g/L"},  // a sick woman, not another unit
    {"V4", "Failed (hold)", "HGB", "13.2", "g/L"},
    {"V4", "Failed (hold)", "CREA", "70", "mg/dL"},
    {"V4", "Failed (hold)", "GLU", "90", "mmol/L"},
    {"V4", "Passed", "GLU", "25", "mmol/L"},
    {"V4", "Undecidable", "HGB", "<20", "g/L"},
    {"V9", "Passed", "HCG", "3.1", "IU/L"},
    {"V9", "Failed (hold)", "HCG", "3.1", "IU/L", "", "", kMan},
    {"V10", "Passed", "ALT", "33", "U/L"},
    {"V10", "Failed (hold)", "ALT", "33", "U/L", "", "", kWoman, "197803110805"},
    {"V10", "Passed", "ALT", "33", "U/L", "", "", kYear, "199001010805"},
    {"V10", "Failed (hold)", "ALT", "33", "U/L", "", "", kYear, "198912310805"},
    {"V11", "Passed", "ALT", "33", "U/L"},
    {"V11", "Failed (flag)", "ALT", "33", "U/L", "", "", kWoman, "202404221451"},
    {"V11", "Undecidable", "ALT", "33", "U/L", "", "", kWoman, "20240422"},
    {"P17", "Passed", "K", "5.9", "mmol/L", "", "", kWoman, "202404220805", "标本溶血"},
    {"P17", "Passed", "K", "6.1", "mmol/L", "", "", kWoman, "202404220805", "repeated"},
    {"P17", "Failed (flag)", "K", "6.1", "mmol/L", "", "", kWoman, "202404220805", "标本溶血"},
    {"P17", "Failed (flag)", "K", "6.1", "mmol/L", "", "", kWoman, "202404220805", "Hemolyzed"},
    {"P17", "Undecidable", "K", ">12", "mmol/L", "", "", kWoman, "202404220805", "Hemolyzed"},
};

MessageBuilder message(const Row& row) {
    const bool woman = std::string_view(row.patient) == kWoman;
    MessageBuilder built = test::a_hospital_message()
                               .with("PID-3", std::string(row.patient) + "^^^QILU^MR")
                               .with("PID-7", woman ? "19780312" : "")
                               .with("PID-8", woman ? "女" : "男")
                               .with("OBR-7", row.collected)
                               .with("OBX-3", std::string(row.code) + "^" + row.code + "^L")
                               .with("OBX-2", *row.value == '<' || *row.value == '>' ? "ST" : "NM")
                               .with("OBX-5", row.value)
                               .with("OBX-6", row.unit)
                               .with("OBX-7", row.range)
                               .with("OBX-8", row.flags);
    return *row.note == '\0' ? std::move(built)
                             : std::move(built).add("NTE|1|L|" + std::string(row.note));
}

ProposedObservation process(const Row& row,
                            const Configuration& configuration = test::shipped_configuration(),
                            const study::Registry& registry = test::a_registry()) {
    const auto proposal = pipeline::process(message(row).text(), test::an_arrival(), configuration,
                                            registry, Lineage::written);
    if (proposal.observations.size() != 1) {
        ADD_FAILURE() << "not one observation";
        return {};
    }
    return proposal.observations.front();
}

std::string said(const ProposedObservation& observation, std::string_view id) {
    for (const study::LineageStep& step : observation.lineage) {
        if (step.rule == "check." + std::string(id)) {
            return step.said.text();
        }
    }
    return {};
}

const Finding* found(const ProposedObservation& observation, std::string_view id) {
    for (const Finding& finding : observation.findings) {
        if (finding.detail.starts_with(std::string(id) + ":")) {
            return &finding;
        }
    }
    return nullptr;
}

TEST(ValueChecks, SayWhatTheyFind) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::string(row.id) + " " + row.code + " " + row.value + " " + row.unit);
        const ProposedObservation observation = process(row);
        const std::string step = said(observation, row.id);
        EXPECT_EQ(step.substr(0, step.find(':')), row.answer) << step;
        EXPECT_TRUE(step.ends_with('.') || step.ends_with('?')) << step;
        const bool failed = std::string_view(row.answer).starts_with("Failed");
        EXPECT_EQ(found(observation, row.id) != nullptr, failed);
        if (std::string_view(row.answer) == "Failed (hold)") {
            EXPECT_EQ(observation.disposition, study::Disposition::held);
        }
    }
}

TEST(ValueChecks, HaveEveryCheckOfTheStudyWithEveryAnswer) {
    std::map<std::string, std::set<std::string_view>> answers;
    for (const Row& row : kRows) {
        answers[row.id].insert(std::string_view(row.answer).substr(0, 4));
    }
    // Whose sex or birth date the registry does not know: below.
    answers["V9"].insert("Unde");
    answers["V10"].insert("Unde");
    const auto& study = *test::shipped_configuration().rules().study("NCT05872659");
    for (const study::CheckDefinition& check : study.checks.all()) {
        if (study::info(check.kind).family == study::CheckFamily::value) {
            EXPECT_EQ(answers[check.id], (std::set<std::string_view>{"Fail", "Pass", "Unde"}))
                << check.id;
        }
    }
}

TEST(ValueChecks, AreUndecidableWhereTheRegistryDoesNotKnowThePerson) {
    study::Subject stranger = *test::a_registry().subject(SubjectId{1});
    stranger.sex.reset();
    stranger.birth_date.reset();
    const study::Registry registry = test::a_registry().with(stranger);
    const Row row{"V9", "", "HCG", "3.1", "IU/L"};
    const ProposedObservation observation = process(row, test::shipped_configuration(), registry);
    EXPECT_TRUE(said(observation, "V9").starts_with("Undecidable"));
    EXPECT_TRUE(said(observation, "V10").starts_with("Undecidable"));
    EXPECT_EQ(observation.disposition, study::Disposition::stored);
}

TEST(ValueChecks, TheUnitIsSuggestedAndNothingConverted) {
    const ProposedObservation observation = process({"V4", "", "CREA", "70", "mg/dL"});
    const Finding* finding = found(observation, "V4");
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->code, Code::unit_mix_up);
    EXPECT_EQ(observation.rule, Code::unit_mix_up);
    EXPECT_TRUE(finding->detail.ends_with("mol/L.")) << finding->detail;
    EXPECT_EQ(observation.value.value_num, Decimal::parse("6189"));
    EXPECT_EQ(finding->place.text, "OBX-6");
}

/// The shipped configuration with the checks of its study changed.
Configuration with_checks(std::vector<study::CheckDefinition> checks) {
    study::StudyRules rules = test::shipped_configuration().rules();
    for (study::StudyDefinition& study : rules.studies) {
        study.checks = study::CheckList(checks);
    }
    return {test::shipped_configuration().sources(), std::move(rules)};
}

TEST(ValueChecks, AStudyMaySayHowLoudAndWithoutItsLineTheRuleStands) {
    const Row implausible{"V1", "", "ALT", "20001", "U/L"};
    const Row flagged{"V2", "", "ALT", "33", "U/L", "7 ~ 40", "H"};
    const Configuration none = with_checks({});
    EXPECT_EQ(process(implausible, none).rule, Code::implausible_value);
    ASSERT_EQ(process(flagged, none).findings.size(), 1U);
    EXPECT_EQ(process(flagged, none).findings[0].severity, Severity::warning);

    study::CheckDefinition plausible;
    plausible.id = "V1";
    plausible.kind = study::CheckKind::plausible;
    plausible.steps = {{Severity::note, {}, {}}};
    study::CheckDefinition flag = plausible;
    flag.id = "V2";
    flag.kind = study::CheckKind::flag;
    flag.steps = {{Severity::hold, {}, {}}};
    const Configuration other = with_checks({plausible, flag});
    EXPECT_EQ(process(implausible, other).disposition, study::Disposition::stored);
    EXPECT_EQ(process(flagged, other).rule, Code::flag_differs);
}

TEST(ReferenceRange, IsTheOneForSexAndAgeAtCollection) {
    study::StudyRules rules = test::shipped_configuration().rules();
    for (study::Analyte& analyte : rules.analytes) {
        if (analyte.key == "ALT") {
            const auto limit = [](std::string_view high) {
                return study::Limits{{}, Decimal::parse(high)};
            };
            analyte.references = {{study::Sex::female, {}, 45, limit("30")},
                                  {study::Sex::female, 46, {}, limit("35")},
                                  {study::Sex::male, {}, 33, limit("50")},
                                  {study::Sex::male, 34, {}, limit("55")}};
        }
    }
    const Configuration configuration(test::shipped_configuration().sources(), std::move(rules));
    struct Case {
        const char* patient;
        const char* collected;
        const char* range;
        const char* high;
    };
    const Case cases[] = {
        {kWoman, "202403110805", "", "30"},        // the day before she is 46
        {kWoman, "202403120805", "", "35"},        // her birthday
        {kWoman, "202403120805", "7 ~ 40", "40"},  // the laboratory's own range goes first
        {kYear, "202404220805", "", ""},           // 33 or 34
        {kYear, "202304220805", "", "50"},         // 32 or 33
    };
    for (const Case& row : cases) {
        const ProposedObservation observation = process(
            {"", "", "ALT", "32", "U/L", row.range, "", row.patient, row.collected}, configuration);
        const auto& high = observation.value.ref_high;
        EXPECT_EQ(high ? high->to_string() : "", row.high) << row.patient << " " << row.collected;
    }
}

}  // namespace
}  // namespace labrelay::mapping
