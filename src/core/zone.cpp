#include <date/tz.h>

#include <exception>
#include <fstream>

#include "labrelay/core/time.hpp"

namespace labrelay {
namespace {

const date::time_zone& as_zone(const void* zone) {
    return *static_cast<const date::time_zone*>(zone);
}

std::int64_t micros_since_epoch(LocalDay day, std::chrono::microseconds time_of_day) {
    return (std::chrono::microseconds(day.time_since_epoch()) + time_of_day).count();
}

// The data that the operating system ships name their version in the first line of tzdata.zi.
std::string version_of_system_data() {
    std::ifstream file("/usr/share/zoneinfo/tzdata.zi");
    std::string line;
    std::getline(file, line);
    constexpr std::string_view kMark = "# version ";
    return line.starts_with(kMark) ? line.substr(kMark.size()) : std::string("unknown");
}

}  // namespace

Result<Zone> Zone::find(std::string_view iana_name) {
    const auto unknown = [&] { return fail(Code::reference_unknown, {}, std::string(iana_name)); };
    // The directory also holds the same zones with leap seconds counted in; they are never meant.
    if (iana_name.starts_with("right/") || iana_name.starts_with("posix/")) {
        return unknown();
    }
    try {
        const date::time_zone* found = date::locate_zone(iana_name);
        // The data are read at the first question; a damaged file must show here, not at the first
        // message.
        found->get_info(date::sys_seconds{});
        Zone zone;
        zone.name_ = std::string(iana_name);
        zone.zone_ = found;
        return zone;
    } catch (const std::exception&) {
        return unknown();  // the library has no other way to say that there is no such zone
    }
}

LocalTime Zone::local(Instant instant) const {
    const date::sys_time<std::chrono::microseconds> time{
        std::chrono::microseconds(instant.microseconds)};
    const auto info = as_zone(zone_).get_info(date::floor<std::chrono::seconds>(time));
    const std::chrono::sys_time<std::chrono::microseconds> local{time.time_since_epoch() +
                                                                 info.offset};
    LocalTime here;
    here.day = std::chrono::floor<std::chrono::days>(local);
    here.time_of_day = local - here.day;
    here.has_time = true;
    here.instant = instant;
    here.offset_from = LocalTime::OffsetFrom::zone;
    return here;
}

Result<LocalTime> Zone::local(const Timestamp& time) const {
    if (!time.has_time()) {
        LocalTime here;
        here.day = time.day;
        return here;
    }
    const std::int64_t written = micros_since_epoch(time.day, time.time_of_day);
    if (time.offset) {
        const auto offset = std::chrono::microseconds(*time.offset).count();
        LocalTime here = local(Instant{written - offset});
        here.offset_from = LocalTime::OffsetFrom::message;
        return here;
    }
    const date::local_time<std::chrono::microseconds> wall{std::chrono::microseconds(written)};
    const auto info = as_zone(zone_).get_info(date::floor<std::chrono::seconds>(wall));
    if (info.result != date::local_info::unique) {
        return fail(Code::collection_time_ambiguous, {}, name_);
    }
    LocalTime here;
    here.day = time.day;
    here.time_of_day = time.time_of_day;
    here.has_time = true;
    here.instant = Instant{written - std::chrono::microseconds(info.first.offset).count()};
    here.offset_from = LocalTime::OffsetFrom::zone;
    return here;
}

std::string tzdata_version() {
    static const std::string version = version_of_system_data();
    return version;
}

}  // namespace labrelay
