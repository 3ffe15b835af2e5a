#include "labrelay/units/rational.hpp"

#include <fmt/format.h>

#include <utility>

#include "rational_value.hpp"

namespace labrelay::units {
namespace mp = boost::multiprecision;
namespace {

// log10(2) = 0.30103: the number of decimal digits of an n-bit number is this or one more.
constexpr double kDigitsPerBit = 0.30102999566398119521;

std::size_t bits_of(const Whole& number) {
    return number.is_zero() ? 0 : mp::msb(mp::abs(number)) + 1;
}

}  // namespace

Whole whole_power_of_ten(int exponent) {
    return mp::pow(Whole(10), static_cast<unsigned>(exponent));
}

Rational make_rational(Whole numerator, Whole denominator) {
    if (denominator.sign() < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    const Whole common = mp::gcd(numerator, denominator);
    if (common > 1) {
        numerator /= common;
        denominator /= common;
    }
    return Rational(std::make_shared<const Rational::Value>(
        Rational::Value{std::move(numerator), std::move(denominator)}));
}

Whole divide_half_even(const Whole& numerator, const Whole& denominator) {
    Whole quotient;
    Whole rest;
    mp::divide_qr(numerator, denominator, quotient, rest);
    const Whole twice = mp::abs(rest) * 2;
    if (twice > denominator || (twice == denominator && mp::bit_test(mp::abs(quotient), 0))) {
        quotient += numerator.sign() < 0 ? -1 : 1;
    }
    return quotient;
}

std::optional<Decimal> make_decimal(const Whole& coefficient, int scale) {
    return Decimal::parse(fmt::format("{}e{}", coefficient.str(), -scale));
}

const Rational::Value& Rational::value() const {
    static const Value kZero{};
    return value_ ? *value_ : kZero;
}

Rational::Rational(std::int64_t whole) : Rational(make_rational(Whole(whole), Whole(1))) {}

Rational::Rational(const Decimal& decimal) {
    std::string digits = decimal.to_string();
    if (const std::size_t point = digits.find('.'); point != std::string::npos) {
        digits.erase(point, 1);
    }
    const bool negative = !digits.empty() && digits.front() == '-';
    // A leading zero would make the number octal.
    const std::size_t first = digits.find_first_of("123456789");
    Whole coefficient = first == std::string::npos ? Whole(0) : Whole(digits.substr(first));
    if (negative) {
        coefficient = -coefficient;
    }
    const int scale = decimal.scale();
    *this = make_rational(std::move(coefficient), whole_power_of_ten(scale > 0 ? scale : 0));
}

std::optional<Rational> Rational::whole(std::string_view digits) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t first = digits.find_first_not_of('0');
    return make_rational(
        first == std::string_view::npos ? Whole(0) : Whole(std::string(digits.substr(first))),
        Whole(1));
}

Rational Rational::ten_to_the(int exponent) {
    return exponent >= 0 ? make_rational(whole_power_of_ten(exponent), Whole(1))
                         : make_rational(Whole(1), whole_power_of_ten(-exponent));
}

Rational Rational::plus(const Rational& other) const {
    const Value& left = value();
    const Value& right = other.value();
    return make_rational(left.numerator * right.denominator + right.numerator * left.denominator,
                         left.denominator * right.denominator);
}

Rational Rational::minus(const Rational& other) const {
    const Value& left = value();
    const Value& right = other.value();
    return make_rational(left.numerator * right.denominator - right.numerator * left.denominator,
                         left.denominator * right.denominator);
}

Rational Rational::times(const Rational& other) const {
    const Value& left = value();
    const Value& right = other.value();
    return make_rational(left.numerator * right.numerator, left.denominator * right.denominator);
}

Rational Rational::over(const Rational& divisor) const {
    const Value& left = value();
    const Value& right = divisor.value();
    return make_rational(left.numerator * right.denominator, left.denominator * right.numerator);
}

Rational Rational::to_the(int exponent) const {
    const Value& base = value();
    const auto power = static_cast<unsigned>(exponent < 0 ? -exponent : exponent);
    Whole numerator = mp::pow(base.numerator, power);
    Whole denominator = mp::pow(base.denominator, power);
    if (exponent < 0) {
        std::swap(numerator, denominator);
    }
    return make_rational(std::move(numerator), std::move(denominator));
}

bool Rational::is_zero() const {
    return value().numerator.is_zero();
}

bool Rational::is_negative() const {
    return value().numerator.sign() < 0;
}

std::size_t Rational::bits() const {
    return std::max(bits_of(value().numerator), bits_of(value().denominator));
}

int Rational::leading_place() const {
    if (is_zero()) {
        return 0;
    }
    const Whole above = mp::abs(value().numerator);
    const Whole& below = value().denominator;
    // A first guess from the lengths, off by one at most in either direction, then made exact.
    int place = static_cast<int>(
        (static_cast<double>(bits_of(above)) - static_cast<double>(bits_of(below))) *
        kDigitsPerBit);
    const auto reaches = [&](int exponent) {  // |x| >= 10^exponent
        return exponent >= 0 ? above >= below * whole_power_of_ten(exponent)
                             : above * whole_power_of_ten(-exponent) >= below;
    };
    while (!reaches(place)) {
        --place;
    }
    while (reaches(place + 1)) {
        ++place;
    }
    return place;
}

std::optional<int> Rational::power_of_ten() const {
    if (is_zero() || is_negative()) {
        return std::nullopt;
    }
    const int place = leading_place();
    return *this == ten_to_the(place) ? std::optional(place) : std::nullopt;
}

std::optional<Decimal> Rational::rounded_to_scale(int scale) const {
    const Value& own = value();
    const Whole rounded =
        scale >= 0 ? divide_half_even(own.numerator * whole_power_of_ten(scale), own.denominator)
                   : divide_half_even(own.numerator, own.denominator * whole_power_of_ten(-scale));
    return make_decimal(rounded, scale);
}

std::optional<Decimal> Rational::rounded_to_significant(int digits) const {
    if (is_zero()) {
        return Decimal(0, 0);
    }
    // 9.996 to three digits is 10.00 to two places: one digit less behind the point.
    const int scale = digits - 1 - leading_place();
    const auto rounded = rounded_to_scale(scale);
    return rounded && rounded->significant_digits() > digits ? rounded_to_scale(scale - 1)
                                                             : rounded;
}

std::string Rational::numerator() const {
    return value().numerator.str();
}

std::string Rational::denominator() const {
    return value().denominator.str();
}

std::strong_ordering operator<=>(const Rational& left, const Rational& right) {
    const int compared = Whole(left.value().numerator * right.value().denominator)
                             .compare(Whole(right.value().numerator * left.value().denominator));
    return compared <=> 0;
}

}  // namespace labrelay::units
