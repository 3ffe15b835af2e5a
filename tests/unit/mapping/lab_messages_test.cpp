// Field by field what laboratories send: one test a paragraph of lab-messages.md ("Fields"), named
// after it. What only stored results show (transitions of OBX-11) is in
// tests/unit/study/versions_test.cpp, which segments belong together in
// tests/unit/hl7/binding_test.cpp.

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "labrelay/study/decide.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay::mapping {
namespace {

using study::Disposition;
using study::ObservationStatus;
using study::ProposedObservation;
using test::a_flow_message;
using test::a_hospital_message;
using test::a_molecular_message;
using test::MessageBuilder;

constexpr auto kStored = Disposition::stored;
constexpr auto kHeld = Disposition::held;
constexpr auto kIgnored = Disposition::ignored;

std::vector<ProposedObservation> mapped(const MessageBuilder& message) {
    return pipeline::process(message.text(), test::an_arrival(), test::shipped_configuration(),
                             test::a_registry())
        .observations;
}

ProposedObservation first(const MessageBuilder& message) {
    auto observations = mapped(message);
    if (observations.empty()) {
        ADD_FAILURE() << "no observation";
        return {};
    }
    return std::move(observations.front());
}

const Finding* finding(const ProposedObservation& observation, Code code) {
    for (const Finding& found : observation.findings) {
        if (found.code == code) {
            return &found;
        }
    }
    return nullptr;
}

MessageBuilder pcr(std::string_view type, std::string_view value) {
    return a_molecular_message().with("OBX-2", type).with("OBX-5", value);
}
MessageBuilder flow(std::string_view place, std::string_view value) {
    return a_flow_message().with(place, value);
}
MessageBuilder lis(std::string_view place, std::string_view value) {
    return a_hospital_message().with(place, value);
}

struct ValueRow {
    const char* type;
    const char* value;
    Disposition disposition;
    const char* text;        ///< standardised
    Code code = Code::none;  ///< the rule that holds, or a finding that stays
};

/// What of OBX-5 is kept: of a coded value that is stored its word (withhold_test.cpp).
std::string kept(std::string_view type, std::string_view value) {
    const std::size_t first = value.find('^');
    if (!type.starts_with('C') || first == std::string_view::npos || first == 0) {
        return std::string(value);
    }
    return std::string(value.substr(first + 1, value.find('^', first + 1) - first - 1));
}

TEST(LabMessages, Obx2EveryTypeThatLaboratoriesUse) {
    const ValueRow rows[] = {
        {"NM", "388", kStored, "388"},
        {"NM", "+388", kStored, "388"},
        {"NM", "00388", kStored, "388"},
        {"NM", "2.35E+04", kStored, "23500", Code::value_type_unexpected},
        {"NM", "<20", kStored, "<20", Code::value_type_unexpected},
        {"NM", "1,250", kHeld, "", Code::number_separator},
        {"NM", "36,7", kHeld, "", Code::number_separator},
        {"SN", "<^20", kStored, "<20"},
        {"SN", "^388", kStored, "388"},
        {"SN", "=^440", kStored, "440"},
        {"SN", ">^10000000", kStored, ">10000000"},
        {"SN", "^1^-^5", kHeld, "", Code::value_unreadable},
        {"SN", "^1^:^128", kHeld, "", Code::value_unreadable},
        {"SN", "388", kStored, "388", Code::value_type_unexpected},
        {"ST", "< 20", kStored, "<20"},
        {"ST", ">10000000", kStored, ">10000000"},
        {"ST", "2.35E+04", kStored, "23500"},
        {"TX", "388", kStored, "388"},
        {"FT", "388", kStored, "388"},
        {"IS", "388", kStored, "388"},
        {"ID", "388", kStored, "388"},
        {"SI", "388", kStored, "388"},
        {"", "388", kStored, "388", Code::value_type_unexpected},
        {"CE", "ND^Target Not Detected^99ROC", kStored, "NOT DETECTED"},
        {"CWE", "^Target Not Detected", kStored, "NOT DETECTED"},
        {"CNE", "260415000^Not detected^SCT", kStored, "NOT DETECTED"},
        {"CF", "ND^Target Not Detected^99ROC", kStored, "NOT DETECTED"},
        {"CE", "260415000^^SCT", kHeld, "", Code::value_unreadable},  // a code is no number
        {"DT", "20240422", kHeld, "", Code::value_not_for_study},
        {"TM", "0810", kHeld, "", Code::value_not_for_study},
        {"TS", "20240422081000", kHeld, "", Code::value_not_for_study},
        {"DTM", "20240422081000", kHeld, "", Code::value_not_for_study},
        {"DR", "20240422^20240423", kHeld, "", Code::value_not_for_study},
        {"NA", "36.51^^37.15", kHeld, "", Code::value_not_for_study},
        {"EI", "11263ee8^LAB", kHeld, "", Code::value_not_for_study},
        {"TN", "(01)5550100", kHeld, "", Code::value_not_for_study},
        {"XTN", "^PRN^PH^^1^555^0100", kHeld, "", Code::value_not_for_study},
        {"NR", "1^5", kHeld, "", Code::value_unreadable},
        {"ZZ", "388", kStored, "388", Code::value_type_unexpected},
    };
    for (const ValueRow& row : rows) {
        SCOPED_TRACE(fmt::format("{} {}", row.type, row.value));
        const ProposedObservation observation = first(pcr(row.type, row.value));
        EXPECT_EQ(observation.disposition, row.disposition) << key(observation.rule);
        EXPECT_EQ(observation.value.value_reported,
                  row.disposition == kStored ? kept(row.type, row.value) : row.value);
        EXPECT_EQ(observation.value.value_text, row.text);
        if (row.code != Code::none) {
            EXPECT_NE(finding(observation, row.code), nullptr);
        } else {
            EXPECT_TRUE(observation.findings.empty()) << key(observation.findings.front().code);
        }
    }
}

TEST(LabMessages, Obx5RepeatsAreOneValueOrNone) {
    EXPECT_EQ(first(pcr("NM", "388~")).value.value_text, "388");
    EXPECT_EQ(first(pcr("NM", "~388")).value.value_text, "388");
    for (const char* value : {"388~390", "388~388"}) {
        EXPECT_EQ(first(pcr("NM", value)).rule, Code::value_repeats) << value;
    }
}

TEST(LabMessages, Obx4TellsResultsOfOneCodeApart) {
    const auto sub_id = [](std::string_view text) { return first(flow("OBX-4", text)).sub_id; };
    EXPECT_EQ(sub_id("1"), "1");
    EXPECT_EQ(sub_id(" 1.1 "), "1.1");
    EXPECT_EQ(sub_id("MTB&"), "MTB");
    EXPECT_EQ(sub_id("1^"), "1");
    EXPECT_EQ(sub_id("SPC&Ct"), "SPC&Ct");
    EXPECT_EQ(sub_id("1^2"), "1^2");
}

TEST(LabMessages, EdAndRpAreKeptNeverFetchedNeverInTheStudy) {
    // Of a test that is mapped somebody has to look; of any other there is nothing to look for.
    for (const char* type : {"ED", "RP"}) {
        const auto mapped_test =
            first(flow("OBX-2", type).with("OBX-5", "LAB^application^pdf^Base64^JVBERi0x"));
        EXPECT_EQ(mapped_test.disposition, kHeld);
        EXPECT_EQ(mapped_test.rule, Code::value_not_for_study);
        EXPECT_EQ(mapped_test.value.value_reported, "LAB^application^pdf^Base64^JVBERi0x");
        EXPECT_FALSE(mapped_test.value.value_num.has_value());
        const auto other = first(flow("OBX-2", type)
                                     .with("OBX-3", "REPORT^^99BD")
                                     .with("OBX-5", "http://10.0.0.1/report.pdf^LAB^AP"));
        EXPECT_EQ(other.disposition, kIgnored);
        EXPECT_EQ(other.rule, Code::value_not_for_study);
    }
    const auto broken = flow("OBX-2", "ED").with("OBX-5", "LAB^Image^BMP^Base64^… data …");
    EXPECT_NE(finding(first(broken), Code::encapsulated_data_bad), nullptr);
    const auto whole = flow("OBX-2", "ED").with("OBX-5", "LAB^Image^BMP^Base64^Qk0=");
    EXPECT_EQ(finding(first(whole), Code::encapsulated_data_bad), nullptr);
}

TEST(LabMessages, ViralLoadWordsOfRocheAndAbbott) {
    const ValueRow rows[] = {
        {"ST", "Target Not Detected", kStored, "NOT DETECTED"},
        {"ST", "Not Detected", kStored, "NOT DETECTED"},
        {"ST", "< Titer min", kStored, "<20"},
        {"ST", "> Titer max", kStored, ">10000000"},
        {"ST", "Invalid", kStored, "NO RESULT"},
        {"ST", "Failed", kStored, "NO RESULT"},
        {"ST", "Titer", kStored, "DETECTED"},
        {"ST", "ValueNotSet", kHeld, "", Code::value_missing},
    };
    for (const ValueRow& row : rows) {
        SCOPED_TRACE(row.value);
        const ProposedObservation observation = first(pcr(row.type, row.value));
        EXPECT_EQ(observation.disposition, row.disposition);
        EXPECT_EQ(observation.value.value_text, row.text);
        EXPECT_FALSE(observation.value.value_num.has_value());
    }
    // An empty OBX-5 with the outcome in OBX-8.
    EXPECT_EQ(first(pcr("ST", "").with("OBX-8", "ND^^99ROC")).value.value_text, "NOT DETECTED");
    EXPECT_EQ(first(pcr("ST", "").with("OBX-8", "BT^^99ROC")).value.value_text, "<20");
    EXPECT_EQ(first(pcr("ST", "").with("OBX-8", "U06T^Pipetting^99ROC")).rule, Code::value_missing);
}

TEST(LabMessages, Obx3AlternatesAndTheTrapsOfCd4) {
    const auto analyte = [](std::string_view code, std::string_view unit) {
        return first(flow("OBX-3", code).with("OBX-6", unit)).analyte;
    };
    EXPECT_EQ(analyte("CD3+CD4+^^99BD", "cells/uL"), "CD4A");
    EXPECT_EQ(analyte("CD3+CD4+^^99BD", "%"), "CD4P");
    EXPECT_EQ(analyte("X^^99XX^CD3+CD4+^^99BD", "cells/uL"), "CD4A");
    EXPECT_EQ(analyte("CD3+CD4+^^99BD", ""), "");
    EXPECT_EQ(first(lis("OBX-3", "GPT^^L^1742-6^^LN")).analyte, "ALT");
    EXPECT_EQ(first(lis("OBX-3", "1742-6^^LN^GPT^^L")).analyte, "ALT");
    EXPECT_EQ(first(lis("OBX-3", "AST^^L^1742-6^^LN")).rule, Code::ambiguous_code);
}

TEST(LabMessages, Obx6UnitsAsTheyAreWritten) {
    for (const char* unit :
         {"/mm3", "cells/µL", "cells/\xce\xbcL", "cells/uL", "uL^", "10*6/L", "10^6/L", "/uL"}) {
        const auto observation = first(flow("OBX-6", unit));
        if (std::string_view(unit) == "uL^") {
            EXPECT_EQ(observation.disposition, kHeld) << unit;
            continue;
        }
        EXPECT_EQ(observation.disposition, kStored) << unit << " " << key(observation.rule);
        EXPECT_EQ(observation.value.value_text, "412") << unit;
    }
    // Thousands of millions, as blood counts are written; an unescaped ^ splits the unit.
    for (const char* unit : {"10*9/L", "x10E9/L", "K/uL", "10^9/L", "G/L", "10*3/uL"}) {
        const auto observation = first(
            lis("OBX-3", "WBC^^L").with("OBX-5", "5.8").with("OBX-6", unit).with("OBX-7", ""));
        EXPECT_EQ(observation.value.value_text, "5.8") << unit << " " << key(observation.rule);
    }
    // A unit that could be count or percent is never guessed.
    EXPECT_EQ(first(flow("OBX-6", "10*9/L")).rule, Code::unknown_unit);
    EXPECT_EQ(first(flow("OBX-6", "")).rule, Code::missing_unit);
}

TEST(LabMessages, Obx7RangesAsTextAndAsLimits) {
    struct Row {
        const char* sent;
        const char* low;
        const char* high;
    };
    const Row rows[] = {{"410-1590", "410", "1590"}, {"410 ~ 1590", "410", "1590"},
                        {"<1590", "", "1590"},       {">=410", "410", ""},
                        {"normal", "", ""},          {"410-1590~500-1500", "", ""}};
    for (const Row& row : rows) {
        const auto observation = first(flow("OBX-7", row.sent));
        EXPECT_EQ(observation.disposition, kStored);
        EXPECT_EQ(observation.value.range_reported, row.sent);
        const auto text = [](const std::optional<Decimal>& limit) {
            return limit ? limit->to_string() : std::string();
        };
        if (*row.low != 0 || *row.high != 0) {
            EXPECT_EQ(text(observation.value.ref_low), row.low) << row.sent;
            EXPECT_EQ(text(observation.value.ref_high), row.high) << row.sent;
        }
    }
}

TEST(LabMessages, Obx8FlagsRepeatsAndOffScale) {
    EXPECT_EQ(first(flow("OBX-8", "~N")).value.flags_reported, "~N");
    EXPECT_EQ(first(flow("OBX-8", "H~N")).disposition, kStored);
    for (const char* known : {"L", "H", "LL", "HH", "N", "A", "AA", "U", "D", "B", "W", "S", "R",
                              "I", "MS", "VS", "\"\""}) {
        EXPECT_EQ(first(flow("OBX-8", known)).disposition, kStored) << known;
    }
    EXPECT_EQ(first(pcr("NM", "388").with("OBX-8", "<")).rule, Code::comparator_flag_differs);
    EXPECT_EQ(first(pcr("ST", "<20").with("OBX-8", ">")).rule, Code::comparator_flag_differs);
    EXPECT_EQ(first(pcr("ST", "<20").with("OBX-8", "<")).disposition, kStored);
    const auto wrong = first(flow("OBX-7", "500-1500").with("OBX-8", "H"));
    EXPECT_EQ(wrong.disposition, kStored);
    EXPECT_NE(finding(wrong, Code::flag_differs), nullptr);
}

TEST(LabMessages, Obx11EveryCode) {
    struct Row {
        const char* code;
        Disposition disposition;
        ObservationStatus status;
        Code rule = Code::none;
    };
    const Row rows[] = {
        {"P", kStored, ObservationStatus::preliminary},
        {"R", kStored, ObservationStatus::preliminary},
        {"S", kStored, ObservationStatus::preliminary},
        {"I", kStored, ObservationStatus::preliminary},
        {"F", kStored, ObservationStatus::final},
        {"C", kStored, ObservationStatus::corrected},
        {"U", kStored, ObservationStatus::promoted},
        {"X", kStored, ObservationStatus::not_done},
        {"N", kStored, ObservationStatus::not_done},
        {"D", kStored, ObservationStatus::withdrawn},
        {"W", kStored, ObservationStatus::withdrawn},
        {"O", kIgnored, ObservationStatus::preliminary, Code::order_detail},
        // A, B and V came with 2.8 and later: what they do to a value is the laboratory's to say.
        {"A", kHeld, ObservationStatus::preliminary, Code::status_unknown},
        {"B", kHeld, ObservationStatus::preliminary, Code::status_unknown},
        {"V", kHeld, ObservationStatus::preliminary, Code::status_unknown},
        {"?", kHeld, ObservationStatus::preliminary, Code::status_unknown},
        {"FF", kHeld, ObservationStatus::preliminary, Code::status_unknown},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.code);
        const auto observation = first(flow("OBX-11", row.code));
        EXPECT_EQ(observation.disposition, row.disposition) << key(observation.rule);
        EXPECT_EQ(observation.rule, row.rule);
        EXPECT_EQ(observation.status, row.status);
        EXPECT_EQ(observation.status_code, row.code);
        const bool carries = row.status != ObservationStatus::not_done &&
                             row.status != ObservationStatus::withdrawn &&
                             row.disposition != kIgnored;
        EXPECT_EQ(observation.value.value_num.has_value(), carries);
    }
}

