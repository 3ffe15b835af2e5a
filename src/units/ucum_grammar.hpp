#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"

namespace labrelay::units {

/// One part of a UCUM term as it was written; views into the text that was read.
struct UcumComponent {
    enum class Kind : std::uint8_t {
        symbol,      ///< `mmol`, `10*`, `m[H2O]`: prefix and atom, not told apart
        number,      ///< `24`
        annotation,  ///< `{copies}` by itself
        group,       ///< `( … )`
    };
    Kind kind = Kind::symbol;
    bool divided = false;  ///< a slash stands before it
    std::size_t at = 0;
    std::string_view text;  ///< symbol, digits, or what stands between the braces
    std::int32_t exponent = 1;
    std::string_view annotation;  ///< of a symbol or number
    std::vector<UcumComponent> inner;
};

/// The grammar alone: whether the symbols exist is not asked. Errors as parse_ucum without
/// unit-symbol-unknown, unit-prefix-forbidden and unit-special-misused.
Result<std::vector<UcumComponent>> parse_ucum_term(std::string_view text);

}  // namespace labrelay::units
