#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/hl7/charset.hpp"

namespace labrelay::hl7 {

/// What came of a conversion. Each thread keeps its own open conversions of glibc.
struct Converted {
    std::string text;                ///< up to `bad`
    std::optional<std::size_t> bad;  ///< offset of the first byte that is not valid
};

Converted to_utf8(std::string_view bytes, Charset charset);
Converted from_utf8(std::string_view utf8, Charset charset);

/// How characters of more than one byte are told from delimiters.
enum class ByteWidth : std::uint8_t {
    single,     ///< no byte of a character looks like ASCII
    pairs,      ///< 0x81 to 0xFE begin two bytes
    shift_jis,  ///< 0x81 to 0x9F and 0xE0 to 0xFC do
    iso_2022,   ///< escape sequences do
};
ByteWidth byte_width(Charset charset);

}  // namespace labrelay::hl7
