// The unit as a laboratory sends it, the code that stands beside it, and the day on which a line
// was valid.

#include <gtest/gtest.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::ProposedObservation;
using test::MessageBuilder;

ProposedObservation first(const MessageBuilder& message, const Configuration& configuration) {
    const auto proposal =
        pipeline::process(message.text(), test::an_arrival(), configuration, test::a_registry());
    if (proposal.observations.empty()) {
        ADD_FAILURE() << "no observation";
        return {};
    }
    return proposal.observations.front();
}

struct Row {
    const char* code;
    const char* value;
    const char* unit;
    const char* end;  ///< the standardised text, or the rule by which it is held
};

std::string end_of(const ProposedObservation& observation) {
    return observation.rule == Code::none ? observation.value.value_text
                                          : std::string(key(observation.rule));
}

void check(MessageBuilder message, const Row& row,
           const Configuration& configuration = test::shipped_configuration()) {
    SCOPED_TRACE(std::string(row.code) + " " + row.value + " " + row.unit);
    EXPECT_EQ(end_of(first(std::move(message)
                               .with("OBX-2", "ST")
                               .with("OBX-3", row.code)
                               .with("OBX-5", row.value)
                               .with("OBX-6", row.unit)
                               .with("OBX-7", "")
                               .with("OBX-8", ""),
                           configuration)),
              row.end);
}

TEST(LaboratoryUnit, StandsWhereverTheLaboratoryPutsIt) {
    for (const Row& row : {
             Row{"HIV1^^99ROC", "388", "copies/mL", "388"},
             {"HIV1^^99ROC", "388", "^Copies/mL", "388"},
             {"HIV1^^99ROC", "388", "{copies}/mL^copies per millilitre^UCUM", "388"},
             {"HIV1^^99ROC", "388", "^^^copies/mL^copies^L", "388"},
             {"HIV1^^99ROC", "388 copies/mL", "", "388"},
             {"HIV1^^99ROC", "388 copies/mL", "{copies}/mL^^UCUM", "388"},
             {"HIV1^^99ROC", "388", "10*-1.{copies}/mL^^UCUM", "38.8"},
             {"HIV1^^99ROC", "388", "10*4.{copies}/mL", "3880000"},
             {"HIV1^^99ROC", "388", "", "missing-unit"},
             {"HIV1^^99ROC", "388", "furlongs", "unknown-unit"},
         }) {
        check(test::a_molecular_message(), row);
    }
    for (const Row& row : {
             Row{"WBC^^L", "5.10", "10^9/L", "5.10"},  // split by an unescaped ^
             {"WBC^^L", "5.1", "×10⁹/L", "5.1"},
             {"WBC^^L", "5100", "/uL", "5.100"},
             {"HGB^^L", "13.2", "g/dL", "132"},
             {"HGB^^L", "132 g/L", "g/dL", "unit-ambiguous"},    // the value's text says another
             {"HGB^^L", "13.2 mg/L", "g/dL", "unit-ambiguous"},  // also where UCUM alone knows it
             {"HGB^^L", "13.2 stone/L", "g/dL", "unknown-unit"},
         }) {
        check(test::a_hospital_message(), row);
    }
}

TEST(LaboratoryUnit, UreaAndItsNitrogenAreToldApartByTheSourceOnly) {
    for (const Row& row : {
             Row{"UREA^^L", "5.4", "mmol/L", "5.4"},
             {"UREA^^L", "15", "mg/dL{BUN}", "5.355"},
             {"UREA^^L", "15", "mg/dL", "unit-ambiguous"},
         }) {
        check(test::a_hospital_message(), row);
    }
}

