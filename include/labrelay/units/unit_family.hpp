#pragma once

#include <cstdint>
#include <string_view>

namespace labrelay::units {

/// What kinds of quantity laboratories confuse under one test code. A unit tells them apart by its
/// spelling alone, also where it is not in the analyte's list.
enum class UnitFamily : std::uint8_t { other, copies, international, logarithm, percent };

/// `copies/mL`, `拷贝/毫升`; `IU/mL`, `m[IU]/mL`; `log10 copies/mL`, `{Log_IU}/mL`; `%`, `%Lymph`.
/// Everything else is `other`, `mg%` and `U/L` among it.
UnitFamily unit_family(std::string_view unit);

/// "copies", "international units", "a logarithm", "percent", "another quantity"
std::string_view to_string(UnitFamily kind);

}  // namespace labrelay::units
