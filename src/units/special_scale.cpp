#include "special_scale.hpp"

#include <boost/multiprecision/cpp_dec_float.hpp>

#include "rational_value.hpp"

namespace labrelay::units {
namespace mp = boost::multiprecision;
namespace {

using Long = mp::number<mp::cpp_dec_float<100>>;

constexpr int kFarthest = 400;
constexpr int kKeptDigits = 90;

Long long_of(const Rational& number) {
    return Long(number.value().numerator) / Long(number.value().denominator);
}

/// The digits that are right, as a fraction.
Rational rational_of(const Long& number) {
    if (number.is_zero()) {
        return Rational();
    }
    const int place = static_cast<int>(mp::floor(mp::log10(mp::abs(number))).convert_to<long>());
    const int scale = kKeptDigits - 1 - place;
    const Whole digits(mp::round(number * mp::pow(Long(10), scale)).convert_to<Whole>());
    return make_rational(digits, Whole(1)).times(Rational::ten_to_the(-scale));
}

std::optional<int> whole_of(const Rational& number) {
    if (number.value().denominator != 1) {
        return std::nullopt;
    }
    return number.value().numerator.convert_to<int>();
}

bool within(const Rational& exponent) {
    return exponent <= Rational(kFarthest) && exponent >= Rational(-kFarthest);
}

std::optional<Rational> power(const Long& base, const Rational& exact_base,
                              const Rational& exponent) {
    if (!within(exponent)) {
        return std::nullopt;
    }
    if (const auto whole = whole_of(exponent)) {
        return exact_base.to_the(*whole);
    }
    return rational_of(mp::pow(base, long_of(exponent)));
}

std::optional<Rational> log_10(const Rational& number) {
    if (number.is_zero() || number.is_negative()) {
        return std::nullopt;
    }
    if (const auto exact = number.power_of_ten()) {
        return Rational(*exact);
    }
    return rational_of(mp::log10(long_of(number)));
}

std::optional<Rational> log_2(const Rational& number) {
    if (number.is_zero() || number.is_negative()) {
        return std::nullopt;
    }
    const auto bits = [](const Whole& whole) -> std::optional<std::int64_t> {
        const std::size_t top = mp::msb(whole);
        return mp::lsb(whole) == top ? std::optional(static_cast<std::int64_t>(top)) : std::nullopt;
    };
    const auto above = bits(number.value().numerator);
    const auto below = bits(number.value().denominator);
    if (above && below) {
        return Rational(*above - *below);
    }
    return rational_of(mp::log(long_of(number)) / mp::log(Long(2)));
}

std::optional<Rational> natural_log(const Rational& number) {
    if (number.is_zero() || number.is_negative()) {
        return std::nullopt;
    }
    return rational_of(mp::log(long_of(number)));
}

std::optional<Rational> natural_power(const Rational& exponent) {
    if (exponent.is_zero()) {
        return Rational(1);
    }
    return within(exponent) ? std::optional(rational_of(mp::exp(long_of(exponent)))) : std::nullopt;
}

std::optional<Rational> times(const std::optional<Rational>& number, const Rational& factor) {
    return number ? std::optional(number->times(factor)) : std::nullopt;
}

const Rational& ice_point() {
    static const Rational kKelvin(Decimal(27315, 2));
    return kKelvin;
}

const Rational& fahrenheit_zero() {
    static const Rational kDegrees(Decimal(45967, 2));
    return kDegrees;
}

const Rational& fifth_ninths() {
    static const Rational kRatio = Rational(5).over(Rational(9));
    return kRatio;
}

const Rational& five_quarters() {
    static const Rational kRatio = Rational(5).over(Rational(4));
    return kRatio;
}

}  // namespace

std::optional<Rational> to_proper(Scale scale, const Rational& number) {
    static const Long kTen(10);
    static const Rational kExactTen(10);
    switch (scale) {
        case Scale::proportional:
            return number;
        case Scale::celsius:
            return number.plus(ice_point());
        case Scale::fahrenheit:
            return number.plus(fahrenheit_zero()).times(fifth_ninths());
        case Scale::reaumur:
            return number.times(five_quarters()).plus(ice_point());
        case Scale::minus_log10:
            return power(kTen, kExactTen, number.times(Rational(-1)));
        case Scale::log10:
            return power(kTen, kExactTen, number);
        case Scale::twice_log10:
            return power(kTen, kExactTen, number.over(Rational(2)));
        case Scale::natural_log:
            return natural_power(number);
        case Scale::log2:
            return power(Long(2), Rational(2), number);
    }
    return std::nullopt;
}

std::optional<Rational> from_proper(Scale scale, const Rational& multiple) {
    switch (scale) {
        case Scale::proportional:
            return multiple;
        case Scale::celsius:
            return multiple.minus(ice_point());
        case Scale::fahrenheit:
            return multiple.over(fifth_ninths()).minus(fahrenheit_zero());
        case Scale::reaumur:
            return multiple.minus(ice_point()).over(five_quarters());
        case Scale::minus_log10:
            return times(log_10(multiple), Rational(-1));
        case Scale::log10:
            return log_10(multiple);
        case Scale::twice_log10:
            return times(log_10(multiple), Rational(2));
        case Scale::natural_log:
            return natural_log(multiple);
        case Scale::log2:
            return log_2(multiple);
    }
    return std::nullopt;
}

}  // namespace labrelay::units
