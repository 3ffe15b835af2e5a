#include "labrelay/units/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "special_scale.hpp"

namespace labrelay::units {
namespace {

constexpr int kGuardDigits = 2;
constexpr int kExactDigits = 24;

/// The digits that a result has at least and at most.
struct Digits {
    int least = 1;
    int most = kExactDigits;
};

bool is_exact(const Decimal& value, WholeNumber whole) {
    return whole == WholeNumber::exact && value.scale() == 0;
}

Digits digits_of(const Decimal& value, WholeNumber whole) {
    if (is_exact(value, whole)) {
        return {};
    }
    const int reported = value.significant_digits();
    return {reported, std::min(reported + kGuardDigits, Decimal::kMaxDigits)};
}

/// Trailing zeros behind the point go until `least_scale` is left; fewer become as many.
Decimal trimmed_to_scale(const Decimal& rounded, int least_scale) {
    const Decimal plain = rounded.normalised();
    return plain.scale() < least_scale ? plain.rounded_to_scale(least_scale) : plain;
}

Result<Decimal> rounded(const Rational& exact, const Digits& digits) {
    const auto whole = exact.rounded_to_significant(digits.most);
    if (!whole) {
        return fail(Code::conversion_overflow);
    }
    const Decimal plain = whole->normalised();
    const int missing = digits.least - plain.significant_digits();
    return missing > 0 && !plain.is_zero() ? plain.rounded_to_scale(plain.scale() + missing)
                                           : plain;
}

}  // namespace

Result<Conversion> Conversion::between(const Unit& from, const Unit& to) {
    if (!commensurable(from, to)) {
        return fail(Code::units_incommensurable, {},
                    fmt::format("{} measures {}, {} measures {}.", from.text(),
                                from.dimension().text(), to.text(), to.dimension().text()));
    }
    const bool same_scale = from.scale() == to.scale() && from.magnitude() == to.magnitude();
    if (same_scale && from.is_special()) {
        return by(from.step().over(to.step()));
    }
    if (!from.is_special() && !to.is_special()) {
        return by(from.magnitude().over(to.magnitude()));
    }
    Conversion conversion;
    conversion.scales_ = Scales{from, to};
    return conversion;
}

Conversion Conversion::by(Rational factor) {
    Conversion conversion;
    conversion.power_of_ten_ = factor.power_of_ten();
    const auto decimal = factor.rounded_to_significant(Decimal::kMaxDigits);
    if (decimal && Rational(*decimal) == factor) {
        conversion.decimal_ = decimal->normalised();
    }
    conversion.factor_ = std::move(factor);
    return conversion;
}

std::optional<Rational> Conversion::factor() const {
    return scales_ ? std::nullopt : std::optional(factor_);
}

std::optional<Rational> Conversion::exact(const Rational& value) const {
    if (!scales_) {
        return value.times(factor_);
    }
    const auto proper = to_proper(scales_->from.scale(), value.times(scales_->from.step()));
    if (!proper) {
        return std::nullopt;
    }
    const Rational multiple =
        proper->times(scales_->from.magnitude()).over(scales_->to.magnitude());
    const auto number = from_proper(scales_->to.scale(), multiple);
    return number ? std::optional(number->over(scales_->to.step())) : std::nullopt;
}

Result<Decimal> Conversion::operator()(const Decimal& value, WholeNumber whole) const {
    return scales_ ? over_scale(value, whole) : proportional(value, whole);
}

Result<Decimal> Conversion::proportional(const Decimal& value, WholeNumber whole) const {
    if (power_of_ten_) {
        const auto power = Decimal::power_of_ten(*power_of_ten_);
        const auto moved = power ? value.times(*power) : std::nullopt;
        return moved ? Result<Decimal>(*moved) : fail(Code::conversion_overflow);
    }
    if (value.is_zero()) {
        return value;
    }
    if (is_exact(value, whole)) {
        return rounded(Rational(value).times(factor_), {});
    }
    const int digits = digits_of(value, whole).most;
    if (const auto product = decimal_ ? value.times(*decimal_) : std::nullopt) {
        return product->rounded_to_significant(digits);
    }
    const auto result = Rational(value).times(factor_).rounded_to_significant(digits);
    return result ? Result<Decimal>(*result) : fail(Code::conversion_overflow);
}

Result<Decimal> Conversion::over_scale(const Decimal& value, WholeNumber whole) const {
    const Rational reported(value);
    const auto result = exact(reported);
    if (!result) {
        return fail(Code::scale_undefined);
    }
    if (is_exact(value, whole)) {
        return rounded(*result, {});
    }
    // What one unit of the last reported digit moves, as a power of ten.
    const auto beside = exact(reported.plus(Rational::ten_to_the(-value.scale())));
    Rational moved = beside ? beside->minus(*result) : Rational::ten_to_the(-value.scale());
    moved = moved.is_negative() ? Rational().minus(moved) : moved;
    const int place = moved.leading_place();
    const auto at_place = result->rounded_to_scale(kGuardDigits - place);
    if (!at_place) {
        return fail(Code::conversion_overflow);
    }
    const bool whole_place = moved == Rational::ten_to_the(place);
    return trimmed_to_scale(*at_place, whole_place ? -place : -place - 1);
}

namespace {

Result<Quantity> combine(const Quantity& left, const Quantity& right, bool divided,
                         WholeNumber whole) {
    if (left.unit.is_special() || right.unit.is_special()) {
        return fail(Code::unit_special_misused, {},
                    (left.unit.is_special() ? left : right).unit.text());
    }
    if (divided && right.value.is_zero()) {
        return fail(Code::scale_undefined, {}, "Nothing is divided by zero.");
    }
    const Rational first = Rational(left.value).times(left.unit.magnitude());
    const Rational second = Rational(right.value).times(right.unit.magnitude());
    Dimension dimension = left.unit.dimension();
    dimension.add(right.unit.dimension(), divided ? -1 : 1);
    const bool none = dimension.is_none();
    const Result<Unit> unit = none ? Result<Unit>(Unit()) : parse_ucum(dimension.text());
    if (!unit) {
        return tl::unexpected<Error>(unit.error());
    }
    const Digits of_left = digits_of(left.value, whole);
    const Digits of_right = digits_of(right.value, whole);
    const bool only_left = is_exact(right.value, whole);
    const bool only_right = is_exact(left.value, whole);
    const Digits digits = only_left                        ? of_left
                          : only_right                     ? of_right
                          : of_left.least < of_right.least ? of_left
                                                           : of_right;
    const Result<Decimal> value =
        rounded(divided ? first.over(second) : first.times(second), digits);
    if (!value) {
        return tl::unexpected<Error>(value.error());
    }
    return Quantity{*value, *unit};
}

}  // namespace

Result<Quantity> multiply(const Quantity& left, const Quantity& right, WholeNumber whole) {
    return combine(left, right, false, whole);
}

Result<Quantity> divide(const Quantity& left, const Quantity& right, WholeNumber whole) {
    return combine(left, right, true, whole);
}

}  // namespace labrelay::units
