#include <fmt/format.h>

#include "labrelay/core/time.hpp"
#include "labrelay/targets/sdtm.hpp"

namespace labrelay::targets {
namespace {

/// The digits of a fraction of a second as they were sent, with the point.
std::string fraction_of(std::string_view sent) {
    const std::size_t point = sent.find('.');
    if (point == std::string_view::npos) {
        return {};
    }
    const std::size_t end = sent.find_first_not_of("0123456789", point + 1);
    return std::string(sent.substr(point, end == std::string_view::npos ? end : end - point));
}

std::string offset_of(const Timestamp& time) {
    if (!time.offset) {
        return {};
    }
    const auto minutes = time.offset->count();
    const auto size = minutes < 0 ? -minutes : minutes;
    return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::string clock_of(const Timestamp& time, std::string_view sent) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_of_day).count();
    std::string text = fmt::format("T{:02}", seconds / 3600);
    if (time.precision >= Precision::minute) {
        text += fmt::format(":{:02}", seconds / 60 % 60);
    }
    if (time.precision >= Precision::second) {
        text += fmt::format(":{:02}", seconds % 60);
    }
    if (time.precision == Precision::fraction) {
        text += fraction_of(sent);
    }
    return text + offset_of(time);
}

}  // namespace

std::string sdtm_time(std::string_view sent) {
    Result<Timestamp> time = parse_hl7_time(sent);
    if (!time) {
        time = parse_iso_time(sent);
    }
    if (!time) {
        return {};
    }
    const std::string day = to_string(time->day);
    switch (time->precision) {
        case Precision::year:
            return day.substr(0, 4);
        case Precision::month:
            return day.substr(0, 7);
        case Precision::day:
            return day;
        case Precision::hour:
        case Precision::minute:
        case Precision::second:
        case Precision::fraction:
            return day + clock_of(*time, sent);
    }
    return {};
}

}  // namespace labrelay::targets
