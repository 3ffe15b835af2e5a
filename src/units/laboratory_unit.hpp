#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/units/analyte_units.hpp"
#include "labrelay/units/quantity_kind.hpp"

namespace labrelay::units {

/// Reads a spelling that the analyte's list does not know as UCUM, within what the analyte can be.
/// Refused are: another dimension; a mole, an equivalent or an osmole where it is not the analyte's
/// own; an annotation that the analyte does not have, and one that is missing; a scale of its own;
/// a factor beyond 10^-9 … 10^9, which is a capital in the wrong place (Mg/dL) and no unit that a
/// laboratory changes to. A mass becomes an amount, and back, by the molar mass only.
/// Nothing: not a unit of this analyte. Built once for an analyte; immutable, safe to share.
class LaboratoryUnit {
public:
    LaboratoryUnit(const std::string& canonical, const std::vector<UnitRule>& rules,
                   UcumReading reading);

    /// `folded` as fold_unit() makes it.
    std::optional<UnitRule> read(std::string_view folded) const;

private:
    struct Doubtful {
        Unit unit;
        UnitRule::Kind kind;
    };
    bool annotations_fit(const Unit& unit) const;
    std::optional<Rational> factor_of(const Unit& unit, bool& by_molar_mass) const;
    std::optional<UnitRule::Kind> doubt_about(const Unit& unit) const;

    UcumReading reading_;
    std::optional<Unit> canonical_;
    /// Listed spellings whose meaning the source has to declare: what is commensurable with one of
    /// them is as doubtful.
    std::vector<Doubtful> doubtful_;
};

}  // namespace labrelay::units
