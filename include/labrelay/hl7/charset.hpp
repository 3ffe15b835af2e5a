#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::hl7 {

/// The character sets that labrelay reads (HL7 table 0211).
enum class Charset : std::uint8_t { ascii, iso_8859_1, utf_8, gb_18030 };

/// Table 0211's name: `UNICODE UTF-8`.
std::string_view hl7_name(Charset charset);
/// Table 0211's names and the spellings that senders use (`UTF8`, `GB18030`, `8859-1` …).
std::optional<Charset> charset_from_name(std::string_view name);

struct Decoded {
    std::string text;  ///< UTF-8
    Charset charset{};
    bool declared = false;  ///< MSH-18 said so; else the source's default was used
};

/// Decodes a message's bytes to UTF-8 before they are split, because in GB 18030 the second byte of
/// a character may be a delimiter. MSH-18 is read from the ASCII header; where it is empty,
/// `fallback` holds. A UTF-8 byte-order mark is taken off and means UTF-8. Errors: charset-unknown
/// (place MSH-18), charset-not-on-mllp, charset-invalid-bytes (offset of the first bad byte; VT and
/// FS are bad in every character set, because they are MLLP's own), msh-missing (bad bytes and no
/// MSH to declare a character set). Nothing is ever replaced. Offsets count from the first byte
/// given, the mark included.
Result<Decoded> decode_message(std::string_view bytes, Charset fallback);

/// Bytes of a known character set as UTF-8; nothing where they are not valid in it.
std::optional<std::string> decode_text(std::string_view bytes, Charset charset);

/// UTF-8 back into `charset`; nothing where a character does not exist there.
std::optional<std::string> encode_text(std::string_view utf8, Charset charset);

/// Offset of the first byte that is not valid UTF-8.
std::optional<std::size_t> first_invalid_utf8(std::string_view bytes);

}  // namespace labrelay::hl7
