#pragma once

#include <cstdint>
#include <string>

namespace labrelay::simulate {

/// `coefficient` * 10^-`scale`, with its digits kept. The model's own arithmetic: it shares nothing
/// with the engine's Decimal, so that a fault in the one does not hide in the other. Small numbers
/// only.
struct Number {
    std::int64_t coefficient = 0;
    int scale = 0;

    friend bool operator==(const Number&, const Number&) = default;
};

/// `4.996`, never in exponent form.
std::string text(const Number& number);
/// As written: 1.50 has 3, 0.05 has 1.
int significant_digits(const Number& number);
Number times(const Number& left, const Number& right);
/// Half to even; a number with fewer digits stays as it is.
Number rounded_to_significant(const Number& number, int digits);
/// Half to even, to `digits` significant digits. Precondition: both positive.
Number quotient(const Number& dividend, const Number& divisor, int digits);

/// What a study keeps of a reported number: times 1 or a power of ten keeps the digits, any other
/// factor keeps the reported significant digits and two more.
Number converted(const Number& reported, const Number& factor);
/// CD4/CD8 from the two counts: as many significant digits as the shorter count, at least three.
Number ratio_of_counts(const Number& cd4, const Number& cd8);

}  // namespace labrelay::simulate
