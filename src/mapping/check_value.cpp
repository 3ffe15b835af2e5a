#include "check_value.hpp"

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

using units::ReferenceRange;
using units::UnitRule;

constexpr std::string_view kLow = "LOW";
constexpr std::string_view kNormal = "NORMAL";
constexpr std::string_view kHigh = "HIGH";

/// A range in the canonical unit: exact for comparing, rounded like the values for storing.
struct Range {
    struct End {
        Decimal exact;
        Decimal stored;
        bool inclusive = true;
    };
    std::optional<End> low;
    std::optional<End> high;
    bool from_laboratory = false;

    bool empty() const { return !low && !high; }
};

std::optional<Range::End> converted_end(const std::optional<Decimal>& limit, bool inclusive,
                                        const UnitRule& rule) {
    if (!limit) {
        return std::nullopt;
    }
    const Result<units::Converted> converted = units::convert(*limit, rule);
    if (!converted) {
        return std::nullopt;
    }
    return Range::End{converted->exact, converted->stored, inclusive};
}

/// OBX-7, read in the unit of the value that it stands beside. `0-0` is how some write "none".
Range laboratory_range(const ValueQuestion& question, const StandardValue& standard) {
    Range range;
    const hl7::Element field = question.obx.field(7);
    // A mantissa's exponent belongs to the value alone; nobody prints a range so.
    if (!field.has_value() || !standard.rule || standard.rule->kind != UnitRule::Kind::factor) {
        return range;
    }
    const ReferenceRange read = units::parse_reference_range(trimmed(field.text_with_delimiters()),
                                                             question.source.words.comma);
    const bool says_nothing = read.low && read.high && read.low->is_zero() && read.high->is_zero();
    if (!says_nothing) {
        range.low = converted_end(read.low, read.low_inclusive, *standard.rule);
        range.high = converted_end(read.high, read.high_inclusive, *standard.rule);
        range.from_laboratory = true;
    }
    return range;
}

Range usual_range(const study::Analyte& analyte, const Person& person) {
    Range range;
    const study::Limits limits = analyte.reference(person.sex, person.age);
    if (limits.low) {
        range.low = Range::End{*limits.low, *limits.low, true};
    }
    if (limits.high) {
        range.high = Range::End{*limits.high, *limits.high, true};
    }
    return range;
}

std::string_view position(const Decimal& value, const Range& range) {
    if (range.low &&
        (range.low->inclusive ? value < range.low->exact : value <= range.low->exact)) {
        return kLow;
    }
    if (range.high &&
        (range.high->inclusive ? value > range.high->exact : value >= range.high->exact)) {
        return kHigh;
    }
    return kNormal;
}

void compare_flag(const ValueQuestion& question, const ValueChecks& checks,
                  std::string_view range_flag, Notes& notes) {
    const Flags& flags = question.read.flags;
    const bool differs = (flags.low && range_flag != kLow) || (flags.high && range_flag != kHigh) ||
                         (flags.normal && range_flag != kNormal && !flags.low && !flags.high);
    const study::CheckDefinition* check = checks.of(study::CheckKind::flag);
    if (check != nullptr) {
        const bool says_nothing = !flags.low && !flags.high && !flags.normal;
        const ValueAnswer answer = says_nothing ? ValueAnswer::undecidable
                                   : differs    ? ValueAnswer::failed
                                                : ValueAnswer::passed;
        report(
            *check, answer, place_of(question.obx, 8), Spot{question.obx, 8, 0, 0}, notes,
            [&] {
                return says_nothing ? say(Sentence::no_flag)
                                    : say(Sentence::flag_beside, flags.reported, range_flag);
            },
            {}, differs ? flags.reported : std::string());
    } else if (differs) {
        notes.warn(Code::flag_differs, place_of(question.obx, 8), {}, flags.reported);
    }
}

study::ResultValue placed_in_range(const ValueQuestion& question, const Person& person,
                                   const ValueChecks& checks, StandardValue standard,
                                   Notes& notes) {
    study::ResultValue value = std::move(standard.value);
    Range range = laboratory_range(question, standard);
    if (range.empty()) {
        range = usual_range(question.analyte, person);
    }
    if (range.empty()) {
        return value;
    }
    if (range.low) {
        value.ref_low = range.low->stored;
    }
    if (range.high) {
        value.ref_high = range.high->stored;
    }
    if (!standard.exact) {
        return value;
    }
    const std::string_view flag = position(*standard.exact, range);
    value.range_flag = flag;
    if (range.from_laboratory) {
        compare_flag(question, checks, flag, notes);
    }
    notes.step(
        "range.reference",
        [&] {
            const auto end = [](const std::optional<Range::End>& limit) {
                return limit ? limit->stored.to_string() : std::string("…");
            };
            return say(
                range.from_laboratory ? Sentence::range_of_laboratory : Sentence::range_usual, flag,
                end(range.low), end(range.high));
        },
        [&] {
            return range.from_laboratory ? std::vector{place_of(Spot{question.obx, 7, 0, 0})}
                                         : std::vector<Place>();
        });
    return value;
}

std::string within(const study::Limits& limits, const StandardValue& standard) {
    const auto end = [](const std::optional<Decimal>& limit) {
        return limit ? limit->to_string() : std::string("…");
    };
    const bool has_unit = standard.value.unit != "1";
    return fmt::format("{} … {}{}{}", end(limits.low), end(limits.high), has_unit ? " " : "",
                       has_unit ? standard.value.unit : std::string());
}

void check_plausible(const ValueQuestion& question, const ValueChecks& checks,
                     const StandardValue& standard, Notes& notes) {
    const study::Limits& limits = question.analyte.plausible;
    if (limits.empty()) {
        return;
    }
    const bool plausible = !standard.exact || limits.contain(*standard.exact);
    if (const study::CheckDefinition* check = checks.of(study::CheckKind::plausible)) {
        const ValueAnswer answer = !standard.exact ? ValueAnswer::undecidable
                                   : plausible     ? ValueAnswer::passed
                                                   : ValueAnswer::failed;
        report(
            *check, answer, place_of(question.obx, 5), question.read.spot, notes,
            [&] {
                return !standard.exact ? say(Sentence::no_number)
                                       : say(Sentence::against_limits, standard.value.value_text,
                                             within(limits, standard));
            },
            {},
            plausible ? std::string()
                      : fmt::format("{} {}", standard.value.value_text, standard.value.unit));
    } else if (!plausible) {
        notes.hold(Code::implausible_value, place_of(question.obx, 5), {},
                   fmt::format("{} {}", standard.value.value_text, standard.value.unit));
    } else if (standard.exact) {
        notes.step(
            "check.plausible", [&] { return say(Sentence::plausible, within(limits, standard)); },
            [&] { return std::vector{place_of(*question.read.spot)}; });
    }
}

}  // namespace

study::ResultValue check_value(const ValueQuestion& question, const Person& person,
                               const ValueChecks& checks, StandardValue standard, Notes& notes) {
    check_mix_up(checks, question, person, standard, notes);
    check_plausible(question, checks, standard, notes);
    check_critical(checks, question, standard, notes);
    return placed_in_range(question, person, checks, std::move(standard), notes);
}

}  // namespace labrelay::mapping
