// Logarithms of viral loads. Every result is proved: it is computed with 64 bits of mantissa,
// widened by more than the error that this can have, and given out only where both ends of the
// widened interval print the same digits. The bounds of an interval are rounded outwards, so that a
// threshold inside it stays inside.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "labrelay/units/analyte_units.hpp"

namespace labrelay::units {
namespace {

static_assert(std::numeric_limits<long double>::digits >= 64);

// 10^v with |v| <= 12.5: v is off by at most 2^-64 of itself (12.5 * ln 10 * 2^-64 = 1.6e-18 of the
// result), powl by one unit of its last place (1.1e-19).
constexpr long double kPowerError = 1e-17L;
// log10 of up to 72 is off by a unit of its last place (3.5e-18) and by the error of its argument
// (1e-19).
constexpr long double kLogError = 1e-16L;

constexpr int kMostDigits = 12;  // far more than an assay carries, far less than is computed
constexpr int kBoundDigits = 15;
constexpr int kPrintedDigits = 30;

std::optional<long double> to_long_double(const Decimal& value) {
    const std::string text = value.to_string();
    long double read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return read;
}

std::optional<Decimal> to_decimal(long double value) {
    std::array<char, 64> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value,
                                            std::chars_format::scientific, kPrintedDigits);
    if (error != std::errc()) {
        return std::nullopt;
    }
    return Decimal::parse(
        std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

struct Enclosure {
    Decimal low;
    Decimal high;
};

std::optional<Enclosure> enclose(long double least, long double most) {
    const auto low = to_decimal(least);
    const auto high = to_decimal(most);
    if (!low || !high) {
        return std::nullopt;
    }
    return Enclosure{*low, *high};
}

std::optional<Enclosure> power_of_ten(const Decimal& exponent) {
    const auto read = to_long_double(exponent);
    if (!read) {
        return std::nullopt;
    }
    const long double power = std::pow(10.0L, *read);
    return enclose(power * (1 - kPowerError), power * (1 + kPowerError));
}

Decimal one_unit(const Decimal& value) {
    return {1, value.scale()};
}

Decimal rounded_down(const Decimal& value) {
    const Decimal rounded = value.rounded_to_significant(kBoundDigits);
    return rounded > value ? rounded.minus(one_unit(rounded)).value_or(rounded) : rounded;
}

Decimal rounded_up(const Decimal& value) {
    const Decimal rounded = value.rounded_to_significant(kBoundDigits);
    return rounded < value ? rounded.plus(one_unit(rounded)).value_or(rounded) : rounded;
}

std::optional<Decimal> central_value(const Decimal& log10_value) {
    const Decimal plain = log10_value.normalised();
    if (plain.scale() <= 0) {  // 2.00 is 100, with the two digits that the logarithm carries
        const auto exact = Decimal::power_of_ten(static_cast<int>(plain.to_double()));
        const std::int32_t shown = std::max(0, log10_value.scale() - 1);
        return exact ? std::optional(exact->rounded_to_scale(exact->scale() + shown))
                     : std::nullopt;
    }
    const auto enclosure = power_of_ten(log10_value);
    const int digits = log10_value.scale();
    if (!enclosure || enclosure->low.rounded_to_significant(digits) !=
                          enclosure->high.rounded_to_significant(digits)) {
        return std::nullopt;
    }
    return enclosure->low.rounded_to_significant(digits);
}

}  // namespace

std::optional<LogInterval> copies_from_log10(const Decimal& log10_value) {
    if (log10_value < Decimal(-2, 0) || log10_value > Decimal(12, 0) ||
        log10_value.scale() > kMostDigits) {
        return std::nullopt;
    }
    const Decimal half = log10_value.half_unit();
    const auto least = log10_value.minus(half);
    const auto most = log10_value.plus(half);
    const auto value = central_value(log10_value);
    if (!least || !most || !value) {
        return std::nullopt;
    }
    const auto low = power_of_ten(*least);
    const auto high = power_of_ten(*most);
    if (!low || !high) {
        return std::nullopt;
    }
    return LogInterval{*value, rounded_down(low->low), rounded_up(high->high)};
}

std::optional<Decimal> log10_of(const Decimal& value, int scale) {
    if (value.is_zero() || value.is_negative() || scale < 0 || scale > kMostDigits) {
        return std::nullopt;
    }
    if (value.is_power_of_ten()) {
        return Decimal(value.significant_digits() - 1 - value.scale(), 0).rounded_to_scale(scale);
    }
    const auto read = to_long_double(value);
    if (!read) {
        return std::nullopt;
    }
    const long double log = std::log10(*read);
    const auto enclosure = enclose(log - kLogError, log + kLogError);
    if (!enclosure ||
        enclosure->low.rounded_to_scale(scale) != enclosure->high.rounded_to_scale(scale)) {
        return std::nullopt;
    }
    return enclosure->low.rounded_to_scale(scale);
}

}  // namespace labrelay::units
