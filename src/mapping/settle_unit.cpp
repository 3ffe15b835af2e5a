#include "settle_unit.hpp"

#include <fmt/format.h>

namespace labrelay::mapping {
namespace {

using units::UnitRule;
using Kind = UnitRule::Kind;

constexpr std::size_t kUnitField = 6;

std::optional<UnitRule> judge(UnitRule rule, const ValueQuestion& question, Notes& notes) {
    const Place place = place_of(question.obx, kUnitField);
    switch (rule.kind) {
        case Kind::factor:
        case Kind::mantissa:
        case Kind::not_a_quantity:
            return rule;
        case Kind::needs_assay:
            notes.hold(Code::needs_assay_factor, place, {}, question.unit.shown());
            return std::nullopt;
        case Kind::ambiguous:
            notes.hold(Code::unit_needs_substance, place, {}, question.unit.shown());
            return std::nullopt;
    }
    return std::nullopt;
}

std::optional<UnitRule> assumed(const ValueQuestion& question, Notes& notes) {
    const Place place = place_of(question.obx, kUnitField);
    if (question.line.assume_unit.empty()) {
        notes.hold(Code::missing_unit, place);
        return std::nullopt;
    }
    std::optional<UnitRule> rule = question.line.units.find(question.line.assume_unit);
    if (!rule) {
        notes.hold(Code::unknown_unit, place, {}, question.line.assume_unit);
        return std::nullopt;
    }
    notes.step("unit.assume", [&] {
        return fmt::format("{} is empty, which means {} by {}.", place.text,
                           question.line.assume_unit, question.line.place.text);
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
    const Place place = place_of(question.obx, kUnitField);
    if (reading.disagree) {
        notes.hold(Code::unit_needs_substance, place, "two units are named and they differ",
                   question.unit.shown());
        return std::nullopt;
    }
    if (!reading.rule) {
        notes.hold(Code::unknown_unit, place, {}, question.unit.shown());
        return std::nullopt;
    }
    notes.step("unit.read", [&] {
        if (!units.has_unit()) {
            return fmt::format("{} {}: an index, kept in words ({}).", place.text, reading.spelling,
                               reading.rule->rule_id);
        }
        return fmt::format("{} {} is read in {} ({}).", place.text, reading.spelling,
                           units.canonical(), reading.rule->rule_id);
    });
    return judge(std::move(*reading.rule), question, notes);
}

}  // namespace labrelay::mapping
