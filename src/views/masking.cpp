#include "labrelay/views/masking.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace labrelay::views {
namespace {

constexpr std::string_view kBullet = "\xe2\x80\xa2";

/// The fields of a segment that say who somebody is: the patient, those around them, and the
/// people who ordered, took, read or signed. `open`: these are the ones that do not, all others do.
struct Row {
    std::string_view segment;
    bool open;
    std::string_view fields;  ///< `|5|7|`
};

constexpr std::array kTable{
    Row{"MSH", false, "|"},
    Row{"MSA", false, "|"},
    Row{"ERR", false, "|"},
    Row{"SFT", false, "|"},
    Row{"BHS", false, "|"},
    Row{"FHS", false, "|"},
    Row{"BTS", false, "|"},
    Row{"FTS", false, "|"},
    Row{"DSC", false, "|"},
    Row{"EVN", false, "|5|"},
    Row{"PID", true, "|1|8|"},
    Row{"PD1", true, "|"},
    Row{"MRG", true, "|"},
    Row{"NK1", true, "|1|"},
    Row{"GT1", true, "|1|"},
    Row{"IN1", true, "|1|"},
    Row{"IN2", true, "|"},
    Row{"IN3", true, "|1|"},
    Row{"PV1", true, "|1|2|3|4|6|10|14|36|41|44|45|"},
    Row{"PV2", true, "|"},
    Row{"ORC", false, "|10|11|12|13|14|18|19|21|22|23|24|28|30|"},
    Row{"OBR", false, "|10|16|17|28|32|33|34|35|"},
    Row{"OBX", false, "|16|23|24|25|"},
    Row{"NTE", false, "|5|"},
    Row{"SPM", false, "|"},
    Row{"SAC", false, "|"},
    Row{"INV", false, "|"},
    Row{"TQ1", false, "|"},
    Row{"TCD", false, "|"},
    Row{"TXA", true, "|1|2|3|4|6|"},
    Row{"CTI", false, "|"},
    Row{"CTD", true, "|1|"},
    Row{"DG1", false, "|16|"},
    Row{"FT1", true, "|1|"},
    Row{"BLG", false, "|"},
};

bool is_kept(char c) {
    constexpr std::string_view kForm = " .,-/:()'+_";
    return kForm.find(c) != std::string_view::npos;
}

}  // namespace

bool identifies(std::string_view segment, std::size_t field) {
    const auto* const row = std::ranges::find(kTable, segment, &Row::segment);
    if (row == kTable.end()) {
        return true;
    }
    const std::string number = "|" + std::to_string(field) + "|";
    return (row->fields.find(number) != std::string_view::npos) != row->open;
}

std::string masked(std::string_view utf8) {
    std::string text;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_kept(c)) {
            text += c;
        } else if ((byte & 0xC0U) != 0x80U) {  // the first byte of a character
            text += kBullet;
        }
    }
    return text;
}

namespace {

/// `from` to the next comma.
void mask_until_comma(std::string& text, std::size_t& from) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    const std::string hidden = masked(std::string_view(text).substr(from, end - from));
    text.replace(from, end - from, hidden);
    from += hidden.size();
}

bool begins_name(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

bool belongs_to_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string without_identifiers(std::string_view text,
                                const mapping::Configuration& configuration) {
    std::set<std::string_view> patients;
    std::set<std::string_view> specimens;
    for (const mapping::SourceDefinition& source : configuration.sources()) {
        for (const mapping::PatientLine& line : source.patients) {
            patients.insert(line.authority);
        }
        for (const mapping::SpecimenLine& line : source.specimens) {
            specimens.insert(line.authority);
        }
    }
    std::string made(text);
    for (const std::string_view authority : patients) {
        const std::string begins = std::string(authority) + ":";
        for (std::size_t at = made.find(begins); at != std::string::npos;) {
            std::size_t from = at + begins.size();
            mask_until_comma(made, from);
            at = made.find(begins, from);
        }
    }
    // An authority of an earlier configuration is not known any more; what was written under it is
    // an identifier still. Only what names specimens today is let through.
    for (std::size_t colon = made.find(':'); colon != std::string::npos;) {
        std::size_t begin = colon;
        while (begin > 0 && belongs_to_name(made[begin - 1])) {
            --begin;
        }
        const std::string name = made.substr(begin, colon - begin);
        const bool names = !name.empty() && begins_name(name.front()) && colon + 1 < made.size() &&
                           made[colon + 1] != ' ';
        std::size_t next = colon + 1;
        if (names && !specimens.contains(name) && !patients.contains(name)) {
            mask_until_comma(made, next);
        }
        colon = made.find(':', next);
    }
    return made;
}

}  // namespace labrelay::views
