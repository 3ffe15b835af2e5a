#include <algorithm>
#include <array>

#include "labrelay/hl7/charset.hpp"

namespace labrelay::hl7 {
namespace {

struct Spelling {
    std::string_view name;  ///< upper case, without blanks and punctuation
    Charset charset;
};

/// HL7 table 0211 and what senders write instead. GBK and GB 2312 are subsets of GB 18030; a bare
/// UNICODE is what Mindray analyzers write for UTF-8.
constexpr std::array kSpellings{
    Spelling{"ASCII", Charset::ascii},          Spelling{"USASCII", Charset::ascii},
    Spelling{"ANSIX34", Charset::ascii},        Spelling{"ISOIR6", Charset::ascii},
    Spelling{"ISO646", Charset::ascii},         Spelling{"ISO646US", Charset::ascii},
    Spelling{"88591", Charset::iso_8859_1},     Spelling{"ISO88591", Charset::iso_8859_1},
    Spelling{"LATIN1", Charset::iso_8859_1},    Spelling{"ISOIR100", Charset::iso_8859_1},
    Spelling{"UNICODEUTF8", Charset::utf_8},    Spelling{"UTF8", Charset::utf_8},
    Spelling{"UNICODE", Charset::utf_8},        Spelling{"ISOIR192", Charset::utf_8},
    Spelling{"GB18030", Charset::gb_18030},     Spelling{"GB180302000", Charset::gb_18030},
    Spelling{"GB180302005", Charset::gb_18030}, Spelling{"GB180302022", Charset::gb_18030},
    Spelling{"GBK", Charset::gb_18030},         Spelling{"CP936", Charset::gb_18030},
    Spelling{"GB2312", Charset::gb_18030},      Spelling{"GB231280", Charset::gb_18030},
    Spelling{"EUCCN", Charset::gb_18030},
};

constexpr std::string_view kWideNames[] = {"UTF16",        "UTF16LE",     "UTF16BE", "UTF32",
                                           "UTF32LE",      "UTF32BE",     "UCS2",    "UCS4",
                                           "UNICODEUTF16", "UNICODEUTF32"};

std::string normal_form(std::string_view name) {
    std::string normal;
    for (const char c : name.substr(0, 64)) {
        if (c >= 'a' && c <= 'z') {
            normal += static_cast<char>(c - 'a' + 'A');
        } else if (c != ' ' && c != '-' && c != '_' && c != '/' && c != '.' && c != ':') {
            normal += c;
        }
    }
    return normal;
}

}  // namespace

std::string_view hl7_name(Charset charset) {
    switch (charset) {
        case Charset::ascii:
            return "ASCII";
        case Charset::iso_8859_1:
            return "8859/1";
        case Charset::utf_8:
            return "UNICODE UTF-8";
        case Charset::gb_18030:
            return "GB 18030-2000";
    }
    return "";
}

std::optional<Charset> charset_from_name(std::string_view name) {
    const std::string normal = normal_form(name);
    const auto* const found =
        std::find_if(kSpellings.begin(), kSpellings.end(),
                     [&](const Spelling& spelling) { return spelling.name == normal; });
    return found == kSpellings.end() ? std::nullopt : std::optional(found->charset);
}

bool is_wide_charset_name(std::string_view name) {
    const std::string normal = normal_form(name);
    return std::find(std::begin(kWideNames), std::end(kWideNames), normal) != std::end(kWideNames);
}

}  // namespace labrelay::hl7
