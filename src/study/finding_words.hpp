#pragma once

#include "labrelay/study/threshold.hpp"

namespace labrelay::study {

// What a result says in words, answered as study/threshold.hpp answers for numbers.

/// Whether the thing looked for is there, in whatever quantity.
Comparison is_detected(const ResultValue& value);

/// Whether an antibody or a test in words is positive.
Comparison is_positive(const ResultValue& value);

}  // namespace labrelay::study
