#include "labrelay/core/months.hpp"

#include <fmt/format.h>

namespace labrelay {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::year_month;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

LocalDay last_day_of(year_month month) {
    return LocalDay(year_month_day_last(month.year(), std::chrono::month_day_last(month.month())));
}

}  // namespace

LocalDay plus_months(LocalDay day, int count) {
    const year_month_day date(day);
    const year_month month = year_month(date.year(), date.month()) + months(count);
    const year_month_day same_day(month.year(), month.month(), date.day());
    return same_day.ok() ? LocalDay(same_day) : last_day_of(month);
}

int whole_months(LocalDay from, LocalDay to) {
    if (to <= from) {
        return 0;
    }
    const year_month_day begin(from);
    const year_month_day end(to);
    const auto between =
        year_month(end.year(), end.month()) - year_month(begin.year(), begin.month());
    const int count = static_cast<int>(between.count());
    return plus_months(from, count) <= to ? count : count - 1;
}

DaySpan days_of(const Timestamp& date) {
    const year_month_day first(date.day);
    switch (date.precision) {
        case Precision::year:
            return {date.day, LocalDay(first.year() / std::chrono::December / 31)};
        case Precision::month:
            return {date.day, last_day_of(year_month(first.year(), first.month()))};
        case Precision::day:
        case Precision::hour:
        case Precision::minute:
        case Precision::second:
        case Precision::fraction:
            break;
    }
    return {date.day, date.day};
}

std::string to_date_text(const Timestamp& date) {
    constexpr std::size_t kYear = 4;
    constexpr std::size_t kMonth = 7;
    const std::string day = to_string(date.day);
    switch (date.precision) {
        case Precision::year:
            return day.substr(0, kYear);
        case Precision::month:
            return day.substr(0, kMonth);
        case Precision::day:
        case Precision::hour:
        case Precision::minute:
        case Precision::second:
        case Precision::fraction:
            break;
    }
    return day;
}

}  // namespace labrelay
