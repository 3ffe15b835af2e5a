#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::hl7 {

/// The character sets that labrelay reads: HL7 table 0211, and three that senders name although the
/// table does not. All conversion is glibc's iconv.
enum class Charset : std::uint8_t {
    ascii,  ///< ISO IR6 too
    iso_8859_1,
    iso_8859_2,
    iso_8859_3,
    iso_8859_4,
    iso_8859_5,
    iso_8859_6,
    iso_8859_7,
    iso_8859_8,
    iso_8859_9,
    iso_8859_15,
    windows_1252,  ///< not in the table
    utf_8,
    gb_18030,
    big_5,
    cns_11643,    ///< as EUC-TW
    ks_x_1001,    ///< as UHC, which holds it and what Korean Windows adds
    shift_jis,    ///< not in the table; Windows code page 932
    jis_x_0201,   ///< ISO IR14: ASCII and half-width katakana; 0x5C and 0x7E stay backslash and
                  ///< tilde
    iso_2022_jp,  ///< ISO IR87, IR159: ASCII with escape sequences to JIS X 0208 and JIS X 0212
    iso_2022_jp_kana,  ///< ISO IR14 with escape sequences
};
inline constexpr std::size_t kCharsetCount = 21;

/// Table 0211's name: `UNICODE UTF-8`; of a set that needs two repetitions, the first.
std::string_view hl7_name(Charset charset);
/// Table 0211's names and the spellings that senders use (`UTF8`, `GB18030`, `8859-1` …).
std::optional<Charset> charset_from_name(std::string_view name);
/// MSH-18 with its repetitions, of which the first is the main one: `ASCII~ISO IR87` is ISO 2022.
/// Other repetitions say what `\C..\` and `\M..\` may hold, which is kept as it stands. An empty
/// first repetition before others is ASCII.
std::optional<Charset> charset_from_field(std::string_view field, char repetition);

/// What the bytes of a message are whose MSH-18 is empty: `charset`, and where they are not valid
/// in it, `otherwise`.
struct CharsetDefault {
    Charset charset;
    std::optional<Charset> otherwise;

    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
    CharsetDefault(Charset only, std::optional<Charset> then = std::nullopt)
        : charset(only), otherwise(then) {}
};

/// Whether there are bytes that are not valid in `charset` and valid in `otherwise`. Slow where
/// there are none: for checking a configuration.
bool fallback_can_help(const CharsetDefault& undeclared);

struct Decoded {
    std::string text;  ///< UTF-8
    Charset charset{};
    bool declared = false;   ///< MSH-18 said so; else the source's default was used
    bool fell_back = false;  ///< the default did not decode, its `otherwise` did
};

/// Decodes a message's bytes to UTF-8 before they are split, because the second byte of a character
/// may look like a delimiter in GB 18030, Big5, Shift-JIS and ISO 2022. MSH-18 is read from the
/// ASCII header; where it is empty, `undeclared` holds. A UTF-8 byte-order mark is taken off and
/// means UTF-8. Errors: charset-unknown (place MSH-18), charset-not-on-mllp, charset-invalid-bytes
/// (offset of the first bad byte; VT and FS are bad in every character set, because they are MLLP's
/// own; ESC before `$`, `(` and their like is bad where ISO 2022 is not declared, because what
/// follows would be read as other text), msh-missing (bad bytes and no MSH to declare a character
/// set). Nothing is ever replaced. Offsets count from the first byte given, the mark included.
Result<Decoded> decode_message(std::string_view bytes, const CharsetDefault& undeclared);

/// Bytes of a known character set as UTF-8; nothing where they are not valid in it.
std::optional<std::string> decode_text(std::string_view bytes, Charset charset);

/// UTF-8 back into `charset`; nothing where a character does not exist there.
std::optional<std::string> encode_text(std::string_view utf8, Charset charset);

/// Offset of the first byte that is not valid UTF-8.
std::optional<std::size_t> first_invalid_utf8(std::string_view bytes);

}  // namespace labrelay::hl7
