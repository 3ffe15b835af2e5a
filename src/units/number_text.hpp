#pragma once

#include <string_view>

#include "folded_text.hpp"
#include "labrelay/units/reported_value.hpp"
#include "reported_grammar.hpp"

namespace labrelay::units {

/// The exact number of a piece under the source's meaning of a comma. Errors: value-unreadable,
/// number-separator; offset in the sent text.
Result<Decimal> read_number(const NumberPiece& piece, const FoldedText& text, CommaMeaning comma);

}  // namespace labrelay::units