TEST(LabMessages, Obr25BesideObx11) {
    struct Row {
        const char* order;
        const char* observation;
        bool differs;
    };
    const Row rows[] = {{"F", "F", false}, {"C", "C", false}, {"A", "F", false}, {"A", "P", false},
                        {"P", "P", false}, {"", "F", false},  {"P", "F", true},  {"F", "P", true},
                        {"I", "F", true},  {"S", "F", true},  {"O", "F", true},  {"R", "F", true},
                        {"X", "F", true},  {"Y", "F", true},  {"Z", "F", true},  {"D", "F", true},
                        {"W", "F", true},  {"F", "X", false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(fmt::format("{} {}", row.order, row.observation));
        const auto observation = first(flow("OBR-25", row.order).with("OBX-11", row.observation));
        EXPECT_EQ(observation.disposition, kStored);
        EXPECT_EQ(observation.status_code, row.observation);  // OBX-11 rules
        const Finding* found = finding(observation, Code::order_status_differs);
        EXPECT_EQ(found != nullptr, row.differs);
        if (found != nullptr) {
            EXPECT_EQ(found->place.text, "OBR-25");
        }
    }
}

TEST(LabMessages, OrderNumbersOfNeighboursAgree) {
    const auto with_orc = [](const char* orc) {
        return first(a_flow_message().add_before("OBR", orc));
    };
    EXPECT_EQ(with_orc("ORC|RE|P1|OTHER").rule, Code::order_numbers_disagree);
    EXPECT_EQ(with_orc("ORC|RE|P1|").disposition, kStored);
}

TEST(LabMessages, TimesOfTheDrawAndNeverOfTheAnalysis) {
    const auto collected = [](MessageBuilder message) {
        const auto observation = first(std::move(message));
        return observation.collected ? observation.collected->text : std::string();
    };
    EXPECT_EQ(collected(a_flow_message().with("OBR-7", "20240422081000").without("SPM")),
              "20240422081000");
    EXPECT_EQ(collected(a_flow_message().with("SPM-17", "20240422075500")), "20240422075500");
    // OBX-19, OBR-22 and MSH-7 are there and are no draw.
    const auto none = first(a_flow_message()
                                .with("OBR-7", "")
                                .with("OBX-19", "20240422132200")
                                .with("OBR-22", "20240422142500")
                                .without("SPM"));
    EXPECT_EQ(none.rule, Code::collection_time_missing);
    EXPECT_EQ(first(flow("OBR-7", "20240422").without("SPM")).disposition, kStored);
    EXPECT_EQ(first(flow("OBR-7", "202404").without("SPM")).rule, Code::collection_time_imprecise);
}

TEST(LabMessages, ProducerMethodAndDeviceAreKept) {
    const auto observation = first(flow("OBX-15", "L1^Central laboratory")
                                       .with("OBX-17", "M1^Single platform")
                                       .with("OBX-18", "AQ12345^LYRIC~2^B"));
    // Names that the source's file does not declare leave as digests (withhold_test.cpp).
    EXPECT_EQ(observation.laboratory, "undeclared-5e7d88f6");
    EXPECT_EQ(observation.method, "undeclared-c0d14bbd");
    EXPECT_EQ(observation.device, "AQ12345");
    EXPECT_EQ(first(flow("OBX-23", "QILU-FLOW")).laboratory, "QILU-FLOW");
}

TEST(LabMessages, AMethodThatChangesWithinASubjectIsFlagged) {
    study::StateView state;
    const study::Registry registry = test::a_registry();
    const auto decide = [&](std::string_view day, std::string_view method, int number) {
        pipeline::Arrival arrival = test::an_arrival();
        arrival.message_id = MessageId{number};
        const auto proposal = pipeline::process(flow("OBX-17", method)
                                                    .with("MSH-10", fmt::format("FL{}", number))
                                                    .with("OBR-2", fmt::format("P{}", number))
                                                    .with("OBR-3", fmt::format("F{}", number))
                                                    .with("OBR-7", fmt::format("{}081000", day))
                                                    .with("OBX-19", fmt::format("{}132200", day))
                                                    .without("SPM")
                                                    .text(),
                                                arrival, test::shipped_configuration(), registry);
        const auto outcome = study::decide(study::DecideInput{
            proposal, state, test::shipped_configuration().rules(), registry, {}});
        study::apply(proposal, outcome, state);
        EXPECT_EQ(outcome.counts.stored, 1);
        const auto& findings = outcome.observations.at(0).findings;
        return std::any_of(findings.begin(), findings.end(),
                           [](const Finding& found) { return found.code == Code::method_changed; });
    };
    EXPECT_FALSE(decide("20240418", "M1^Single platform", 1));
    EXPECT_FALSE(decide("20240419", "M1^Single platform", 2));
    EXPECT_TRUE(decide("20240420", "M2^Dual platform", 3));
    EXPECT_FALSE(decide("20240421", "M2^Dual platform", 4));
}

TEST(LabMessages, NotesBindToWhatTheyFollowAndAResultInOneIsFlagged) {
    const auto with_note = [](std::string_view note) {
        return first(flow("OBX-5", "").add_before("SPM", fmt::format("NTE|1|L|{}", note)));
    };
    const auto hidden = with_note("412 cells/uL");
    EXPECT_EQ(hidden.disposition, kHeld);  // never taken
    EXPECT_EQ(hidden.rule, Code::value_missing);
    ASSERT_NE(finding(hidden, Code::value_in_note), nullptr);
    EXPECT_EQ(finding(hidden, Code::value_in_note)->place.text, "NTE-3");
    EXPECT_EQ(finding(with_note("see the report of the clinic"), Code::value_in_note), nullptr);
    // A note of the specimen or of another OBX is not this one's.
    const auto elsewhere = first(flow("OBX-5", "").add("NTE|1|L|412 cells/uL"));
    EXPECT_EQ(finding(elsewhere, Code::value_in_note), nullptr);
}

study::Proposal processed(const MessageBuilder& message) {
    return pipeline::process(message.text(), test::an_arrival(), test::shipped_configuration(),
                             test::a_registry());
}

std::vector<std::string> flagged_notes(const study::Proposal& proposal) {
    std::vector<std::string> places;
    for (const Finding& found : proposal.findings) {
        if (found.code == Code::result_in_note) {
            EXPECT_EQ(found.severity, Severity::warning);
            places.push_back(found.place.text);
        }
    }
    return places;
}

// An order without any OBX: nothing is held, so that the message and a problem have to say it.
TEST(LabMessages, AResultInANoteBelowAnOrderWithoutResultsIsFlagged) {
    using Places = std::vector<std::string>;
    const auto below_order = [](std::string_view note) {
        return processed(
            a_flow_message().without("OBX").add_before("SPM", fmt::format("NTE|1|L|{}", note)));
    };
    const study::Proposal hidden = below_order("CD4 count 412 cells/uL");
    EXPECT_TRUE(hidden.observations.empty());  // never taken
    EXPECT_EQ(flagged_notes(hidden), Places{"NTE-3"});
    ASSERT_EQ(hidden.notices.size(), 1U);
    EXPECT_EQ(hidden.notices[0].code, Code::result_in_note);
    EXPECT_EQ(hidden.notices[0].subject, SubjectId{1});
    EXPECT_EQ(hidden.notices[0].detail, "NTE-3 below OBR of message FL1");  // not what it says

    for (const char* note :
         {"412", "412 cells/uL", "CD4: 412", "CD4=412", "CD4：412", "< 20", "Target Not Detected",
          "the count was 412 /uL", "see below~CD4: 412"}) {
        EXPECT_EQ(flagged_notes(below_order(note)), Places{"NTE-3"}) << note;
    }
    for (const char* note : {"", "see the report of the clinic", "see page 3", "drawn at 10 am",
                             "call 555 1234 for details", "repeat in 3 weeks"}) {
        EXPECT_EQ(flagged_notes(below_order(note)), Places{}) << note;
        EXPECT_TRUE(below_order(note).notices.empty()) << note;
    }
}

TEST(LabMessages, OnlyTheNotesOfAnOrderWithoutResultsAreRead) {
    using Places = std::vector<std::string>;
    const std::string note = "NTE|1|L|CD4: 412";
    // The order has its result; the note belongs to the specimen; the patient is a stranger's.
    EXPECT_EQ(flagged_notes(processed(a_flow_message().add_before("OBX", note))), Places{});
    EXPECT_EQ(flagged_notes(processed(a_flow_message().without("OBX").add(note))), Places{});
    const study::Proposal stranger = processed(
        flow("PID-3", "9^^^QILU^MR").with("OBR-3", "X1").without("SPM").without("OBX").add(note));
    EXPECT_EQ(flagged_notes(stranger), Places{"NTE-3"});
    EXPECT_TRUE(stranger.notices.empty());
    // The second of two orders.
    const study::Proposal second =
        processed(a_flow_message()
                      .add("OBR|2|P2|A240422060|TBNK^T subset^99BD|||20240422081000")
                      .add("TQ1|1")
                      .add("NTE|1|L|")
                      .add(note));
    EXPECT_EQ(flagged_notes(second), Places{"NTE[2]-3"});
    EXPECT_EQ(second.notices.at(0).detail, "NTE[2]-3 below OBR[2] of message FL1");
    // A control is nobody's.
    EXPECT_EQ(flagged_notes(processed(flow("SPM-11", "Q").without("OBX").add_before("SPM", note))),
              Places{});
}

TEST(LabMessages, TheReasonForStudyIsNotedAndNotShown) {
    const auto observation = first(flow("OBR-31", "R1^asked by Mr. Example^L"));
    EXPECT_EQ(observation.disposition, kStored);
    const Finding* found = finding(observation, Code::reason_for_study);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->severity, Severity::note);
    EXPECT_EQ(found->place.text, "OBR-31");
    EXPECT_EQ(found->value, "");  // may name somebody
    EXPECT_EQ(finding(observation, Code::specimen_condition), nullptr);
    EXPECT_EQ(finding(first(a_flow_message()), Code::reason_for_study), nullptr);
}

