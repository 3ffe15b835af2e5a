#pragma once

#include <cstddef>
#include <string_view>

#include "labrelay/core/result.hpp"
#include "reported_words.hpp"

namespace labrelay::units {

/// What the grammar of reported_value.md finds in a folded text. Positions count bytes of the
/// folded text; a piece that did not stand there is empty.
struct Piece {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool empty() const { return begin == end; }
    std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
};

/// `2.52e+3`, `1.0 x 10^3`: digits as written, commas included, and the power of ten behind them.
struct NumberPiece {
    Piece digits;
    Piece power;
};

/// `< 20 cp/ml`, `1:128`, `1-5`, `< titer min`.
struct QuantityPiece {
    Piece all;
    Comparator comparator = Comparator::none;
    LimitName limit = LimitName::none;
    NumberPiece first;
    char joint = '\0';  ///< '-' between the ends of a range, ':' in a titre
    NumberPiece second;
    Piece unit;
};

/// `阴性(-)`: a word, a sign, or both.
struct WordPiece {
    Piece all;
    WordMeaning meaning;
    std::string_view mark;  ///< canonical word of the sign
};

struct Reading {
    WordPiece word;
    QuantityPiece quantity;
    NumberPiece log10;  ///< `(3.40)` behind a number
    /// `< LLOQ` before a quantity: 低于检测下限(<20)
    LimitName named_limit = LimitName::none;
    Comparator limit_comparator = Comparator::none;
};

/// Reads a whole folded text. Linear: no part of it is read more than a fixed number of times. The
/// error's offset is where nothing known goes on.
Result<Reading> read_reported(std::string_view folded);

/// `500-1500`, `7 ~ 40`, `7--40`, `<20`, `90-`; in brackets or not.
struct RangeReading {
    Comparator comparator = Comparator::none;
    NumberPiece first;
    bool twofold_dash = false;  ///< `a--b`: the second dash may be a sign
    bool has_joint = false;
    NumberPiece second;
};
Result<RangeReading> read_range(std::string_view folded);

}  // namespace labrelay::units
