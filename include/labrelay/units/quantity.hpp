#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "labrelay/core/decimal.hpp"
#include "labrelay/units/ucum.hpp"

namespace labrelay::units {

/// What a number whose last digit is that of the ones says about its precision. In a unit
/// calculation 1 [in_i] is exactly one inch; a laboratory's 88 mg/dL was measured.
enum class WholeNumber : std::uint8_t { measured, exact };

/// How one unit becomes another, worked out once and used for any number of values. Immutable; safe
/// to share between threads. Every number is computed as an exact fraction and rounded once, half
/// to even, by one rule (src/units/ucum.md, Digits):
///   - a power of ten moves the point and keeps the digits as reported;
///   - any other factor gives the reported digits and two more, fewer where the product of the two
///     decimals ends before;
///   - a scale of its own (Cel, [pH]) gives the place that the last reported digit moves, and two
///     more; trailing zeros among the two go;
///   - an exact whole number gives what there is, up to 24 digits.
class Conversion {
public:
    /// Errors: units-incommensurable, with both dimensions in the detail.
    static Result<Conversion> between(const Unit& from, const Unit& to);
    /// A factor by itself; precondition: above zero.
    static Conversion by(Rational factor);

    /// Unrounded. Nothing where the number has no counterpart: see to_proper().
    std::optional<Rational> exact(const Rational& value) const;
    /// Errors: scale-undefined, conversion-overflow (more than 36 digits or beyond 10^72).
    Result<Decimal> operator()(const Decimal& value, WholeNumber whole = WholeNumber::exact) const;

    /// canonical = reported x factor; nothing where a scale of its own takes part.
    std::optional<Rational> factor() const;

private:
    Result<Decimal> proportional(const Decimal& value, WholeNumber whole) const;
    Result<Decimal> over_scale(const Decimal& value, WholeNumber whole) const;

    Rational factor_;
    std::optional<int> power_of_ten_;
    std::optional<Decimal> decimal_;  ///< the factor, where it is one
    struct Scales {
        Unit from;
        Unit to;
    };
    std::optional<Scales> scales_;  // none: proportional
};

/// A number of a unit.
struct Quantity {
    Decimal value;
    Unit unit;
};

/// In base units: 1.5 g x 2 m = 3.0 g.m. The digits are those of the operand that has fewer, by the
/// rule of Conversion. Errors: unit-special-misused, scale-undefined (division by zero),
/// conversion-overflow.
Result<Quantity> multiply(const Quantity& left, const Quantity& right,
                          WholeNumber whole = WholeNumber::exact);
Result<Quantity> divide(const Quantity& left, const Quantity& right,
                        WholeNumber whole = WholeNumber::exact);

}  // namespace labrelay::units
