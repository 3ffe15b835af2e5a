#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/result.hpp"

namespace labrelay::units {

/// How a reported unit becomes the analyte's canonical unit.
struct UnitRule {
    enum class Kind : std::uint8_t {
        factor,    ///< canonical = reported * factor, exact
        mantissa,  ///< the unit carries the exponent: 10*n.{copies}/mL. In a list the spelling
                   ///< begins with "10*n."; find() gives it back with factor 10^n
        needs_assay,  ///< copies <-> IU: only with a factor that the source declares
        ambiguous,  ///< needs the source to say which substance (mg/dL of urea or of its nitrogen)
        not_a_quantity,  ///< titre, S/CO, index, NEG, POS: kept in words, no number converted
    };
    std::string spelling;
    Kind kind = Kind::factor;
    Decimal factor;
    std::string rule_id;  ///< `analyte-list:mg/dL`, `source-list:…`, `canonical`: shown in explain
                          ///< and lineage
};

/// One analyte's unit spellings. Looked up in this order: exact; folded (see fold_unit); folded
/// without case, where all that match mean the same; mantissa patterns, without case. General UCUM
/// is asked only after the list, and only through this function, because `K/uL` is kelvin to UCUM.
/// Of two rules with one spelling the first counts, so a source's rules are given before the
/// analyte's own. Immutable after loading; safe to share.
class AnalyteUnits {
public:
    AnalyteUnits() = default;
    AnalyteUnits(std::string canonical, std::vector<UnitRule> rules);

    const std::string& canonical() const { return canonical_; }
    bool has_unit() const { return !canonical_.empty(); }
    std::optional<UnitRule> find(std::string_view spelling) const;
    const std::vector<UnitRule>& rules() const { return rules_; }

private:
    struct Folded {
        std::string text;
        std::size_t rule;
    };
    std::vector<Folded> index(std::string (*fold)(std::string_view)) const;
    std::optional<UnitRule> find_mantissa(std::string_view folded) const;

    std::string canonical_;
    std::vector<UnitRule> rules_;  // the canonical unit among them
    std::vector<Folded> folded_;   // sorted, unique meanings only, as is the next
    std::vector<Folded> folded_no_case_;
};

/// A converted number: exact for comparing with limits, and rounded for storing.
struct Converted {
    Decimal exact;
    Decimal
        stored;  ///< a power of ten or 1 keeps the digits; another factor keeps reported digits + 2
    std::string rule;  ///< `x 88.42 (analyte-list:mg/dL)`, "" where nothing was done
};

/// Errors: conversion-overflow. Precondition: rule.kind is factor or mantissa.
Result<Converted> convert(const Decimal& reported, const UnitRule& rule);

/// Spelling folded as AnalyteUnits does it: mu and micro sign -> u, × -> x, middle dot -> .,
/// superscripts
/// -> ^n, full-width -> ASCII, blanks removed, and no ^ behind a letter (m², m^2, m2). Bytes that
/// are not UTF-8 stay as they are.
std::string fold_unit(std::string_view spelling);

/// The copies value that a log10 value stands for: the interval of values that print as it.
struct LogInterval {
    Decimal
        value;    ///< 10^v rounded to the digits that the log carries behind its point (at least 1)
    Decimal low;  ///< 10^(v - half a unit of the last digit), 15 digits, rounded outwards
    Decimal high;
};
/// Nothing outside -2 … 12 or with more than 12 digits behind the point.
std::optional<LogInterval> copies_from_log10(const Decimal& log10_value);
/// log10 of a positive number rounded to `scale` (0 to 12) digits.
std::optional<Decimal> log10_of(const Decimal& value, int scale);

}  // namespace labrelay::units