TEST(LabMessages, SpecimenConditionAndRejectionAreFlagged) {
    for (const char* place : {"SPM-21", "SPM-24"}) {
        const auto observation = first(flow(place, "HEM^Hemolyzed^HL70493"));
        EXPECT_EQ(observation.disposition, kStored);
        const Finding* found = finding(observation, Code::specimen_condition);
        ASSERT_NE(found, nullptr) << place;
        EXPECT_EQ(found->place.text, place);
    }
    const auto clinical = first(flow("OBR-13", "drawn by Mr. Example"));
    ASSERT_NE(finding(clinical, Code::specimen_condition), nullptr);
    EXPECT_EQ(finding(clinical, Code::specimen_condition)->value, "");  // may name somebody
}

TEST(LabMessages, Spm11OnlyAPatientsSpecimenReachesAStudy) {
    for (const char* role : {"P", "", "P^Patient^HL70369"}) {
        EXPECT_EQ(first(a_molecular_message().with("SPM-11", role)).disposition, kStored) << role;
    }
    for (const char* role :
         {"B", "C", "E", "F", "G", "L", "O", "Q", "R", "V", "Q^Control^HL70369"}) {
        const auto observation = first(a_molecular_message().with("SPM-11", role));
        EXPECT_EQ(observation.disposition, kIgnored) << role;
        EXPECT_EQ(observation.rule, Code::control_specimen) << role;
        EXPECT_TRUE(observation.subjects.empty()) << role;
    }
    for (const char* role : {"U", "X", "PATIENT", "p"}) {  // LAW's "unknown", and what is no code
        const auto observation = first(a_molecular_message().with("SPM-11", role));
        EXPECT_EQ(observation.disposition, kHeld) << role;
        EXPECT_EQ(observation.rule, Code::specimen_role_unknown) << role;
    }
}

