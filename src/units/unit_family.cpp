#include "labrelay/units/unit_family.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "labrelay/units/analyte_units.hpp"

namespace labrelay::units {
namespace {

std::string folded(std::string_view unit) {
    std::string text = fold_unit(unit);
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

/// `iu` as a unit of its own, with or without brackets and prefix: not the end of a word.
bool names_international_units(std::string_view text) {
    constexpr std::array kForms{"iu", "miu", "uiu", "kiu", "[iu]", "m[iu]", "u[iu]", "k[iu]"};
    std::string_view first = text.substr(0, text.find_first_of("/^"));
    if (const std::size_t power = first.rfind('.'); power != std::string_view::npos) {
        first.remove_prefix(power + 1);  // 10*3.[IU]/mL
    }
    return std::ranges::find(kForms, first) != kForms.end();
}

bool names_copies(std::string_view text) {
    constexpr std::array kWords{"copies", "copy", "拷贝", "拷貝"};
    constexpr std::array kForms{"cp/", "cps/", "cop/", "c/ml"};
    return std::ranges::any_of(kWords,
                               [&](const char* word) { return text.find(word) != text.npos; }) ||
           std::ranges::any_of(kForms, [&](const char* form) { return text.starts_with(form); });
}

}  // namespace

UnitFamily unit_family(std::string_view unit) {
    const std::string text = folded(unit);
    if (text.starts_with("log") || text.starts_with("{log") || text.starts_with("lg")) {
        return UnitFamily::logarithm;
    }
    if (text.starts_with("%") || text == "percent" || text == "pct") {
        return UnitFamily::percent;
    }
    if (names_copies(text)) {
        return UnitFamily::copies;
    }
    return names_international_units(text) ? UnitFamily::international : UnitFamily::other;
}

std::string_view to_string(UnitFamily kind) {
    switch (kind) {
        case UnitFamily::other:
            return "another quantity";
        case UnitFamily::copies:
            return "copies";
        case UnitFamily::international:
            return "international units";
        case UnitFamily::logarithm:
            return "a logarithm";
        case UnitFamily::percent:
            return "percent";
    }
    return "";
}

}  // namespace labrelay::units
