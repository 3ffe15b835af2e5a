#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/delimiters.hpp"

namespace labrelay::hl7 {

/// Decodes the escapes of HL7 v2 chapter 2.7 at a leaf, once. Reads in one pass and cannot fail:
///
///     \F\ \S\ \T\ \R\ \E\ \P\    the delimiter, where the message has it
///     \Xhh…\                      these bytes of the message's character set, kept as it stands
///     where they are
///                                not valid in it
///     \.br\ \.ce\ \.sp<n>\         one or n line breaks
///     \.sk<n>\                    n blanks, because dropping them would join two numbers
///     \H\ \N\ \.in \.ti \.fi \.nf  nothing: they only change how the text looks
///     \C…\ \M…\ \Z…\              kept as they stand: other character sets and local use
///
/// What is unknown or not closed is kept as it stands; reading goes on after its first character.
std::string unescape(std::string_view raw, const Delimiters& delimiters,
                     Charset charset = Charset::utf_8);

/// Offset of the first escape that unescape() keeps because it is unknown or not closed.
std::optional<std::size_t> find_unknown_escape(std::string_view raw, const Delimiters& delimiters,
                                               Charset charset = Charset::utf_8);
inline bool has_unknown_escape(std::string_view raw, const Delimiters& delimiters) {
    return find_unknown_escape(raw, delimiters).has_value();
}

/// The delimiters in `text` written as escapes; CR, LF and MLLP's VT and FS as \X0D\ and so on.
/// Where the message has no escape character they become blanks.
std::string escape(std::string_view text, const Delimiters& delimiters);

}  // namespace labrelay::hl7
