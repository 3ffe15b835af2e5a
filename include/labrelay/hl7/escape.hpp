#pragma once

#include <string>
#include <string_view>

#include "labrelay/hl7/delimiters.hpp"

namespace labrelay::hl7 {

/// Decodes the escapes of HL7 v2 chapter 2.7 at a leaf, once: \F\ \S\ \T\ \R\ \E\ \P\, \Xhh…\ (bytes, kept
/// verbatim where they are not valid UTF-8), \.br\ and \.sp<n>\ as line breaks. Highlighting (\H\ \N\) and
/// the other formatting commands are dropped from the text; \C…\ \M…\ \Z…\, unknown and unclosed ones are
/// kept as they stand.
std::string unescape(std::string_view raw, const Delimiters& delimiters);

/// Whether `raw` holds an escape that unescape() keeps as it stands because it is unknown or not closed.
bool has_unknown_escape(std::string_view raw, const Delimiters& delimiters);

/// The delimiters in `text` written as escapes; CR and LF as \X0D\ and \X0A\.
std::string escape(std::string_view text, const Delimiters& delimiters);

}  // namespace labrelay::hl7
