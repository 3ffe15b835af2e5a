#include "number.hpp"

#include <algorithm>
#include <cstdlib>

namespace labrelay::simulate {
namespace {

__extension__ using Wide = __int128;

Wide power_of_ten(int exponent) {
    Wide result = 1;
    for (int i = 0; i < exponent; ++i) {
        result *= 10;
    }
    return result;
}

int digits_of(Wide value) {
    int digits = 1;
    for (value = value < 0 ? -value : value; value >= 10; value /= 10) {
        ++digits;
    }
    return digits;
}

/// value / divisor, half to even; both positive.
Wide divided_half_even(Wide value, Wide divisor) {
    const Wide whole = value / divisor;
    const Wide twice_rest = (value % divisor) * 2;
    const bool up = twice_rest > divisor || (twice_rest == divisor && whole % 2 == 1);
    return up ? whole + 1 : whole;
}

Number shortened(Wide coefficient, int scale, int digits) {
    const int excess = digits_of(coefficient) - digits;
    if (excess > 0) {
        coefficient = divided_half_even(coefficient, power_of_ten(excess));
        scale -= excess;
        if (digits_of(coefficient) > digits) {  // 9.996 became 10.00
            coefficient /= 10;
            --scale;
        }
    }
    return {static_cast<std::int64_t>(coefficient), scale};
}

bool is_power_of_ten(const Number& number) {
    std::int64_t rest = number.coefficient;
    while (rest != 0 && rest % 10 == 0) {
        rest /= 10;
    }
    return rest == 1;
}

int exponent_of(const Number& power) {
    return digits_of(power.coefficient) - 1 - power.scale;
}

}  // namespace

std::string text(const Number& number) {
    std::string digits = std::to_string(std::abs(number.coefficient));
    if (number.scale > 0) {
        const auto scale = static_cast<std::size_t>(number.scale);
        if (digits.size() <= scale) {
            digits.insert(0, scale + 1 - digits.size(), '0');
        }
        digits.insert(digits.size() - scale, 1, '.');
    } else if (number.coefficient != 0) {
        digits.append(static_cast<std::size_t>(-number.scale), '0');
    }
    return number.coefficient < 0 ? "-" + digits : digits;
}

int significant_digits(const Number& number) {
    return digits_of(number.coefficient);
}

Number times(const Number& left, const Number& right) {
    return {left.coefficient * right.coefficient, left.scale + right.scale};
}

Number rounded_to_significant(const Number& number, int digits) {
    return shortened(number.coefficient, number.scale, digits);
}

Number quotient(const Number& dividend, const Number& divisor, int digits) {
    // One exact division of integers, scaled so that the quotient has at least one digit too many;
    // what it leaves over is kept as a last digit 1, which decides ties only when the tie is not
    // exact.
    const int more = digits + 2 + digits_of(divisor.coefficient);
    const Wide scaled = static_cast<Wide>(dividend.coefficient) * power_of_ten(more);
    Wide whole = (scaled / divisor.coefficient) * 10;
    if (scaled % divisor.coefficient != 0) {
        whole += 1;
    }
    return shortened(whole, dividend.scale - divisor.scale + more + 1, digits);
}

Number converted(const Number& reported, const Number& factor) {
    if (is_power_of_ten(factor)) {
        return {reported.coefficient, reported.scale - exponent_of(factor)};
    }
    return rounded_to_significant(times(reported, factor), significant_digits(reported) + 2);
}

Number ratio_of_counts(const Number& cd4, const Number& cd8) {
    const int digits = std::max(3, std::min(significant_digits(cd4), significant_digits(cd8)));
    return quotient(cd4, cd8, digits);
}

}  // namespace labrelay::simulate