TEST(LaboratoryUnit, CodeAndUnitOfDifferentKindsHold) {
    for (const Row& row : {
             // The code says copies.
             Row{"HIV1^^99ROC", "2.59", "log10 copies/mL", "code-and-unit-differ"},
             {"HIV1^^99ROC", "2.59", "Log (Copies/mL)", "code-and-unit-differ"},
             {"HIV1^^99ROC", "2.59 log", "copies/mL", "code-and-unit-differ"},
             {"HIV1^^99ROC", "2.59", "copies/mL^log10 copies/mL", "code-and-unit-differ"},
             {"HIV1^^99ROC", "388", "%", "code-and-unit-differ"},
             {"HIV1^^99ROC", "388", "IU/L", "code-and-unit-differ"},
             {"HIV1^^99ROC", "388", "IU/mL", "needs-assay-factor"},
             // The code says log10.
             {"HIV1LOG^^99ROC", "388", "copies/mL", "code-and-unit-differ"},
             {"HIV1LOG^^99ROC", "388 cp/mL", "log10 copies/mL", "code-and-unit-differ"},
             {"HIV1LOG^^99ROC", "388", "log10 copies/mL", "implausible-value"},
             {"HIV1LOG^^99ROC", "-2.5", "log10 copies/mL", "implausible-value"},
             {"HIV1LOG^^99ROC", "2.59", "log10 copies/mL", "2.59"},
         }) {
        check(test::a_molecular_message(), row);
    }
    for (const Row& row : {
             Row{"(Average) CD45+ Abs Cnt^^99BD", "33", "%", "code-and-unit-differ"},
             {"(Average) CD45+ Abs Cnt^^99BD", "1650", "cells/uL", "1650"},
         }) {
        check(test::a_flow_message(), row);
    }
    const ProposedObservation held =
        first(test::a_molecular_message().with("OBX-2", "NM").with("OBX-6", "log10 copies/mL"),
              test::shipped_configuration());
    ASSERT_FALSE(held.findings.empty());
    EXPECT_EQ(held.findings.back().place.text, "OBX-6");
    EXPECT_EQ(held.findings.back().detail,
              "HIVVL is measured in copies, the unit says a logarithm");
}

TEST(Loinc, OfAnotherAnalyteThanTheLineHolds) {
    for (const Row& row : {
             // A percent under the code of the count: 8122-4 is CD3A.
             Row{"CD3+^^99BD^8122-4^^LN", "71.2", "%", "loinc-differs"},
             {"CD3+^^99BD^8124-0^^LN", "71.2", "%", "71.2"},
             {"CD3+^^99BD^8122-4^^LN", "1180", "cells/uL", "1180"},
             {"8122-4^^LN^CD3+^^99BD", "71.2", "%", "loinc-differs"},
             // Unknown to the catalogue: it says nothing.
             {"CD3+^^99BD^99999-9^^LN", "71.2", "%", "71.2"},
             {"CD3+^^99BD^8122-4^^L", "71.2", "%", "71.2"},
         }) {
        check(test::a_flow_message(), row);
    }
    for (const Row& row : {
             // 10351-5 is [Units/volume]; copies come with it all the same.
             Row{"HIV1^^99ROC^10351-5^^LN", "388", "copies/mL", "loinc-differs"},
             {"HIV1^^99ROC^29541-0^^LN", "388", "copies/mL", "loinc-differs"},
             {"HIV1^^99ROC^20447-9^^LN", "388", "copies/mL", "388"},
         }) {
        check(test::a_molecular_message(), row);
    }
    const auto disbelieving = test::with_source(
        "facs-lyric", [](SourceDefinition& source) { source.believes_loinc = false; });
    check(test::a_flow_message(), {"CD3+^^99BD^8122-4^^LN", "71.2", "%", "71.2"}, disbelieving);
}

constexpr const char* kHead =
    R"(<source id="cobas-5800" version="1" zone="Asia/Shanghai" mode="live" laboratory="QILU-MOL">
  <approval by="A person" on="2024-01-02"/>
  <recognise application="COBAS5800" facility="QILU-MOL"/>
  <specimen from="SPM-2.1.1" authority="QILU-ACC"/>
  <collected from="SPM-17.1"/>)";

MessageBuilder drawn_on(const char* time) {
    return test::a_molecular_message().with("SPM-17", time);
}

/// A line holds on the days of collection that it names: spellings, limits and factor with it. A
/// message that is processed again later asks the same day.
TEST(LaboratoryUnit, LimitsFactorsAndSpellingsAreThoseOfTheDayOfCollection) {
    const auto configuration = test::shipped_with_source(
        "cobas-5800",
        std::string(kHead) +
            R"(<observation code="VL" system="L" analyte="HIVVL" lloq="40" spelled="copies"
                 copies-per-iu="0.5" factor-from="insert 1" until="2024-04-21"/>
               <observation code="VL" system="L" analyte="HIVVL" lloq="20"
                 copies-per-iu="0.35" factor-from="insert 2" from="2024-04-22"/></source>)");
    ASSERT_NE(configuration, nullptr);
    constexpr const char* kBefore = "20240421235900+0800";
    constexpr const char* kAfter = "20240422000000+0800";
    for (const Row& row : {Row{"VL^^L", "<LLOQ", "", "<40"},
                           {"VL^^L", "100", "IU/mL", "50.0"},
                           {"VL^^L", "100", "copies", "100"}}) {
        check(drawn_on(kBefore), row, *configuration);
    }
    for (const Row& row : {Row{"VL^^L", "<LLOQ", "", "<20"},
                           {"VL^^L", "100", "IU/mL", "35.00"},
                           {"VL^^L", "100", "copies", "unknown-unit"}}) {
        check(drawn_on(kAfter), row, *configuration);
    }
}