TEST(LabMessages, PersonsAreFlaggedWhereTheSourceShouldNameNone) {
    const Configuration strict = test::with_source(
        "facs-lyric", [](SourceDefinition& source) { source.pseudonymous = true; });
    const auto named = [&](const Configuration& configuration, const char* place) {
        const auto observations =
            pipeline::process(flow(place, "Example^Person").text(), test::an_arrival(),
                              configuration, test::a_registry())
                .observations;
        const Finding* found = finding(observations.at(0), Code::person_named);
        EXPECT_EQ(observations.at(0).disposition, kStored);
        EXPECT_TRUE(found == nullptr || (found->place.text == place && found->value.empty()));
        return found != nullptr;
    };
    for (const char* place : {"PID-5", "PID-9", "PID-11", "PID-13", "PID-19"}) {
        EXPECT_TRUE(named(strict, place)) << place;
        EXPECT_FALSE(named(test::shipped_configuration(), place)) << place;
    }
    EXPECT_FALSE(named(strict, "PID-10"));
}

TEST(LabMessages, TwoNamesOfOneSpecimenAgree) {
    EXPECT_EQ(first(a_molecular_message().add_before("OBR", "SAC|||A240422053")).rule,
              Code::specimen_ids_disagree);
    EXPECT_EQ(first(a_molecular_message().add_before("OBR", "SAC|||A240422044")).disposition,
              kStored);
}

}  // namespace
}  // namespace labrelay::mapping
