#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay {

/// Where something is: `OBX[3]-5` with a byte offset in a message, or `sources/facs.xml:12:5`.
struct Place {
    static constexpr std::size_t kNoOffset = static_cast<std::size_t>(-1);

    std::string text;
    std::size_t offset = kNoOffset;

    friend bool operator==(const Place&, const Place&) = default;
};

/// What a finding costs. `hold` costs the observation (or all of the message's observations, where
/// the finding is the message's); `refuse` costs the message its positive answer.
enum class Severity : std::uint8_t { note, warning, hold, refuse };

/// Something that was noticed. `detail` may be logged and sent; it never carries patient data or a
/// reported value. `value` is shown only to a person who may see the message.
struct Finding {
    Code code{};
    Severity severity = Severity::note;
    Place place;
    std::string detail;
    std::string value;

    friend bool operator==(const Finding&, const Finding&) = default;
};

/// The failure of one call. Same rules for `detail` as in Finding.
struct Error {
    Code code{};
    Place place;
    std::string detail;
};

std::string_view to_string(Severity severity);

/// "labrelay-412 unknown-unit at OBX[3]-6 @412: …; advice": one line for a terminal or a log.
std::string describe(const Finding& finding);
std::string describe(const Error& error);

}  // namespace labrelay
