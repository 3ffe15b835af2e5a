#include <gtest/gtest.h>

#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ProposedObservation;
using test::MessageBuilder;
using units::Comparator;
using units::ResultState;

ProposedObservation first(const MessageBuilder& message,
                          const Configuration& configuration = test::shipped_configuration()) {
    const auto proposal =
        pipeline::process(message.text(), test::an_arrival(), configuration, test::a_registry());
    if (proposal.observations.empty()) {
        ADD_FAILURE() << "no observation";
        return {};
    }
    return proposal.observations.front();
}

std::string text(const std::optional<Decimal>& number) {
    return number ? number->to_string() : "";
}

struct Row {
    const char* code;
    const char* type;
    const char* value;
    const char* unit;
    const char* flags;
    ResultState state;
    const char* value_text;
    const char* value_num;
    const char* canonical;
    Comparator comparator = Comparator::none;
    const char* lloq = "";
    const char* uloq = "";
};

/// What of OBX-5 is kept: of a coded value that is stored its word (withhold_test.cpp).
std::string kept(std::string_view type, std::string_view value) {
    const std::size_t first = value.find('^');
    if (!type.starts_with('C') || first == std::string_view::npos || first == 0) {
        return std::string(value);
    }
    return std::string(value.substr(first + 1, value.find('^', first + 1) - first - 1));
}

void check(MessageBuilder message, const Row& row) {
    SCOPED_TRACE(std::string(row.code) + " " + row.type + " " + row.value + " " + row.unit);
    const ProposedObservation observation = first(std::move(message)
                                                      .with("OBX-2", row.type)
                                                      .with("OBX-3", row.code)
                                                      .with("OBX-5", row.value)
                                                      .with("OBX-6", row.unit)
                                                      .with("OBX-7", "")
                                                      .with("OBX-8", row.flags));
    EXPECT_EQ(observation.disposition, Disposition::stored) << key(observation.rule);
    const study::ResultValue& value = observation.value;
    EXPECT_EQ(to_string(value.state), to_string(row.state));
    EXPECT_EQ(value.value_text, row.value_text);
    EXPECT_EQ(text(value.value_num), row.value_num);
    EXPECT_EQ(value.unit, row.canonical);
    EXPECT_EQ(to_string(value.comparator), to_string(row.comparator));
    EXPECT_EQ(text(value.lloq), row.lloq);
    EXPECT_EQ(text(value.uloq), row.uloq);
    EXPECT_EQ(value.value_reported, kept(row.type, row.value));
}

TEST(Value, OfAViralLoad) {
    constexpr const char* kCopies = "HIV1^HIV-1 RNA^99ROC";
    constexpr const char* kUnit = "{copies}/mL";
    const Row rows[] = {
        {kCopies, "SN", "^388", "{copies}/mL^^UCUM", "", ResultState::quantified, "388", "388",
         kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "SN", "<^20", "copies/mL", "", ResultState::below_lloq, "<20", "", kUnit,
         Comparator::less, "20", "10000000"},
        {kCopies, "ST", "< 40", "copies/mL", "", ResultState::below_lloq, "<40", "", kUnit,
         Comparator::less, "40", "10000000"},
        {kCopies, "SN", ">^10000000", "copies/mL", "", ResultState::above_uloq, ">10000000", "",
         kUnit, Comparator::greater, "20", "10000000"},
        // The unit carries the exponent.
        {kCopies, "NM", "367", "10*-1.{copies}/mL^^UCUM", "", ResultState::quantified, "36.7",
         "36.7", kUnit, Comparator::none, "20", "10000000"},
        // A number below the assay's own limit is still what the laboratory says.
        {kCopies, "NM", "12", "copies/mL", "", ResultState::quantified, "12", "12", kUnit,
         Comparator::none, "20", "10000000"},
        {kCopies, "ST", "Target Not Detected", "copies/mL", "", ResultState::not_detected,
         "NOT DETECTED", "", kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "ST", "Target Not Detected", "", "", ResultState::not_detected, "NOT DETECTED",
         "", kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "ST", "< Titer min", "", "", ResultState::below_lloq, "<20", "", kUnit,
         Comparator::less, "20", "10000000"},
        {kCopies, "ST", "> Titer max", "", "", ResultState::above_uloq, ">10000000", "", kUnit,
         Comparator::greater, "20", "10000000"},
        {kCopies, "ST", "Invalid", "", "", ResultState::no_result, "NO RESULT", "", kUnit,
         Comparator::none, "20", "10000000"},
        {kCopies, "ST", "3.26E+05 cp/mL", "1/mL^^UCUM", "", ResultState::quantified, "326000",
         "326000", kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "ST", "3.26E+05 cp/mL", "", "", ResultState::quantified, "326000", "326000",
         kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "ST", "NOT DETECTED^", "", "", ResultState::not_detected, "NOT DETECTED", "",
         kUnit, Comparator::none, "20", "10000000"},
        // The outcome stands in OBX-8 alone.
        {kCopies, "ST", "ValueNotSet", "", "ND^^99ROC", ResultState::not_detected, "NOT DETECTED",
         "", kUnit, Comparator::none, "20", "10000000"},
        {kCopies, "", "", "", "BT^^99ROC", ResultState::below_lloq, "<20", "", kUnit,
         Comparator::less, "20", "10000000"},
        {"HIV1LOG^^99ROC", "NM", "2.59", "log10 copies/mL", "", ResultState::quantified, "2.59",
         "2.59", "{Log_copies}/mL"},
        {"HIV1LOG^^99ROC", "SN", "<^1.30", "log10 copies/mL", "", ResultState::below_lloq, "<1.30",
         "", "{Log_copies}/mL", Comparator::less, "1.30"},
    };
    for (const Row& row : rows) {
        check(test::a_molecular_message(), row);
    }
}

