#pragma once

#include <cstdint>

namespace labrelay::hl7 {

/// The characters that MSH-1 and MSH-2 declare (HL7 v2 chapter 2, 2.5.4). 0: the level does not
/// exist in this message. `truncation` is the fifth encoding character of version 2.7 and later.
struct Delimiters {
    char field = '|';
    char component = '^';
    char repetition = '~';
    char escape = '\\';
    char subcomponent = '&';
    char truncation = 0;

    friend bool operator==(const Delimiters&, const Delimiters&) = default;
};

}  // namespace labrelay::hl7
