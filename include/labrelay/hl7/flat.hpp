#pragma once

#include <string>

#include "labrelay/hl7/message.hpp"

namespace labrelay::hl7 {

/// A line a non-empty leaf, `PID-3[1].1.1<TAB>value<LF>`: repetition, component and sub-component
/// always written, segments numbered from their second occurrence on (`OBX[2]-5[1].1.1`). Values
/// are unescaped once; control characters and the backslash are printed as `\xNN`. MSH-1 and MSH-2
/// stand literally; the explicit null is `""`. Other programs read this form: it is fixed.
std::string flatten(const Message& message);

/// The message for a person: a line a segment with its position, below it a line a value with its
/// number; repetition, component and sub-component only where there is more than one. The form may
/// change.
std::string tree(const Message& message);

}  // namespace labrelay::hl7