TEST(AssayFactor, NamesItsDocumentAndWorksInBothDirections) {
    const auto configuration = test::shipped_with_source(
        "cobas-5800", std::string(kHead) +
                          R"(<observation code="VL" system="L" analyte="HIVVL"
                 copies-per-iu="0.35" factor-from="package insert AW-1"/>
               <observation code="HBV" system="L" analyte="HBVDNA"
                 copies-per-iu="5.82" factor-from="package insert HB-2"/></source>)");
    ASSERT_NE(configuration, nullptr);
    const auto value_of = [&](const char* code, const char* value, const char* unit) {
        return first(test::a_molecular_message()
                         .with("OBX-2", "ST")
                         .with("OBX-3", code)
                         .with("OBX-5", value)
                         .with("OBX-6", unit),
                     *configuration)
            .value;
    };
    const study::ResultValue hiv = value_of("VL^^L", "143", "IU/mL");
    EXPECT_EQ(hiv.value_num, Decimal::parse("50.05"));
    EXPECT_EQ(hiv.unit, "{copies}/mL");
    EXPECT_EQ(hiv.unit_reported, "IU/mL");
    EXPECT_EQ(hiv.conversion_rule, "x 0.35 (0.35 copies per IU by package insert AW-1)");
    const study::ResultValue hbv = value_of("HBV^^L", "1000", "copies/mL");
    EXPECT_EQ(hbv.value_text, "171.821");
    EXPECT_EQ(hbv.unit, "[IU]/mL");
    EXPECT_EQ(hbv.conversion_rule, "/ 5.82 (5.82 copies per IU by package insert HB-2)");
    ASSERT_TRUE(hbv.least.has_value());
    EXPECT_EQ(hbv.least->to_string().substr(0, 12), "171.82130584");
    EXPECT_EQ(value_of("HBV^^L", "582", "copies/mL").least, std::nullopt) << "100 exactly";
    EXPECT_EQ(value_of("HBV^^L", "<582", "copies/mL").value_text, "<100.00");
}

TEST(SourcesOwnFlag, StandsForTheValueThatIsNotThere) {
    const auto configuration = test::shipped_with_source(
        "cobas-5800", std::string(kHead) +
                          R"(<values><flag text="NR" system="99ROC" kind="not_detected"/>
               <flag text="RR" system="99ROC" kind="detected"/>
               <flag text="U06T" kind="no_result"/></values>
               <observation code="VL" system="L" analyte="HIVVL" lloq="20"/></source>)");
    ASSERT_NE(configuration, nullptr);
    struct FlagRow {
        const char* value;
        const char* flags;
        const char* end;
    };
    for (const FlagRow& row : {FlagRow{"", "NR^^99ROC", "NOT DETECTED"},
                               {"ValueNotSet", "NR^^99ROC", "NOT DETECTED"},
                               {"", "NR", "value-missing"},
                               {"", "RR^^99ROC", "DETECTED"},
                               {"", "U06T^Pipetting anomaly^99ROC", "NO RESULT"},
                               {"", "NR^^99ROC~RR^^99ROC", "value-missing"},
                               {"", "RR^^99ROC~<", "DETECTED"},
                               {"", "NR^^99ROC~>", "value-missing"},
                               {"412", "NR^^99ROC", "comparator-flag-differs"},
                               {"412", "U06T", "comparator-flag-differs"},
                               {"412", "RR^^99ROC", "412"},
                               {"Not Detected", "RR^^99ROC", "comparator-flag-differs"},
                               {"<20", "NR^^99ROC", "<20"}}) {
        SCOPED_TRACE(std::string(row.value) + " " + row.flags);
        EXPECT_EQ(end_of(first(test::a_molecular_message()
                                   .with("OBX-2", "ST")
                                   .with("OBX-3", "VL^^L")
                                   .with("OBX-5", row.value)
                                   .with("OBX-6", "copies/mL")
                                   .with("OBX-8", row.flags),
                               *configuration)),
                  row.end);
    }
}

}  // namespace
}  // namespace labrelay::mapping
