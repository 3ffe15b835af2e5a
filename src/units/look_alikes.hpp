#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace labrelay::units {

/// One UTF-8 code point of a text. `length` is 0 where the bytes are not valid UTF-8 (overlong
/// forms, surrogates and what lies past U+10FFFF included).
struct CodePoint {
    char32_t value = 0;
    std::uint8_t length = 0;
};
CodePoint code_point_at(std::string_view text, std::size_t at);

/// The ASCII that laboratories mean by another character of the same look: full-width forms, the
/// many blanks, dashes, tildes and fraction bars, the multiplication sign, `≤`. "" where there is
/// none.
std::string_view ascii_look_alike(char32_t value);

/// '0' … '9', '+' or '-' for a superscript, 0 for anything else.
char superscript_meaning(char32_t value);

}  // namespace labrelay::units
