#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay::mapping {

/// How often a source is heard from: `<habit silence="PT12H" hours="07:00-19:00"/>`. More silence
/// than that, counted within its hours, is noticed.
struct Habit {
    std::chrono::minutes silence{0};
    std::chrono::minutes from{0};  ///< of the day, where the source stands
    std::chrono::minutes until{std::chrono::hours(24)};

    friend bool operator==(const Habit&, const Habit&) = default;
};

/// `PT30M`, `PT12H`, `PT1H30M`, `P2D`: whole minutes, more than none. Nothing where it is no such
/// duration.
std::optional<std::chrono::minutes> parse_duration(std::string_view text);
/// `07:00-19:00`, on one day; the habit with these hours. Nothing where it is not of that form.
std::optional<Habit> with_hours(Habit habit, std::string_view hours);

/// The time between two instants that falls into the habit's hours. Days are taken as 24 hours:
/// where the clocks change it is an hour out.
std::chrono::minutes silence_between(const Habit& habit, const Zone& zone, Instant last,
                                     Instant now);

}  // namespace labrelay::mapping
