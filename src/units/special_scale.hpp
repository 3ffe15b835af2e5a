#pragma once

#include <optional>

#include "labrelay/units/ucum.hpp"

namespace labrelay::units {

/// A number on a scale as a multiple of its proper unit, and back. Temperatures are exact. So are
/// logarithms of powers of the base; other logarithms are computed with 100 decimal digits, of
/// which 90 are right: far more than the 36 that a result can have. Nothing where there is no such
/// number (the logarithm of zero) or where it lies beyond 10^400.
std::optional<Rational> to_proper(Scale scale, const Rational& number);
std::optional<Rational> from_proper(Scale scale, const Rational& multiple);

}  // namespace labrelay::units
