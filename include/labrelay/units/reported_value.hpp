#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/result.hpp"

namespace labrelay::units {

/// How a value stands to the limit that is printed with it.
enum class Comparator : std::uint8_t { none, less, less_equal, greater, greater_equal };
std::string_view to_string(Comparator comparator);  ///< "", "<", "<=", ">", ">="

/// What a laboratory reported, before units: what the text says and nothing more.
struct ReportedValue {
    enum class Kind : std::uint8_t {
        number,        ///< 412; 1.50; 2.35E+04
        compared,      ///< < 20; >10000000; >= 60
        range,         ///< 1-5, SN ^1^-^5
        ratio,         ///< 1:128, SN ^1^:^128
        not_detected,  ///< Target Not Detected, 未检出, TND …
        below_limit,  ///< < Titer min, detected <LLOQ, 低于检测下限: below a limit, no number
        above_limit,  ///< > Titer max
        detected,     ///< "Detected" and nothing else
        qualitative,  ///< negative, positive, 阴性(-) …: `word` is NEG, POS, WEAK_POS or
                      ///< INDETERMINATE
        no_result,    ///< empty of meaning: Invalid, Failed, clotted, ***.*, ----, #NUM!
    };
    Kind kind = Kind::number;
    Comparator comparator = Comparator::none;
    /// Number, compared, first of range and ratio; a qualitative's index, or with `second` its
    /// titre; the assay's limit that was printed with not_detected.
    std::optional<Decimal> number;
    std::optional<Decimal> second;  ///< second of range and ratio
    std::string word;               ///< canonical word of qualitative, otherwise the words as sent
    /// A unit that stood in the value's text, as sent: `3.26E+05 cp/mL`. It is shaped like a unit,
    /// but not looked up: the caller finds it among the analyte's units like OBX-6.
    std::string unit;
    bool detected_said = false;  ///< "<30 Detected": the words say that it was detected

    friend bool operator==(const ReportedValue&, const ReportedValue&) = default;
};

/// What a comma in a number means at this source. `undeclared`: a number with a comma is held
/// (number-separator).
enum class CommaMeaning : std::uint8_t { undeclared, thousands, decimal };

/// A source's own words, tried before the built-in ones; compared without case and outer blanks.
struct ReportedWords {
    struct Word {
        std::string text;
        ReportedValue::Kind kind{};
        std::string canonical;  ///< for qualitative
    };
    /// What a source writes into OBX-8 in the place of a value: `RR^^99ROC`.
    struct Flag : Word {
        std::string system;  ///< component 3; empty: any
    };
    CommaMeaning comma = CommaMeaning::undeclared;
    std::vector<Word> words;
    std::vector<Flag> flags;
};

/// Reads ST, TX, FT, CE and CWE text and NM, whole or not at all: a number is never picked out of a
/// sentence. UTF-8, full-width digits and signs understood. Linear, at most 512 bytes, never throws
/// on input. Errors: value-unreadable, number-separator; offset is the byte in `text`. Grammar:
/// src/units/reported_value.md.
Result<ReportedValue> parse_reported(std::string_view text, const ReportedWords& words = {});

/// Reads SN (HL7 2A.74): comparator, num1, separator, num2 as the four components' texts. An empty
/// comparator means "=". Errors: as above; the place names the component (SN.2) and its byte.
Result<ReportedValue> parse_structured_numeric(std::string_view comparator, std::string_view num1,
                                               std::string_view separator, std::string_view num2,
                                               CommaMeaning comma = CommaMeaning::undeclared);

/// Reads NM strictly by HL7 (sign, digits, one point); anything else is read as parse_reported()
/// reads it and `strict` is false.
struct NumericField {
    ReportedValue value;
    bool strict = true;
};
Result<NumericField> parse_numeric(std::string_view text, const ReportedWords& words = {});

/// A reference range as laboratories write it: `500-1500`, `7 ~ 40`, `<20`, `>=60`, `≤26.0`,
/// `-5-5`. Text ranges (`阴性`) have neither limit.
struct ReferenceRange {
    std::optional<Decimal> low;
    std::optional<Decimal> high;
    bool low_inclusive = true;
    bool high_inclusive = true;

    friend bool operator==(const ReferenceRange&, const ReferenceRange&) = default;
};
ReferenceRange parse_reference_range(std::string_view text,
                                     CommaMeaning comma = CommaMeaning::undeclared);

}  // namespace labrelay::units
