#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labrelay {

/// An exact decimal number with the digits it was written with: 1.50 is 150 with scale 2 and prints
/// as "1.50". Up to 36 significant digits and a scale from -72 to 72; what would need more is
/// "nothing", never rounded unseen. A value type without invariants beyond that; safe to share
/// between threads.
class Decimal {
public:
    __extension__ using Coefficient = __int128;
    static constexpr int kMaxDigits = 36;
    static constexpr std::int32_t kMaxScale = 72;

    Decimal() = default;
    /// `coefficient` * 10^-`scale`. Precondition: `scale` is within -72 … 72.
    Decimal(std::int64_t coefficient, std::int32_t scale);

    /// `[+-]digits[.digits][(e|E)[+-]digits]`, nothing else: no blanks, no separators, no inf or
    /// nan. A leading point (".5") and a trailing one ("5.") are accepted; at most 36 digits, of
    /// which leading zeros do not count.
    static std::optional<Decimal> parse(std::string_view text);

    /// The digits as kept, never in exponent form.
    std::string to_string() const;

    /// Digits after the point; negative: trailing zeros.
    std::int32_t scale() const { return scale_; }
    bool is_zero() const { return coefficient_ == 0; }
    bool is_negative() const { return coefficient_ < 0; }
    int significant_digits() const;  ///< as written: 1.50 has 3, 0.05 has 1, 0 has 1

    /// Exact; nothing where the result would need more than 36 digits.
    std::optional<Decimal> times(const Decimal& other) const;
    std::optional<Decimal> plus(const Decimal& other) const;
    std::optional<Decimal> minus(const Decimal& other) const;
    /// Quotient rounded half to even to `digits` (1 to 36) significant digits; nothing for a zero
    /// divisor.
    std::optional<Decimal> divided_by(const Decimal& divisor, int digits) const;
    /// Half to even. A number that carries no more digits (at least 1) stays as it is.
    Decimal rounded_to_significant(int digits) const;
    /// Half to even; zeros are appended where the scale grows and 36 digits allow it.
    Decimal rounded_to_scale(std::int32_t scale) const;
    Decimal negated() const;
    /// 10^exponent, exact.
    static std::optional<Decimal> power_of_ten(int exponent);
    bool is_power_of_ten() const;
    /// Half a unit of the last digit as written: 1.70 -> 0.005.
    Decimal half_unit() const;
    /// Without trailing zeros after the point: 1.50 -> 1.5. For digests and comparison by text.
    Decimal normalised() const;

    double to_double() const;  ///< for charts and logarithms, never for a stored value

    /// By value: 1.5 == 1.50.
    friend std::strong_ordering operator<=>(const Decimal& left, const Decimal& right);
    friend bool operator==(const Decimal& left, const Decimal& right) {
        return (left <=> right) == std::strong_ordering::equal;
    }

private:
    static std::optional<Decimal> make(Coefficient coefficient, std::int64_t scale);

    Coefficient coefficient_ = 0;
    std::int32_t scale_ = 0;
};

}  // namespace labrelay
