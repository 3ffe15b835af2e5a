#pragma once

#include "labrelay/core/time.hpp"

namespace labrelay::study {

/// Whole years. Two numbers where the birth date is not whole: it may lie anywhere in its month or
/// year.
struct Age {
    int least = 0;
    int most = 0;

    friend bool operator==(const Age&, const Age&) = default;
};

/// Negative before birth. A birthday on 29 February is kept on 1 March where there is none.
Age years_between(const Timestamp& birth, LocalDay day);

/// The last day on which the birth can have been.
LocalDay latest_birth(const Timestamp& birth);

}  // namespace labrelay::study
