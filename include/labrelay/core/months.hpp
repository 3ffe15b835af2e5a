#pragma once

#include "labrelay/core/time.hpp"

namespace labrelay {

/// The day `months` calendar months after `day` (before it, where negative). A month that has no
/// such day ends the count on its last day: 31 August and three months is 30 November.
LocalDay plus_months(LocalDay day, int months);

/// Complete calendar months from one day to a later one; 0 where `to` is not later.
int whole_months(LocalDay from, LocalDay to);

/// The days that a date may be, both included: `2023-05` is any day of that May.
struct DaySpan {
    LocalDay first{};
    LocalDay last{};

    friend bool operator==(const DaySpan&, const DaySpan&) = default;
};
DaySpan days_of(const Timestamp& date);

/// As precise as it is: `2023`, `2023-05`, `2023-05-06`.
std::string to_date_text(const Timestamp& date);

}  // namespace labrelay
