#include "times.hpp"

namespace labrelay::store {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kMinutesADay = 1440;

std::int64_t wall_of(LocalDay day, microseconds time_of_day) {
    return (microseconds(day.time_since_epoch()) + time_of_day).count();
}

LocalDay day_of(std::int64_t wall) {
    return std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<microseconds>(microseconds(wall)));
}

microseconds time_of(std::int64_t wall) {
    return microseconds(wall) - microseconds(day_of(wall).time_since_epoch());
}

}  // namespace

TimeColumns to_columns(const std::optional<Timestamp>& time,
                       const std::optional<LocalTime>& local) {
    TimeColumns columns;
    if (time) {
        columns.text = time->text;
        columns.wall = wall_of(time->day, time->time_of_day);
        columns.shape = static_cast<std::int64_t>(time->precision) +
                        (time->offset ? 8 * (time->offset->count() + kMinutesADay) : 0);
    }
    if (local) {
        columns.local_wall = wall_of(local->day, local->time_of_day);
        columns.local_shape =
            (local->has_time ? 1 : 0) + 2 * static_cast<std::int64_t>(local->offset_from);
        if (local->instant) columns.instant_us = local->instant->microseconds;
    }
    return columns;
}

std::optional<Timestamp> timestamp_from(const TimeColumns& columns) {
    if (!columns.wall || !columns.shape) return std::nullopt;
    Timestamp time;
    time.text = std::string(columns.text);
    time.precision = static_cast<Precision>(*columns.shape % 8);
    time.day = day_of(*columns.wall);
    time.time_of_day = time_of(*columns.wall);
    if (*columns.shape >= 8) time.offset = std::chrono::minutes(*columns.shape / 8 - kMinutesADay);
    return time;
}

std::optional<LocalTime> local_time_from(const TimeColumns& columns) {
    if (!columns.local_wall || !columns.local_shape) return std::nullopt;
    LocalTime local;
    local.day = day_of(*columns.local_wall);
    local.time_of_day = time_of(*columns.local_wall);
    local.has_time = *columns.local_shape % 2 == 1;
    local.offset_from = static_cast<LocalTime::OffsetFrom>(*columns.local_shape / 2);
    if (columns.instant_us) local.instant = Instant{*columns.instant_us};
    return local;
}

}  // namespace labrelay::store
