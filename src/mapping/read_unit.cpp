#include "read_unit.hpp"

#include <algorithm>
#include <vector>

#include "labrelay/units/unit_family.hpp"
#include "notes.hpp"

namespace labrelay::mapping {
namespace {

/// `10^9/L` without an escape: nobody calls a unit by a bare number.
bool is_bare_number(const std::string& code) {
    return code.find_first_not_of("x×X*0123456789 ") == std::string::npos;
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

bool ReportedUnit::is_split() const {
    return !field_[kJoined].empty() && is_bare_number(field_[kCode]);
}

std::string ReportedUnit::shown() const {
    if (is_split()) {
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
    const auto component_of = [&](const std::string& spelling) {
        static constexpr std::array<std::size_t, kSpellings> kComponents{1, 0, 2, 4, 5};
        for (std::size_t at = 0; at < kSpellings; ++at) {
            if (&spelling == &field_[at]) {
                return kComponents[at];
            }
        }
        return std::size_t{0};
    };
    const auto take = [&](const std::string& spelling, std::optional<units::UnitRule> rule) {
        if (!rule) {
            const units::UnitFamily kind = units::unit_family(spelling);
            if (units.has_unit() && kind != units::UnitFamily::other &&
                kind != units::unit_family(units.canonical())) {
                reading.of_another_kind = spelling;
            }
            return;
        }
        if (!reading.rule) {
            reading.rule = std::move(rule);
            reading.spelling = spelling;
            reading.component = component_of(spelling);
            reading.in_value = &spelling == &in_value_;
        } else if (!same_meaning(*reading.rule, *rule)) {
            reading.disagree = true;
        }
    };
    for (const std::string& spelling : field_) {
        if (!spelling.empty()) {
            take(spelling, units.find_listed(spelling));
        }
    }
    if (!reading.rule) {
        for (const std::string* const spelling : ucum_spellings()) {
            take(*spelling, units.find(*spelling));
        }
    }
    // A unit in the value's text stands in for an absent OBX-6; beside one it has to agree with it.
    if (!in_value_.empty()) {
        const std::optional<units::UnitRule> rule = units.find(in_value_);
        take(in_value_, rule);
        reading.unknown_in_value = units.has_unit() && !rule;
    }
    return reading;
}

/// What may be a unit of UCUM: codes, and the text only where there is none. Of a unit that an
/// unescaped `^` split neither half is one.
std::vector<const std::string*> ReportedUnit::ucum_spellings() const {
    if (is_split()) {
        return {&field_[kJoined]};
    }
    std::vector<const std::string*> spellings;
    for (const Spelling spelling : {kCode, kOtherCode}) {
        if (!field_[spelling].empty()) {
            spellings.push_back(&field_[spelling]);
        }
    }
    if (spellings.empty() && !field_[kText].empty()) {
        spellings.push_back(&field_[kText]);
    }
    return spellings;
}

}  // namespace labrelay::mapping
