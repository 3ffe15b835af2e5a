#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "labrelay/units/reported_value.hpp"

namespace labrelay::units {

/// What a word of a report means. `canonical` is NEG, POS, WEAK_POS or INDETERMINATE for a
/// qualitative.
struct WordMeaning {
    ReportedValue::Kind kind = ReportedValue::Kind::number;  // number: no word stood there
    std::string_view canonical;
    bool detected_said = false;
};

struct BuiltInWord {
    std::string_view text;  ///< folded: small letters, single blanks
    WordMeaning meaning;
};
/// English, French and Chinese words that mean the same at every laboratory. Words that do not (ND,
/// NR, not quantified) are left to the sources' own lists.
std::span<const BuiltInWord> built_in_words();

/// Which end of the assay's range a name stands for: "titer min", "lloq", "检测下限".
enum class LimitName : std::uint8_t { none, lower, upper };
struct NamedLimit {
    std::string_view text;
    LimitName limit;
};
std::span<const NamedLimit> limit_names();

struct ComparatorText {
    std::string_view text;
    Comparator comparator;
};
std::span<const ComparatorText> comparator_texts();

/// Signs of serology, also inside brackets behind a word: (-), +, ++, ±, 2+.
struct SignMark {
    std::string_view text;
    std::string_view canonical;
};
std::span<const SignMark> sign_marks();

}  // namespace labrelay::units
