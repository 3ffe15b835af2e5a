#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "labrelay/core/decimal.hpp"

namespace labrelay::units {

/// An exact fraction of whole numbers of any length, in lowest terms: what unit conversions are
/// computed with, so that 10^30, 10^-30 and thirds pass through unchanged. An immutable value;
/// cheap to copy, safe to share between threads. How long its numbers may become is for the caller
/// to limit (bits()).
class Rational {
public:
    Rational() = default;  ///< 0
    explicit Rational(std::int64_t whole);
    explicit Rational(const Decimal& decimal);
    /// Digits only, of any length; nothing for anything else.
    static std::optional<Rational> whole(std::string_view digits);
    static Rational ten_to_the(int exponent);

    Rational plus(const Rational& other) const;
    Rational minus(const Rational& other) const;
    Rational times(const Rational& other) const;
    Rational over(const Rational& divisor) const;  ///< precondition: divisor is not zero
    Rational to_the(int exponent) const;           ///< precondition: not zero below 0

    bool is_zero() const;
    bool is_negative() const;
    /// The exponent where it is 10^n, n of either sign.
    std::optional<int> power_of_ten() const;
    /// Length of the longer of numerator and denominator, in bits.
    std::size_t bits() const;

    /// Half to even; nothing where a Decimal cannot carry it. `digits` from 1 to 36.
    std::optional<Decimal> rounded_to_significant(int digits) const;
    std::optional<Decimal> rounded_to_scale(int scale) const;
    /// floor(log10 |x|); 0 for 0.
    int leading_place() const;
    /// Numerator and denominator, the latter "1" for a whole number.
    std::string numerator() const;
    std::string denominator() const;

    friend std::strong_ordering operator<=>(const Rational& left, const Rational& right);
    friend bool operator==(const Rational& left, const Rational& right) {
        return (left <=> right) == std::strong_ordering::equal;
    }

    struct Value;  ///< src/units/rational_value.hpp
    explicit Rational(std::shared_ptr<const Value> value) : value_(std::move(value)) {}
    const Value& value() const;

private:
    std::shared_ptr<const Value> value_;  // none: 0
};

}  // namespace labrelay::units
