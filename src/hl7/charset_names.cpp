#include <algorithm>
#include <array>

#include "labrelay/hl7/charset.hpp"
#include "scan.hpp"

namespace labrelay::hl7 {
namespace {

struct Spelling {
    std::string_view name;  ///< upper case, without blanks and punctuation
    Charset charset;
};

/// HL7 table 0211 and what senders write instead. GBK and GB 2312 are subsets of GB 18030; a bare
/// UNICODE is what Mindray analyzers write for UTF-8.
constexpr std::array kSpellings{
    Spelling{"ASCII", Charset::ascii},
    Spelling{"USASCII", Charset::ascii},
    Spelling{"ANSIX34", Charset::ascii},
    Spelling{"ANSIX341986", Charset::ascii},
    Spelling{"ISOIR6", Charset::ascii},
    Spelling{"IR6", Charset::ascii},
    Spelling{"ISO646", Charset::ascii},
    Spelling{"ISO646US", Charset::ascii},
    Spelling{"ISO646IRV", Charset::ascii},
    Spelling{"88591", Charset::iso_8859_1},
    Spelling{"ISO88591", Charset::iso_8859_1},
    Spelling{"LATIN1", Charset::iso_8859_1},
    Spelling{"ISOIR100", Charset::iso_8859_1},
    Spelling{"88592", Charset::iso_8859_2},
    Spelling{"ISO88592", Charset::iso_8859_2},
    Spelling{"LATIN2", Charset::iso_8859_2},
    Spelling{"ISOIR101", Charset::iso_8859_2},
    Spelling{"88593", Charset::iso_8859_3},
    Spelling{"ISO88593", Charset::iso_8859_3},
    Spelling{"LATIN3", Charset::iso_8859_3},
    Spelling{"ISOIR109", Charset::iso_8859_3},
    Spelling{"88594", Charset::iso_8859_4},
    Spelling{"ISO88594", Charset::iso_8859_4},
    Spelling{"LATIN4", Charset::iso_8859_4},
    Spelling{"ISOIR110", Charset::iso_8859_4},
    Spelling{"88595", Charset::iso_8859_5},
    Spelling{"ISO88595", Charset::iso_8859_5},
    Spelling{"ISOIR144", Charset::iso_8859_5},
    Spelling{"88596", Charset::iso_8859_6},
    Spelling{"ISO88596", Charset::iso_8859_6},
    Spelling{"ISOIR127", Charset::iso_8859_6},
    Spelling{"88597", Charset::iso_8859_7},
    Spelling{"ISO88597", Charset::iso_8859_7},
    Spelling{"ISOIR126", Charset::iso_8859_7},
    Spelling{"88598", Charset::iso_8859_8},
    Spelling{"ISO88598", Charset::iso_8859_8},
    Spelling{"ISOIR138", Charset::iso_8859_8},
    Spelling{"88599", Charset::iso_8859_9},
    Spelling{"ISO88599", Charset::iso_8859_9},
    Spelling{"LATIN5", Charset::iso_8859_9},
    Spelling{"ISOIR148", Charset::iso_8859_9},
    Spelling{"885915", Charset::iso_8859_15},
    Spelling{"ISO885915", Charset::iso_8859_15},
    Spelling{"LATIN9", Charset::iso_8859_15},
    Spelling{"ISOIR203", Charset::iso_8859_15},
    Spelling{"WINDOWS1252", Charset::windows_1252},
    Spelling{"CP1252", Charset::windows_1252},
    Spelling{"UNICODEUTF8", Charset::utf_8},
    Spelling{"UTF8", Charset::utf_8},
    Spelling{"UNICODE", Charset::utf_8},
    Spelling{"ISOIR192", Charset::utf_8},
    Spelling{"GB18030", Charset::gb_18030},
    Spelling{"GB180302000", Charset::gb_18030},
    Spelling{"GB180302005", Charset::gb_18030},
    Spelling{"GB180302022", Charset::gb_18030},
    Spelling{"GBK", Charset::gb_18030},
    Spelling{"CP936", Charset::gb_18030},
    Spelling{"WINDOWS936", Charset::gb_18030},
    Spelling{"GB2312", Charset::gb_18030},
    Spelling{"GB231280", Charset::gb_18030},
    Spelling{"EUCCN", Charset::gb_18030},
    Spelling{"ISOIR58", Charset::gb_18030},
    Spelling{"BIG5", Charset::big_5},
    Spelling{"CP950", Charset::big_5},
    Spelling{"WINDOWS950", Charset::big_5},
    Spelling{"CNS11643", Charset::cns_11643},
    Spelling{"CNS116431992", Charset::cns_11643},
    Spelling{"EUCTW", Charset::cns_11643},
    Spelling{"KSX1001", Charset::ks_x_1001},
    Spelling{"KSC5601", Charset::ks_x_1001},
    Spelling{"EUCKR", Charset::ks_x_1001},
    Spelling{"UHC", Charset::ks_x_1001},
    Spelling{"CP949", Charset::ks_x_1001},
    Spelling{"WINDOWS949", Charset::ks_x_1001},
    Spelling{"ISOIR149", Charset::ks_x_1001},
    Spelling{"SHIFTJIS", Charset::shift_jis},
    Spelling{"SJIS", Charset::shift_jis},
    Spelling{"MSKANJI", Charset::shift_jis},
    Spelling{"CP932", Charset::shift_jis},
    Spelling{"MS932", Charset::shift_jis},
    Spelling{"WINDOWS932", Charset::shift_jis},
    Spelling{"WINDOWS31J", Charset::shift_jis},
    Spelling{"ISOIR14", Charset::jis_x_0201},
    Spelling{"IR14", Charset::jis_x_0201},
    Spelling{"JISX0201", Charset::jis_x_0201},
    Spelling{"ISOIR13", Charset::jis_x_0201},
    Spelling{"ISOIR87", Charset::iso_2022_jp},
    Spelling{"IR87", Charset::iso_2022_jp},
    Spelling{"JISX0208", Charset::iso_2022_jp},
    Spelling{"ISOIR159", Charset::iso_2022_jp},
    Spelling{"IR159", Charset::iso_2022_jp},
    Spelling{"JISX0212", Charset::iso_2022_jp},
    Spelling{"ISO2022JP", Charset::iso_2022_jp},
    Spelling{"ISO2022JP2", Charset::iso_2022_jp},
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
        case Charset::iso_8859_2:
            return "8859/2";
        case Charset::iso_8859_3:
            return "8859/3";
        case Charset::iso_8859_4:
            return "8859/4";
        case Charset::iso_8859_5:
            return "8859/5";
        case Charset::iso_8859_6:
            return "8859/6";
        case Charset::iso_8859_7:
            return "8859/7";
        case Charset::iso_8859_8:
            return "8859/8";
        case Charset::iso_8859_9:
            return "8859/9";
        case Charset::iso_8859_15:
            return "8859/15";
        case Charset::windows_1252:
            return "WINDOWS-1252";
        case Charset::utf_8:
            return "UNICODE UTF-8";
        case Charset::gb_18030:
            return "GB 18030-2000";
        case Charset::big_5:
            return "BIG-5";
        case Charset::cns_11643:
            return "CNS 11643-1992";
        case Charset::ks_x_1001:
            return "KS X 1001";
        case Charset::shift_jis:
            return "SHIFT_JIS";
        case Charset::jis_x_0201:
        case Charset::iso_2022_jp_kana:
            return "ISO IR14";
        case Charset::iso_2022_jp:
            return "ISO IR87";
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

std::optional<Charset> charset_from_field(std::string_view field, char repetition) {
    std::optional<Charset> main;
    bool first = true;
    bool escape_sequences = false;
    for_each_piece(field, repetition, [&](std::string_view name, std::size_t) {
        const bool empty = normal_form(name).empty() || name == "\"\"";
        if (first) {
            main = empty ? Charset::ascii : charset_from_name(name);
        } else if (!empty) {
            escape_sequences = escape_sequences || charset_from_name(name) == Charset::iso_2022_jp;
        }
        first = false;
    });
    if (escape_sequences && main == Charset::ascii) {
        return Charset::iso_2022_jp;
    }
    if (escape_sequences && main == Charset::jis_x_0201) {
        return Charset::iso_2022_jp_kana;
    }
    return main;
}

bool is_wide_charset_name(std::string_view name) {
    const std::string normal = normal_form(name);
    return std::find(std::begin(kWideNames), std::end(kWideNames), normal) != std::end(kWideNames);
}

}  // namespace labrelay::hl7
