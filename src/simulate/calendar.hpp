#pragma once

#include <chrono>
#include <compare>
#include <string>

namespace labrelay::simulate {

using Day = std::chrono::sys_days;

/// A local minute at the study's site. The site's clock is +08:00 all year, so the model needs no
/// zones.
struct Moment {
    Day day{};
    int minute = 0;  ///< of the day

    // clang-tidy takes the zero that the defaulted comparison is made of for a pointer.
    friend auto operator<=>(const Moment&,
                            const Moment&) = default;  // NOLINT(modernize-use-nullptr)
};

Day make_day(int year, unsigned month, unsigned day);
Moment at(Day day, int hour, int minute = 0);
Moment plus_minutes(Moment moment, int minutes);
int days_between(Day from, Day to);

std::string hl7_day(Day day);                ///< 20230515
std::string hl7_minute(Moment moment);       ///< 202305150810
std::string hl7_second(Moment moment);       ///< 20230515081000
std::string hl7_with_offset(Moment moment);  ///< 20230515081000+0800
std::string hl7_utc(Moment moment);          ///< the same instant as 20230515001000+0000
std::string iso_day(Day day);                ///< 2023-05-15
std::string iso_minute(Moment moment);       ///< 2023-05-15T08:10

}  // namespace labrelay::simulate
