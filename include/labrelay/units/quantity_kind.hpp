#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/units/ucum.hpp"

namespace labrelay::units {

/// What kind of quantity an analyte is, as `quantity="…"` in analytes.xml says. UCUM by itself
/// takes a count for an amount (/uL and umol/L are commensurable to it), so the kind decides which
/// of its units an analyte can have.
enum class QuantityKind : std::uint8_t {
    undeclared,           ///< only the analyte's list counts
    count,                ///< things in a volume: cells, copies
    amount,               ///< moles in a volume
    mass,                 ///< grams in a volume
    volume,               ///< of one thing: MCV
    activity,             ///< of an enzyme in a volume
    international_units,  ///< [IU] in a volume
    flow,                 ///< a volume in a time: clearance
    ratio,                ///< a pure number: only the list counts, it alone knows of what to what
    logarithm,            ///< only the list counts: a logarithm does not scale with its unit
};
std::string_view to_string(QuantityKind kind);
/// Whether UCUM is asked at all for an analyte of this kind.
bool reads_ucum(QuantityKind kind);
/// Whether a unit measures this kind of quantity. Ratios are pure numbers; a logarithm's unit may
/// be anything.
bool fits(QuantityKind kind, const Unit& unit);

/// What an analyte says about units beyond its list.
struct UcumReading {
    QuantityKind kind = QuantityKind::undeclared;
    std::optional<Decimal> molar_mass;  ///< g/mol; without it a mass is no amount
    /// Words in braces that say nothing new of this analyte (`cells` of a cell count). Those of the
    /// canonical unit are not among them: they have to be there.
    std::vector<std::string> annotations;
};

}  // namespace labrelay::units
