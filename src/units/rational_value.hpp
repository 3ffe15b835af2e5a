#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "labrelay/units/rational.hpp"

namespace labrelay::units {

using Whole = boost::multiprecision::cpp_int;

/// What stands behind a Rational: lowest terms, denominator above zero.
struct Rational::Value {
    Whole numerator;
    Whole denominator = 1;
};

/// 10^exponent; precondition: exponent >= 0.
Whole whole_power_of_ten(int exponent);
/// In lowest terms; precondition: denominator is not zero.
Rational make_rational(Whole numerator, Whole denominator);
/// numerator / denominator rounded half to even; denominator > 0.
Whole divide_half_even(const Whole& numerator, const Whole& denominator);
/// The digits of `coefficient` with the point `scale` digits from their end; nothing where a
/// Decimal cannot carry it.
std::optional<Decimal> make_decimal(const Whole& coefficient, int scale);

}  // namespace labrelay::units