TEST(Value, OfTheHospital) {
    const Row rows[] = {
        {"CREA^^L", "NM", "0.85", "mg/dL", "", ResultState::quantified, "75.16", "75.16", "umol/L"},
        {"HGB^^L", "NM", "13.2", "g/dL", "", ResultState::quantified, "132", "132", "g/L"},
        {"GLU^^L", "SN", "<^20", "mg/dL", "", ResultState::below_lloq, "<1.110", "", "mmol/L",
         Comparator::less, "1.110"},
        // An unescaped ^ splits the unit.
        {"WBC^^L", "NM", "5.10", "10^9/L", "", ResultState::quantified, "5.10", "5.10", "10*9/L"},
        {"WBC^^L", "NM", "5.1", "×10^9/L", "", ResultState::quantified, "5.1", "5.1", "10*9/L"},
        {"HBV-DNA^^L", "ST", "未检出", "IU/mL", "", ResultState::not_detected, "NOT DETECTED", "",
         "[IU]/mL"},
        {"HCV-RNA^^L", "ST", "<15", "IU/mL", "", ResultState::below_lloq, "<15", "", "[IU]/mL",
         Comparator::less, "15"},
        {"TP-Ab^^L", "ST", "阴性(-)", "", "", ResultState::qualitative, "NEG", "", ""},
        {"TP-Ab^^L", "CWE", "POS^阳性(+)^L", "", "", ResultState::qualitative, "POS", "", ""},
        {"TP-Ab^^L", "CWE", "阳性(+)", "", "", ResultState::qualitative, "POS", "", ""},
        {"TRUST^^L", "ST", "1:8", "", "", ResultState::qualitative, "1:8", "", ""},
        // An index is kept in words.
        {"TP-Ab^^L", "NM", "0.12", "S/CO", "", ResultState::qualitative, "0.12 S/CO", "", ""},
        {"K^^L", "ST", "标本溶血", "mmol/L", "", ResultState::no_result, "NO RESULT", "", "mmol/L"},
    };
    for (const Row& row : rows) {
        check(test::a_hospital_message(), row);
    }
}

TEST(Value, ACodeOfACodeSystemIsNeverTakenForANumber) {
    const ProposedObservation observation = first(test::a_hospital_message()
                                                      .with("OBX-2", "CWE")
                                                      .with("OBX-3", "TP-Ab^^L")
                                                      .with("OBX-5", "10828004^^SCT")
                                                      .with("OBX-6", ""));
    EXPECT_EQ(observation.rule, Code::value_unreadable);
}

TEST(Value, AFlagThatMeansSomethingElseElsewhereIsNotRead) {
    const ProposedObservation observation =
        first(test::a_molecular_message().with("OBX-5", "").with("OBX-8", "ND"));
    EXPECT_EQ(observation.rule, Code::value_missing);
}

TEST(Value, BelowALimitMeansNotDetectedWhereTheSourceSaysSo) {
    const auto configuration = test::with_source("cobas-5800", [](SourceDefinition& source) {
        source.below_means = BelowMeaning::not_detected;
    });
    const auto said = [&](const char* value) {
        return first(test::a_molecular_message().with("OBX-2", "ST").with("OBX-5", value),
                     configuration)
            .value;
    };
    EXPECT_EQ(said("< 20").state, ResultState::not_detected);
    EXPECT_EQ(text(said("< 20").lloq), "20");
    // The words say that it was detected.
    EXPECT_EQ(said("<30 Detected").state, ResultState::below_lloq);
}

