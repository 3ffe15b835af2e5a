#include "settle_unit.hpp"

#include "labrelay/units/unit_family.hpp"

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

using units::UnitRule;
using Kind = UnitRule::Kind;

constexpr std::size_t kUnitField = 6;

Place unit_place(const ValueQuestion& question) {
    return place_of(question.obx, kUnitField);
}

std::optional<UnitRule> judge(UnitRule rule, const ValueQuestion& question, Notes& notes) {
    switch (rule.kind) {
        case Kind::factor:
        case Kind::mantissa:
        case Kind::not_a_quantity:
            return rule;
        case Kind::needs_assay:
            notes.hold(Code::needs_assay_factor, unit_place(question), {}, question.unit.shown());
            return std::nullopt;
        case Kind::ambiguous:
            notes.hold(Code::unit_needs_substance, unit_place(question), {}, question.unit.shown());
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<UnitRule> assumed(const ValueQuestion& question, Notes& notes) {
    if (question.line.assume_unit.empty()) {
        notes.hold(Code::missing_unit, unit_place(question));
        return std::nullopt;
    }
    std::optional<UnitRule> rule = question.line.units.find(question.line.assume_unit);
    if (!rule) {
        notes.hold(Code::unknown_unit, unit_place(question), {}, question.line.assume_unit);
        return std::nullopt;
    }
    notes.step("unit.assume", [&] {
        return say(Sentence::unit_assumed, unit_place(question).text, question.line.assume_unit,
                   question.line.place.text);
    });
    return judge(std::move(*rule), question, notes);
}

/// An analyte without a unit keeps its index or titre in words.
UnitRule in_words() {
    UnitRule rule;
    rule.kind = Kind::not_a_quantity;
    return rule;
}

}  // namespace

std::optional<UnitRule> settle_unit(const ValueQuestion& question, Notes& notes) {
    const units::AnalyteUnits& units = question.line.units;
    if (question.unit.empty()) {
        return units.has_unit() ? assumed(question, notes) : in_words();
    }
    ReportedUnit::Reading reading = question.unit.find_in(units);
    if (!reading.of_another_kind.empty()) {
        using units::unit_family;
        notes.hold(Code::code_unit_differ, unit_place(question),
                   fmt::format("{} is measured in {}, the unit says {}", question.line.analyte,
                               to_string(unit_family(units.canonical())),
                               to_string(unit_family(reading.of_another_kind))),
                   question.unit.shown());
        return std::nullopt;
    }
    if (reading.unknown_in_value) {
        notes.hold(Code::unknown_unit, place_of(question.obx, 5), "it stands in the value's text",
                   question.read.reported);
        return std::nullopt;
    }
    if (reading.disagree) {
        notes.hold(Code::unit_needs_substance, unit_place(question),
                   "two units are named and they differ", question.unit.shown());
        return std::nullopt;
    }
    if (!reading.rule) {
        notes.hold(Code::unknown_unit, unit_place(question), {}, question.unit.shown());
        return std::nullopt;
    }
    notes.step(
        "unit.read",
        [&] {
            const std::string place =
                reading.in_value ? place_of(question.obx, 5).text : unit_place(question).text;
            if (!units.has_unit()) {
                return say(Sentence::unit_index, place, reading.spelling, reading.rule->rule_id);
            }
            return say(Sentence::unit_read, place, reading.spelling, units.canonical(),
                       reading.rule->rule_id);
        },
        [&] {
            return std::vector{place_of(reading.in_value && question.read.spot
                                            ? *question.read.spot
                                            : Spot{question.obx, kUnitField, reading.component})};
        });
    return judge(std::move(*reading.rule), question, notes);
}

}  // namespace labrelay::mapping
