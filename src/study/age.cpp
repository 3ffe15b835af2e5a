#include "labrelay/study/age.hpp"

#include <tuple>

namespace labrelay::study {
namespace {

using std::chrono::year_month_day;

int years(const year_month_day& birth, const year_month_day& day) {
    const int whole = static_cast<int>(day.year()) - static_cast<int>(birth.year());
    const bool had_birthday =
        std::tuple(day.month(), day.day()) >= std::tuple(birth.month(), birth.day());
    return had_birthday ? whole : whole - 1;
}

}  // namespace

LocalDay latest_birth(const Timestamp& birth) {
    const year_month_day first{birth.day};
    if (birth.precision == Precision::year) {
        return first.year() / std::chrono::December / 31;
    }
    if (birth.precision == Precision::month) {
        return first.year() / first.month() / std::chrono::last;
    }
    return birth.day;
}

Age years_between(const Timestamp& birth, LocalDay day) {
    const year_month_day at{day};
    return {years(year_month_day{latest_birth(birth)}, at), years(year_month_day{birth.day}, at)};
}

}  // namespace labrelay::study
