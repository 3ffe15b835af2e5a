#include "labrelay/core/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace labrelay {
namespace {

using Coefficient = Decimal::Coefficient;

// 10^0 … 10^38: the largest power below 2^127. Room above 36 digits lets an operand be aligned
// before the result is judged.
constexpr int kTableDigits = 38;
constexpr auto kPowers = [] {
    std::array<Coefficient, kTableDigits + 1> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) {
        powers[i] = powers[i - 1] * 10;
    }
    return powers;
}();

Coefficient power(int exponent) {
    return kPowers[static_cast<std::size_t>(exponent)];
}

Coefficient magnitude(Coefficient value) {
    return value < 0 ? -value : value;
}

int digit_count(Coefficient value) {
    const auto* above = std::ranges::upper_bound(kPowers, magnitude(value));
    return std::max(1, static_cast<int>(above - kPowers.begin()));
}

// value / divisor, half to even; divisor > 0.
Coefficient divide_half_even(Coefficient value, Coefficient divisor) {
    const Coefficient quotient = value / divisor;
    const Coefficient twice = magnitude(value % divisor) * 2;
    const bool away = twice > divisor || (twice == divisor && quotient % 2 != 0);
    if (!away) {
        return quotient;
    }
    return value < 0 ? quotient - 1 : quotient + 1;
}

// Nothing where the aligned number would leave 38 digits; then no sum with a 36-digit number fits
// either.
std::optional<Coefficient> shifted_up(Coefficient value, std::int64_t places) {
    if (value == 0) {
        return value;
    }
    if (places + digit_count(value) > kTableDigits) {
        return std::nullopt;
    }
    return value * power(static_cast<int>(places));
}

struct Scanned {
    Coefficient coefficient = 0;
    std::int64_t scale = 0;
    std::size_t length = 0;
    bool any_digit = false;
    bool too_long = false;
};

Scanned scan_digits(std::string_view text) {
    Scanned scanned;
    bool point = false;
    int digits = 0;
    for (; scanned.length < text.size(); ++scanned.length) {
        const char c = text[scanned.length];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') {
            break;
        }
        scanned.any_digit = true;
        digits += scanned.coefficient != 0 || c != '0' ? 1 : 0;
        if (digits > Decimal::kMaxDigits) {
            scanned.too_long = true;
            break;
        }
        scanned.coefficient = scanned.coefficient * 10 + (c - '0');
        scanned.scale += point ? 1 : 0;
    }
    return scanned;
}

// `text` stands behind the e. Nothing beyond three significant digits: no such number fits.
std::optional<std::int64_t> scan_exponent(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return std::nullopt;
    }
    std::int64_t exponent = 0;
    for (const char c : text) {
        if (c < '0' || c > '9' || exponent > 99) {
            return std::nullopt;
        }
        exponent = exponent * 10 + (c - '0');
    }
    return negative ? -exponent : exponent;
}

}  // namespace

Decimal::Decimal(std::int64_t coefficient, std::int32_t scale)
    : coefficient_(coefficient), scale_(scale) {}

std::optional<Decimal> Decimal::make(Coefficient coefficient, std::int64_t scale) {
    if (coefficient == 0) {
        scale = std::max<std::int64_t>(scale, 0);  // zero has no trailing zeros to stand for
    }
    if (magnitude(coefficient) >= power(kMaxDigits) || scale > kMaxScale || scale < -kMaxScale) {
        return std::nullopt;
    }
    Decimal made;
    made.coefficient_ = coefficient;
    made.scale_ = static_cast<std::int32_t>(scale);
    return made;
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
    bool negative = false;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    const Scanned scanned = scan_digits(text);
    if (!scanned.any_digit || scanned.too_long) {
        return std::nullopt;
    }
    text.remove_prefix(scanned.length);
    std::int64_t exponent = 0;
    if (!text.empty()) {
        if (text.front() != 'e' && text.front() != 'E') {
            return std::nullopt;
        }
        const auto scanned_exponent = scan_exponent(text.substr(1));
        if (!scanned_exponent) {
            return std::nullopt;
        }
        exponent = *scanned_exponent;
    }
    return make(negative ? -scanned.coefficient : scanned.coefficient, scanned.scale - exponent);
}

std::string Decimal::to_string() const {
    std::string digits;
    Coefficient rest = magnitude(coefficient_);
    do {
        digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
        rest /= 10;
    } while (rest != 0);
    if (scale_ > 0) {
        const auto scale = static_cast<std::size_t>(scale_);
        if (digits.size() <= scale) {
            digits.append(scale + 1 - digits.size(), '0');
        }
        digits.insert(scale, 1, '.');
    }
    if (coefficient_ < 0) {
        digits.push_back('-');
    }
    std::ranges::reverse(digits);
    if (scale_ < 0 && coefficient_ != 0) {
        digits.append(static_cast<std::size_t>(-scale_), '0');
    }
    return digits;
}

int Decimal::significant_digits() const {
    return digit_count(coefficient_);
}

std::optional<Decimal> Decimal::times(const Decimal& other) const {
    const Coefficient left = magnitude(coefficient_);
    const Coefficient right = magnitude(other.coefficient_);
    if (left != 0 && right > power(kMaxDigits) / left) {
        return std::nullopt;
    }
    return make(coefficient_ * other.coefficient_, std::int64_t{scale_} + other.scale_);
}

