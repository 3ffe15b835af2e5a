#pragma once

#include <string_view>

#include "ucum_table.hpp"

namespace labrelay::units {

/// Why a symbol is none, and what was probably meant: unit-prefix-forbidden or unit-symbol-unknown.
Error unknown_symbol(std::string_view symbol, const UcumTable& table);

}  // namespace labrelay::units
