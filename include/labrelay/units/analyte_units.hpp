#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/decimal.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/units/quantity_kind.hpp"

namespace labrelay::units {

/// How a reported unit becomes the analyte's canonical unit.
struct UnitRule {
    enum class Kind : std::uint8_t {
        /// canonical = reported * factor / divisor, exact
        factor,
        /// the unit carries the exponent: 10*n.{copies}/mL. In a list the spelling begins with
        /// "10*n."; find() gives it back with factor 10^n (times the list's, where that is not 0)
        mantissa,
        /// copies <-> IU: only with a factor that the source declares
        needs_assay,
        /// the source must say which substance is meant (mg/dL of urea or of its nitrogen)
        ambiguous,
        /// titre, S/CO, index, NEG, POS: kept in words, no number converted
        not_a_quantity,
    };
    std::string spelling;
    Kind kind = Kind::factor;
    Decimal factor;
    /// `analyte-list:mg/dL`, `source-list:…`, `canonical`, `ucum:ug/dL`: shown in explain and
    /// lineage
    std::string rule_id;
    /// 1 but where UCUM, a molar mass or an assay's copies in one IU give a factor that does not
    /// end (x 1000 / 584.66)
    Decimal divisor = Decimal(1, 0);
};
/// The same number comes out of both.
bool same_meaning(const UnitRule& left, const UnitRule& right);

/// One analyte's unit spellings. Looked up in this order: exact; folded (see fold_unit); folded
/// without case, where all that match mean the same; mantissa patterns, without case; then as UCUM
/// within what the analyte can be (src/units/ucum.md). General UCUM is asked only after the list,
/// and only through this function, because `K/uL` is kelvin to UCUM. Of two rules with one spelling
/// the first counts, so a source's rules are given before the analyte's own. Immutable after
/// loading; safe to share.
class AnalyteUnits {
public:
    AnalyteUnits() = default;
    AnalyteUnits(std::string canonical, std::vector<UnitRule> rules, UcumReading ucum = {});

    const std::string& canonical() const { return canonical_; }
    bool has_unit() const { return !canonical_.empty(); }
    std::optional<UnitRule> find(std::string_view spelling) const;
    /// The same without UCUM.
    std::optional<UnitRule> find_listed(std::string_view spelling) const;
    const std::vector<UnitRule>& rules() const { return rules_; }
    const UcumReading& ucum() const { return ucum_; }

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
    UcumReading ucum_;
    std::shared_ptr<const class LaboratoryUnit> laboratory_;  // none: UCUM is not asked
};

/// A converted number: exact for comparing with limits, and rounded for storing.
struct Converted {
    Decimal exact;  ///< to 36 digits where the quotient does not end
    /// A power of ten or 1 keeps the digits; another factor keeps the reported digits and at most
    /// two more (src/units/ucum.md, Digits).
    Decimal stored;
    std::string rule;  ///< `x 88.42 (analyte-list:mg/dL)`, "" where nothing was done
};

/// Errors: conversion-overflow. Precondition: rule.kind is factor or mantissa.
Result<Converted> convert(const Decimal& reported, const UnitRule& rule);

/// Spelling folded as AnalyteUnits does it: mu and micro sign become u, × becomes x, a middle dot a
/// point, superscripts ^n, full-width forms ASCII; blanks go, and so does a ^ behind a letter (m²,
/// m^2 and m2 are one). Bytes that are not UTF-8 stay as they are.
std::string fold_unit(std::string_view spelling);

/// The copies value that a log10 value stands for: the interval of values that print as it.
struct LogInterval {
    /// 10^v rounded to as many digits as the log has behind its point (at least 1). So few digits
    /// can lie just outside the interval: 4.21 gives 16000 and an interval from 16031.
    Decimal value;
    Decimal low;  ///< 10^(v - half a unit of the last digit), 15 digits, rounded outwards
    Decimal high;
};
/// Nothing outside -2 … 12 or with more than 12 digits behind the point.
std::optional<LogInterval> copies_from_log10(const Decimal& log10_value);
/// log10 of a positive number rounded to `scale` (0 to 12) digits.
std::optional<Decimal> log10_of(const Decimal& value, int scale);

}  // namespace labrelay::units