TEST(Value, StatusesWithoutAValue) {
    const auto in_status = [](const char* status) {
        return first(test::a_flow_message().with("OBX-11", status)).value;
    };
    EXPECT_EQ(in_status("X").state, ResultState::not_done);
    EXPECT_EQ(in_status("N").state, ResultState::not_done);
    EXPECT_EQ(in_status("D").state, ResultState::withdrawn);
    EXPECT_EQ(in_status("W").state, ResultState::withdrawn);
    EXPECT_FALSE(in_status("X").value_num.has_value());
    EXPECT_EQ(in_status("X").value_reported, "412");
    EXPECT_EQ(in_status("X").unit, "/uL");
}

struct RangeRow {
    const char* value;
    const char* range;
    const char* low;
    const char* high;
    const char* flag;
};

TEST(Value, TheLaboratorysRangeGoesBeforeTheAnalytes) {
    const RangeRow rows[] = {
        {"33", "7 ~ 40", "7", "40", "NORMAL"}, {"41", "7 ~ 40", "7", "40", "HIGH"},
        {"6.9", "7~40", "7", "40", "LOW"},     {"7", "7-40", "7", "40", "NORMAL"},
        {"40", "<40", "", "40", "HIGH"},       {"40", "≤40", "", "40", "NORMAL"},
        {"41", "", "7", "40", "HIGH"},         {"41", "阴性", "7", "40", "HIGH"},
        {"41", "0-0", "7", "40", "HIGH"},
    };
    for (const RangeRow& row : rows) {
        SCOPED_TRACE(std::string(row.value) + " in " + row.range);
        const ProposedObservation observation = first(test::a_hospital_message()
                                                          .with("OBX-5", row.value)
                                                          .with("OBX-7", row.range)
                                                          .with("OBX-8", ""));
        EXPECT_EQ(text(observation.value.ref_low), row.low);
        EXPECT_EQ(text(observation.value.ref_high), row.high);
        EXPECT_EQ(observation.value.range_flag, row.flag);
        EXPECT_EQ(observation.value.range_reported, row.range);
    }
}

TEST(Value, ARangeIsConvertedLikeItsValue) {
    const ProposedObservation observation = first(test::a_hospital_message()
                                                      .with("OBX-3", "HGB^^L")
                                                      .with("OBX-5", "11.4")
                                                      .with("OBX-6", "g/dL")
                                                      .with("OBX-7", "11.5 ~ 15.0")
                                                      .with("OBX-8", "L"));
    EXPECT_EQ(text(observation.value.ref_low), "115");
    EXPECT_EQ(observation.value.range_flag, "LOW");
    EXPECT_EQ(observation.value.conversion_rule, "x 10 (analyte-list:g/dL)");
    EXPECT_TRUE(observation.findings.empty());
}

struct FlagRow {
    const char* value;
    const char* flags;
    bool differs;
};

TEST(Value, AFlagThatDoesNotFitTheRangeIsAWarning) {
    const FlagRow rows[] = {{"33", "N", false},   {"33", "H", true},   {"33", "L", true},
                            {"41", "H", false},   {"41", "HH", false}, {"41", "↑", false},
                            {"41", "N", true},    {"41", "", false},   {"41", "~H", false},
                            {"41", "H~N", false}, {"33", "偏高", true}};
    for (const FlagRow& row : rows) {
        SCOPED_TRACE(std::string(row.value) + " " + row.flags);
        const ProposedObservation observation =
            first(test::a_hospital_message().with("OBX-5", row.value).with("OBX-8", row.flags));
        EXPECT_EQ(observation.disposition, Disposition::stored);
        EXPECT_EQ(observation.findings.size(), row.differs ? 1U : 0U);
        if (row.differs && !observation.findings.empty()) {
            EXPECT_EQ(observation.findings[0].code, Code::flag_differs);
            EXPECT_EQ(observation.findings[0].place.text, "OBX-8");
        }
    }
}

TEST(Value, WhatIsHeldShowsItselfToWhoMaySeeIt) {
    const ProposedObservation unit = first(test::a_hospital_message().with("OBX-6", "卡门单位"));
    ASSERT_EQ(unit.findings.size(), 1U);
    EXPECT_EQ(unit.findings[0].value, "卡门单位");
    EXPECT_EQ(unit.findings[0].detail, "");
    const ProposedObservation value = first(test::a_flow_message().with("OBX-5", "9999"));
    ASSERT_EQ(value.findings.size(), 1U);
    EXPECT_EQ(value.findings[0].value, "9999 /uL");
}

}  // namespace
}  // namespace labrelay::mapping
