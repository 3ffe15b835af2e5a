#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/units/analyte_units.hpp"

namespace labrelay::mapping {

/// The unit as it was sent: OBX-6 and what stood in the value's own text.
class ReportedUnit {
public:
    ReportedUnit() = default;
    explicit ReportedUnit(const hl7::Element& obx6);

    /// A unit that stood in the value's text (`3.26E+05 cp/mL`).
    void add_from_value(std::string unit) { in_value_ = std::move(unit); }

    bool empty() const { return in_field().empty() && in_value_.empty(); }
    /// What a person would call it: OBX-6.1, joined where an unescaped `^` split it, else OBX-6.2,
    /// else the value's own.
    std::string shown() const;
    bool is(std::string_view spelling) const;
    /// The same but for blanks and look-alike signs (units::fold_unit).
    bool looks_like(std::string_view spelling) const;

    struct Reading {
        std::optional<units::UnitRule> rule;
        std::string spelling;       ///< the one that was understood
        std::size_t component = 0;  ///< of OBX-6 that holds it; 0: several do
        bool in_value = false;      ///< it stands in the value's own text
        bool disagree = false;      ///< two spellings that mean different units
        /// A spelling that the analyte does not know and that is of another kind of quantity than
        /// its own unit: copies, IU, logarithm, percent.
        std::string of_another_kind;
        /// The value's own text names a unit that is not known, whatever OBX-6 says.
        bool unknown_in_value = false;
    };
    /// The first spelling that is listed in `units`, else the first that it can read as UCUM. Two
    /// that are known must mean the same.
    Reading find_in(const units::AnalyteUnits& units) const;

private:
    enum Spelling : std::size_t { kCode, kJoined, kText, kOtherCode, kOtherText, kSpellings };
    std::string_view in_field() const;
    bool is_split() const;
    std::vector<const std::string*> ucum_spellings() const;

    std::array<std::string, kSpellings> field_;  ///< OBX-6.1, 6.1^6.2, 6.2, 6.4, 6.5
    std::string in_value_;
};

}  // namespace labrelay::mapping
