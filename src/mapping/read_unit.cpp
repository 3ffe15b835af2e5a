#include "read_unit.hpp"

#include <algorithm>
#include <vector>

#include "labrelay/units/quantity_kind.hpp"
#include "notes.hpp"

namespace labrelay::mapping {
namespace {

bool mean_the_same(const units::UnitRule& left, const units::UnitRule& right) {
    return left.kind == right.kind && left.factor == right.factor && left.divisor == right.divisor;
}

}  // namespace

ReportedUnit::ReportedUnit(const hl7::Element& obx6) {
    if (!obx6.has_value()) {
        return;
    }
    if (obx6.component_count() == 1) {
        field_[kCode] = trimmed_text(obx6);
        return;
    }
    const std::vector<hl7::Element> components = obx6.components();
    const auto text = [&](std::size_t number) {
        return number <= components.size() ? trimmed_text(components[number - 1]) : std::string();
    };
    field_[kCode] = text(1);
    field_[kText] = text(2);
    field_[kOtherCode] = text(4);
    field_[kOtherText] = text(5);
    if (!field_[kCode].empty() && !field_[kText].empty()) {
        field_[kJoined] = field_[kCode] + '^' + field_[kText];
    }
}

std::string_view ReportedUnit::in_field() const {
    for (const Spelling spelling : {kCode, kText, kOtherCode, kOtherText}) {
        if (!field_[spelling].empty()) {
            return field_[spelling];
        }
    }
    return {};
}

std::string ReportedUnit::shown() const {
    // `10^9/L` without an escape: nobody calls a unit by a bare number.
    const bool split = !field_[kJoined].empty() &&
                       field_[kCode].find_first_not_of("x×X*0123456789 ") == std::string::npos;
    if (split) {
        return field_[kJoined];
    }
    const std::string_view in_obx6 = in_field();
    return in_obx6.empty() ? in_value_ : std::string(in_obx6);
}

bool ReportedUnit::is(std::string_view spelling) const {
    const auto fits = [&](const std::string& sent) { return !sent.empty() && sent == spelling; };
    return std::any_of(field_.begin(), field_.end(), fits) ||
           (in_field().empty() && fits(in_value_));
}

bool ReportedUnit::looks_like(std::string_view spelling) const {
    const std::string folded = units::fold_unit(spelling);
    const auto fits = [&](const std::string& sent) {
        return !sent.empty() && units::fold_unit(sent) == folded;
    };
    return std::any_of(field_.begin(), field_.end(), fits) ||
           (in_field().empty() && fits(in_value_));
}

ReportedUnit::Reading ReportedUnit::find_in(const units::AnalyteUnits& units) const {
    Reading reading;
    const auto ask = [&](const std::string& spelling) {
        if (spelling.empty()) {
            return;
        }
        std::optional<units::UnitRule> rule = units.find(spelling);
        if (!rule) {
            const units::QuantityKind kind = units::quantity_kind(spelling);
            if (units.has_unit() && kind != units::QuantityKind::other &&
                kind != units::quantity_kind(units.canonical())) {
                reading.of_another_kind = spelling;
            }
            return;
        }
        if (!reading.rule) {
            reading.rule = std::move(rule);
            reading.spelling = spelling;
        } else if (!mean_the_same(*reading.rule, *rule)) {
            reading.disagree = true;
        }
    };
    for (const std::string& spelling : field_) {
        ask(spelling);
    }
    // A unit in the value's text stands in for an absent OBX-6; beside one it has to agree with it.
    ask(in_value_);
    reading.unknown_in_value =
        units.has_unit() && !in_value_.empty() && !units.find(in_value_).has_value();
    return reading;
}

}  // namespace labrelay::mapping
