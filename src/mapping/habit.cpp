#include "labrelay/mapping/habit.hpp"

#include <algorithm>
#include <charconv>

namespace labrelay::mapping {
namespace {

using std::chrono::minutes;

constexpr minutes kDay{std::chrono::hours(24)};
/// A source that was last heard of longer ago is silent by any habit.
constexpr int kMostDays = 400;

std::optional<int> take_number(std::string_view& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || number > 10'000) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool take(std::string_view& text, char c) {
    const bool there = text.starts_with(c);
    text.remove_prefix(there ? 1 : 0);
    return there;
}

std::optional<minutes> take_time_of_day(std::string_view& text) {
    const std::string_view written = text.substr(0, 5);
    const auto hour = take_number(text);
    if (!hour || !take(text, ':')) {
        return std::nullopt;
    }
    const auto minute = take_number(text);
    if (!minute || *minute > 59 || written.size() != 5 || written[2] != ':') {
        return std::nullopt;
    }
    const minutes time = std::chrono::hours(*hour) + minutes(*minute);
    return time <= kDay ? std::optional(time) : std::nullopt;
}

struct LocalMinute {
    LocalDay day;
    minutes time;
};

LocalMinute local_minute(const Zone& zone, Instant instant) {
    const LocalTime local = zone.local(instant);
    return {local.day, std::chrono::floor<minutes>(local.time_of_day)};
}

}  // namespace

std::optional<minutes> parse_duration(std::string_view text) {
    if (!take(text, 'P')) {
        return std::nullopt;
    }
    minutes all{0};
    bool time_part = take(text, 'T');
    while (!text.empty()) {
        const auto number = take_number(text);
        if (!number) {
            return std::nullopt;
        }
        if (!time_part && take(text, 'D')) {
            all += kDay * *number;
            time_part = take(text, 'T');
        } else if (time_part && take(text, 'H')) {
            all += std::chrono::hours(*number);
        } else if (time_part && take(text, 'M')) {
            all += minutes(*number);
        } else {
            return std::nullopt;
        }
    }
    return all.count() > 0 ? std::optional(all) : std::nullopt;
}

std::optional<Habit> with_hours(Habit habit, std::string_view hours) {
    const auto from = take_time_of_day(hours);
    if (!from || !take(hours, '-')) {
        return std::nullopt;
    }
    const auto until = take_time_of_day(hours);
    if (!until || !hours.empty() || *from >= *until) {
        return std::nullopt;
    }
    habit.from = *from;
    habit.until = *until;
    return habit;
}

minutes silence_between(const Habit& habit, const Zone& zone, Instant last, Instant now) {
    const LocalMinute begin = local_minute(zone, last);
    const LocalMinute end = local_minute(zone, now);
    minutes silence{0};
    LocalDay day = std::max(begin.day, end.day - std::chrono::days(kMostDays));
    for (; day <= end.day; day += std::chrono::days(1)) {
        const minutes from = day == begin.day ? std::max(habit.from, begin.time) : habit.from;
        const minutes until = day == end.day ? std::min(habit.until, end.time) : habit.until;
        silence += std::max(until - from, minutes{0});
    }
    return silence;
}

}  // namespace labrelay::mapping
