#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay::store {

/// A Timestamp and its LocalTime as columns: exact, without parsing the text again. Wall times are
/// microseconds of the calendar's face since 1970-01-01 00:00, whatever the zone.
///
/// `shape` of a Timestamp: precision, + 8 * (offset in minutes + 1440) where there is an offset (so
/// that 0 to 7 means none). `local_shape`: 1 where it has a time, + 2 * where its offset came from.
struct TimeColumns {
    std::string_view text;
    std::optional<std::int64_t> wall;
    std::optional<std::int64_t> shape;
    std::optional<std::int64_t> local_wall;
    std::optional<std::int64_t> local_shape;
    std::optional<std::int64_t> instant_us;
};

/// The result borrows the timestamp's text.
TimeColumns to_columns(const std::optional<Timestamp>& time, const std::optional<LocalTime>& local);
std::optional<Timestamp> timestamp_from(const TimeColumns& columns);
std::optional<LocalTime> local_time_from(const TimeColumns& columns);

}  // namespace labrelay::store