std::optional<Decimal> Decimal::plus(const Decimal& other) const {
    const std::int64_t scale = std::max(scale_, other.scale_);
    const auto left = shifted_up(coefficient_, scale - scale_);
    const auto right = shifted_up(other.coefficient_, scale - other.scale_);
    if (!left || !right) {
        return std::nullopt;
    }
    return make(*left + *right, scale);
}

std::optional<Decimal> Decimal::minus(const Decimal& other) const {
    return plus(other.negated());
}

std::optional<Decimal> Decimal::divided_by(const Decimal& divisor, int digits) const {
    if (divisor.is_zero() || digits < 1 || digits > kMaxDigits) {
        return std::nullopt;
    }
    std::int64_t scale = std::int64_t{scale_} - divisor.scale_;
    if (is_zero()) {
        return make(0, std::clamp<std::int64_t>(scale, 0, kMaxScale));
    }
    const Coefficient by = magnitude(divisor.coefficient_);
    Coefficient quotient = magnitude(coefficient_) / by;
    Coefficient rest = magnitude(coefficient_) % by;
    // Long division until one digit more than asked for stands there; what is left over only
    // matters as "not nothing", and is put into a last digit that can neither be 0 nor 5 by itself.
    while (quotient < power(digits)) {
        rest *= 10;
        quotient = quotient * 10 + rest / by;
        rest %= by;
        ++scale;
    }
    quotient = quotient * 10 + (rest != 0 ? 1 : 0);
    ++scale;
    const int surplus = digit_count(quotient) - digits;
    quotient = divide_half_even(quotient, power(surplus));
    scale -= surplus;
    if (quotient == power(digits)) {
        quotient /= 10;
        --scale;
    }
    return make(is_negative() == divisor.is_negative() ? quotient : -quotient, scale);
}

Decimal Decimal::rounded_to_significant(int digits) const {
    const int wanted = std::max(1, digits);
    const int surplus = significant_digits() - wanted;
    if (surplus <= 0) {
        return *this;
    }
    Decimal rounded;
    rounded.coefficient_ = divide_half_even(coefficient_, power(surplus));
    rounded.scale_ = scale_ - surplus;
    if (magnitude(rounded.coefficient_) == power(wanted)) {
        rounded.coefficient_ /= 10;
        --rounded.scale_;
    }
    return rounded;
}

Decimal Decimal::rounded_to_scale(std::int32_t scale) const {
    Decimal rounded = *this;
    if (scale >= scale_) {
        const auto padded = shifted_up(coefficient_, std::int64_t{scale} - scale_);
        return padded ? make(*padded, scale).value_or(rounded) : rounded;
    }
    const std::int64_t surplus = std::int64_t{scale_} - scale;
    rounded.coefficient_ =
        surplus > kMaxDigits ? 0 : divide_half_even(coefficient_, power(static_cast<int>(surplus)));
    rounded.scale_ = rounded.is_zero() ? std::max(scale, 0) : scale;
    return rounded;
}

Decimal Decimal::negated() const {
    Decimal negated = *this;
    negated.coefficient_ = -coefficient_;
    return negated;
}

std::optional<Decimal> Decimal::power_of_ten(int exponent) {
    return make(1, -std::int64_t{exponent});
}

bool Decimal::is_power_of_ten() const {
    return coefficient_ > 0 && power(significant_digits() - 1) == coefficient_;
}

Decimal Decimal::half_unit() const {
    Decimal half;
    half.coefficient_ = 5;
    half.scale_ = scale_ + 1;
    return half;
}

Decimal Decimal::normalised() const {
    Decimal plain = *this;
    while (plain.scale_ > 0 && plain.coefficient_ % 10 == 0) {
        plain.coefficient_ /= 10;
        --plain.scale_;
    }
    return plain;
}

double Decimal::to_double() const {
    const std::string text = to_string();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::strong_ordering operator<=>(const Decimal& left, const Decimal& right) {
    const auto sign = [](const Decimal& value) {
        return value.is_zero() ? 0 : value.is_negative() ? -1 : 1;
    };
    if (sign(left) != sign(right) || left.is_zero()) {
        return sign(left) <=> sign(right);
    }
    // The same sign: first the place of the leading digit, then the digits brought to one length.
    const int left_digits = left.significant_digits();
    const int right_digits = right.significant_digits();
    const std::int64_t left_place = std::int64_t{left_digits} - left.scale_;
    const std::int64_t right_place = std::int64_t{right_digits} - right.scale_;
    if (left_place != right_place) {
        return left.is_negative() ? right_place <=> left_place : left_place <=> right_place;
    }
    const int length = std::max(left_digits, right_digits);
    const Coefficient left_aligned = left.coefficient_ * power(length - left_digits);
    const Coefficient right_aligned = right.coefficient_ * power(length - right_digits);
    return left_aligned < right_aligned   ? std::strong_ordering::less
           : left_aligned > right_aligned ? std::strong_ordering::greater
                                          : std::strong_ordering::equal;
}

}  // namespace labrelay
