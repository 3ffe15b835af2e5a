#include "withhold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "labrelay/core/time.hpp"
#include "labrelay/crypto/digest.hpp"

namespace labrelay::mapping {
namespace {

// HL7 table 0078, HL7's explicit nothing, the laboratories' own marks, and Roche's result codes.
constexpr std::array<std::string_view, 29> kFlags{
    "L", "H",  "LL", "HH",   "<",   ">",   "N", "A", "AA", "U",  "D",    "B",    "W",  "R", "S",
    "I", "MS", "VS", "\"\"", "POS", "NEG", "↓", "↑", "低", "高", "偏低", "偏高", "ND", "BT"};
constexpr std::string_view kRocheReadInFull = "Full";  // as ND and BT of the system 99ROC

bool reads_as_value(std::string_view text, const units::ReportedWords& words) {
    return !text.empty() && (units::parse_reported(text, words).has_value() ||
                             units::parse_numeric(text, words).has_value());
}

/// SN and nothing beside its four components: digits and signs.
bool is_structured_number(const SentWords& words, std::string_view text) {
    return words.read.value && trimmed_text(words.obx.field(2)) == "SN" &&
           text.find_first_not_of("0123456789.,<>=+-/:^ ") == std::string_view::npos;
}

/// The text as sent where all of it was read, else the component that was.
std::string value_that_leaves(const SentWords& words, const std::string& reported) {
    const std::string_view text = trimmed(reported);
    if (text.empty() || text == "ValueNotSet" || reads_as_value(text, words.source.words) ||
        is_structured_number(words, text)) {
        return reported;
    }
    // Delimiters around a single component say nothing: `^1234.56`.
    const std::size_t begin = text.find_first_not_of('^');
    const std::size_t end = text.find_last_not_of('^');
    if (begin != std::string_view::npos &&
        reads_as_value(trimmed(text.substr(begin, end - begin + 1)), words.source.words)) {
        return reported;
    }
    for (const hl7::Element& repetition : words.obx.field(5).repetitions()) {
        const std::vector<hl7::Element> components = repetition.components();
        for (const std::size_t number : {std::size_t{2}, std::size_t{1}, std::size_t{9}}) {
            if (number <= components.size() && components.size() > 1) {
                std::string candidate = trimmed_text(components[number - 1]);
                if (words.read.value && reads_as_value(candidate, words.source.words)) {
                    return candidate;
                }
            }
        }
    }
    return std::string(kWithheld);
}

/// `POS^阳性^L`: the word stands for the code, and nothing else was said.
bool is_coded_word(const SentWords& words) {
    const std::string type = trimmed_text(words.obx.field(2));
    const hl7::Element value = words.obx.field(5);
    return (type == "CE" || type == "CWE" || type == "CNE" || type == "CF") &&
           value.repetition_count() <= 1 && value.component_count() <= 3;
}

std::string unit_that_leaves(const SentWords& words, const std::string& reported) {
    if (reported.empty() || words.line.units.find(reported)) {
        return reported;
    }
    const ReportedUnit::Reading reading = words.unit.find_in(words.line.units);
    return reading.rule ? reading.spelling : std::string(kWithheld);
}

bool reads_as_range(const SentWords& words, std::string_view text) {
    const units::ReferenceRange range =
        units::parse_reference_range(text, words.source.words.comma);
    return range.low || range.high || text == "normal" || text == "正常" ||
           reads_as_value(text, words.source.words);
}

std::string range_that_leaves(const SentWords& words, const std::string& reported) {
    const std::string_view text = trimmed(reported);
    if (text.empty() || reads_as_range(words, text)) {
        return reported;
    }
    const std::vector<hl7::Element> several = words.obx.field(7).repetitions();
    const auto reads = [&](const hl7::Element& one) {
        return reads_as_range(words, trimmed(one.text_with_delimiters()));
    };
    return several.size() > 1 && std::all_of(several.begin(), several.end(), reads)
               ? reported
               : std::string(kWithheld);
}

bool is_known_flag(const SentWords& words, const hl7::Element& repetition) {
    const std::string code = repetition.component(1).text();
    const std::string system = repetition.component(3).text();
    const auto own = [&](const units::ReportedWords::Flag& flag) {
        return flag.text == code && (flag.system.empty() || flag.system == system);
    };
    const auto& flags = words.source.words.flags;
    const bool read_in_full = code == kRocheReadInFull && system == "99ROC";
    return code.empty() || read_in_full ||
           std::find(kFlags.begin(), kFlags.end(), code) != kFlags.end() ||
           std::any_of(flags.begin(), flags.end(), own);
}

/// Nothing beside the code but the name of a system that is known.
bool is_code_alone(const SentWords& words, const hl7::Element& repetition) {
    const std::string system = repetition.component(3).text();
    const auto own = [&](const units::ReportedWords::Flag& flag) { return flag.system == system; };
    const auto& flags = words.source.words.flags;
    if (!system.empty() && system != "99ROC" && system != "HL70078" &&
        std::none_of(flags.begin(), flags.end(), own)) {
        return false;
    }
    std::size_t filled = 0;
    for (const hl7::Element& component : repetition.components()) {
        filled += component.has_value() ? 1U : 0U;
    }
    return filled <= (system.empty() ? 1U : 2U);
}

/// The codes alone: what else stands in a flag describes it in free words.
std::string flags_that_leave(const SentWords& words, const std::string& reported) {
    const hl7::Element field = words.obx.field(8);
    bool only_codes = true;
    std::string codes;
    for (const hl7::Element& repetition : field.repetitions()) {
        if (!is_known_flag(words, repetition)) {
            return reported.empty() ? reported : std::string(kWithheld);
        }
        codes += (codes.empty() ? "" : "~") + repetition.component(1).text();
        only_codes = only_codes && is_code_alone(words, repetition);
    }
    return only_codes ? reported : codes;
}

std::string time_that_leaves(const std::string& reported) {
    return reported.empty() || parse_hl7_time(reported) ? reported : std::string(kWithheld);
}

/// A digest tells two names apart and says neither.
std::string undeclared(const std::string& name) {
    return "undeclared-" + crypto::to_hex(crypto::sha256(name)).substr(0, 8);
}

bool is_declared_method(const SourceDefinition& source, const std::string& name) {
    const auto is_assay = [&](const ObservationLine& line) { return line.assay == name; };
    const auto& methods = source.methods;
    return std::find(methods.begin(), methods.end(), name) != methods.end() ||
           std::any_of(source.observations.begin(), source.observations.end(), is_assay);
}

bool is_declared_laboratory(const SourceDefinition& source, const std::string& name) {
    const auto& laboratories = source.laboratories;
    return name == source.laboratory ||
           std::find(laboratories.begin(), laboratories.end(), name) != laboratories.end();
}

void replace(std::string& text, std::string leaves, Place place, Notes& notes) {
    if (leaves != text) {
        notes.note(Code::text_withheld, std::move(place));
        text = std::move(leaves);
    }
}

}  // namespace

void withhold_unread(const SentWords& words, study::ProposedObservation& out, Notes& notes) {
    study::ResultValue& value = out.value;
    const hl7::Segment& obx = words.obx;
    std::string reported = value_that_leaves(words, value.value_reported);
    if (reported != kWithheld && is_coded_word(words)) {
        value.value_reported = reported;
    }
    replace(value.value_reported, std::move(reported), place_of(obx, 5), notes);
    replace(value.unit_reported, unit_that_leaves(words, value.unit_reported), place_of(obx, 6),
            notes);
    replace(value.range_reported, range_that_leaves(words, value.range_reported), place_of(obx, 7),
            notes);
    replace(value.flags_reported, flags_that_leave(words, value.flags_reported), place_of(obx, 8),
            notes);
    replace(out.reported_at, time_that_leaves(out.reported_at), out.place, notes);
    if (!out.method.empty() && !is_declared_method(words.source, out.method)) {
        replace(out.method, undeclared(out.method), place_of(obx, 17), notes);
    }
    if (!out.laboratory.empty() && !is_declared_laboratory(words.source, out.laboratory)) {
        const std::size_t field = obx.field(23).has_value() ? 23 : 15;
        replace(out.laboratory, undeclared(out.laboratory), place_of(obx, field), notes);
    }
}

}  // namespace labrelay::mapping
