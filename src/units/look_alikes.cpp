#include "look_alikes.hpp"

#include <algorithm>
#include <array>

namespace labrelay::units {
namespace {

struct LookAlike {
    char32_t value;
    std::string_view ascii;
};

constexpr std::array kLookAlikes{
    LookAlike{U'\t', " "},      LookAlike{U'\n', " "},      LookAlike{U'\r', " "},
    LookAlike{U'\u00A0', " "},  LookAlike{U'\u00D7', "x"},  LookAlike{U'\u2000', " "},
    LookAlike{U'\u2001', " "},  LookAlike{U'\u2002', " "},  LookAlike{U'\u2003', " "},
    LookAlike{U'\u2004', " "},  LookAlike{U'\u2005', " "},  LookAlike{U'\u2006', " "},
    LookAlike{U'\u2007', " "},  LookAlike{U'\u2008', " "},  LookAlike{U'\u2009', " "},
    LookAlike{U'\u200A', " "},  LookAlike{U'\u2010', "-"},  LookAlike{U'\u2011', "-"},
    LookAlike{U'\u2012', "-"},  LookAlike{U'\u2013', "-"},  LookAlike{U'\u2014', "-"},
    LookAlike{U'\u202F', " "},  LookAlike{U'\u2044', "/"},  LookAlike{U'\u205F', " "},
    LookAlike{U'\u2212', "-"},  LookAlike{U'\u2215', "/"},  LookAlike{U'\u223C', "~"},
    LookAlike{U'\u2264', "<="}, LookAlike{U'\u2265', ">="}, LookAlike{U'\u2266', "<="},
    LookAlike{U'\u2267', ">="}, LookAlike{U'\u2A7D', "<="}, LookAlike{U'\u2A7E', ">="},
    LookAlike{U'\u3000', " "},  LookAlike{U'\u301C', "~"},  LookAlike{U'\uFE63', "-"},
    LookAlike{U'\uFE64', "<"},  LookAlike{U'\uFE65', ">"},
};
static_assert(std::ranges::is_sorted(kLookAlikes, {}, &LookAlike::value));

constexpr std::string_view kPrintableAscii =
    "!\"#$%&'()*+,-./"
    "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}"
    "~";

constexpr char32_t kFirstFullWidth = U'\uFF01';
constexpr char32_t kLastFullWidth = U'\uFF5E';

std::uint8_t length_by_lead(unsigned char lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2) {  // a continuation byte, or an overlong form of ASCII
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::uint8_t length = length_by_lead(lead);
    if (length == 1) {
        return {lead, length};
    }
    if (length == 0 || at + length > text.size()) {
        return {};
    }
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[at + i]);
        if ((next & 0xC0U) != 0x80U) {
            return {};
        }
        value = (value << 6U) | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) {
        return {};
    }
    return {value, length};
}

std::string_view ascii_look_alike(char32_t value) {
    if (value >= kFirstFullWidth && value <= kLastFullWidth) {
        return kPrintableAscii.substr(value - kFirstFullWidth, 1);
    }
    const auto* found = std::ranges::lower_bound(kLookAlikes, value, {}, &LookAlike::value);
    return found != kLookAlikes.end() && found->value == value ? found->ascii : std::string_view();
}

char superscript_meaning(char32_t value) {
    switch (value) {
        case U'\u00B9':
            return '1';
        case U'\u00B2':
            return '2';
        case U'\u00B3':
            return '3';
        case U'\u207A':
            return '+';
        case U'\u207B':
            return '-';
        default:
            break;
    }
    const bool digit = value == U'\u2070' || (value >= U'\u2074' && value <= U'\u2079');
    return digit ? static_cast<char>('0' + static_cast<int>(value - U'\u2070')) : '\0';
}

}  // namespace labrelay::units
