#include "calendar.hpp"

#include <fmt/format.h>

namespace labrelay::simulate {
namespace {

constexpr int kMinutesADay = 24 * 60;
constexpr int kSiteOffsetMinutes = 8 * 60;

struct Date {
    int year;
    unsigned month;
    unsigned day;
};

Date date_of(Day day) {
    const std::chrono::year_month_day ymd{day};
    return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
            static_cast<unsigned>(ymd.day())};
}

}  // namespace

Day make_day(int year, unsigned month, unsigned day) {
    return Day{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
}

Moment at(Day day, int hour, int minute) {
    return {day, hour * 60 + minute};
}

Moment plus_minutes(Moment moment, int minutes) {
    int total = moment.minute + minutes;
    int days = total / kMinutesADay;
    total %= kMinutesADay;
    if (total < 0) {
        total += kMinutesADay;
        --days;
    }
    return {moment.day + std::chrono::days{days}, total};
}

int days_between(Day from, Day to) {
    return static_cast<int>((to - from).count());
}

std::string hl7_day(Day day) {
    const Date date = date_of(day);
    return fmt::format("{:04}{:02}{:02}", date.year, date.month, date.day);
}

std::string hl7_minute(Moment moment) {
    return fmt::format("{}{:02}{:02}", hl7_day(moment.day), moment.minute / 60, moment.minute % 60);
}

std::string hl7_second(Moment moment) {
    return hl7_minute(moment) + "00";
}

std::string hl7_with_offset(Moment moment) {
    return hl7_second(moment) + "+0800";
}

std::string hl7_utc(Moment moment) {
    return hl7_second(plus_minutes(moment, -kSiteOffsetMinutes)) + "+0000";
}

std::string iso_day(Day day) {
    const Date date = date_of(day);
    return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string iso_minute(Moment moment) {
    return fmt::format("{}T{:02}:{:02}", iso_day(moment.day), moment.minute / 60,
                       moment.minute % 60);
}

}  // namespace labrelay::simulate
