#include <gtest/gtest.h>

#include <string>

#include "labrelay/core/time.hpp"

namespace labrelay {
namespace {

Zone found_zone(std::string_view name) {
    auto found = Zone::find(name);
    EXPECT_TRUE(found) << name;
    return found.value_or(Zone{});
}

Timestamp hl7(std::string_view text) {
    return parse_hl7_time(text).value_or(Timestamp{});
}

struct LocalCase {
    std::string_view zone, text, day;
    int minutes;
    std::string_view instant;
    LocalTime::OffsetFrom from;
};

using enum LocalTime::OffsetFrom;

constexpr LocalCase kLocalTimes[] = {
    // without an offset the zone decides, with one the message does
    {"Asia/Shanghai", "20261122081500", "2026-11-22", 495, "2026-11-22T00:15:00.000000Z", zone},
    {"Asia/Shanghai", "20261122081500+0800", "2026-11-22", 495, "2026-11-22T00:15:00.000000Z",
     message},
    // the site's day is not always the sender's
    {"Asia/Shanghai", "20261122233000+0000", "2026-11-23", 450, "2026-11-22T23:30:00.000000Z",
     message},
    {"America/New_York", "20261122031500+0800", "2026-11-21", 855, "2026-11-21T19:15:00.000000Z",
     message},
    {"Europe/Berlin", "202607010030", "2026-07-01", 30, "2026-06-30T22:30:00.000000Z", zone},
    {"Europe/Berlin", "202601010030", "2026-01-01", 30, "2025-12-31T23:30:00.000000Z", zone},
    {"Asia/Kolkata", "2026010100", "2026-01-01", 0, "2025-12-31T18:30:00.000000Z", zone},
    // Shanghai had summer time in 1990
    {"Asia/Shanghai", "199007011200", "1990-07-01", 720, "1990-07-01T03:00:00.000000Z", zone},
    // an offset settles what the wall clock shows twice
    {"Europe/Berlin", "202610250230+0200", "2026-10-25", 150, "2026-10-25T00:30:00.000000Z",
     message},
    {"Europe/Berlin", "202610250230+0100", "2026-10-25", 150, "2026-10-25T01:30:00.000000Z",
     message},
    // the last second before and the first after
    {"Europe/Berlin", "20261025015959.9999", "2026-10-25", 119, "2026-10-24T23:59:59.999900Z",
     zone},
    {"Europe/Berlin", "20261025030000", "2026-10-25", 180, "2026-10-25T02:00:00.000000Z", zone},
    {"Europe/Berlin", "20260329015959", "2026-03-29", 119, "2026-03-29T00:59:59.000000Z", zone},
    {"Europe/Berlin", "20260329030000", "2026-03-29", 180, "2026-03-29T01:00:00.000000Z", zone},
};

TEST(Zone, LocalDayTimeAndInstant) {
    for (const auto& row : kLocalTimes) {
        const auto local = found_zone(row.zone).local(hl7(row.text));
        ASSERT_TRUE(local) << row.text;
        EXPECT_EQ(to_string(local->day), row.day) << row.text;
        EXPECT_EQ(local->time_of_day / std::chrono::minutes(1), row.minutes) << row.text;
        EXPECT_TRUE(local->has_time) << row.text;
        ASSERT_TRUE(local->instant) << row.text;
        EXPECT_EQ(to_iso(*local->instant), row.instant) << row.text;
        EXPECT_EQ(local->offset_from, row.from) << row.text;
    }
}

TEST(Zone, LocalTimeThatOccursTwiceOrNeverIsHeld) {
    for (const auto* text : {"20261025020000", "202610250230", "20261025025959.9999",  // twice
                             "20260329020000", "202603290230", "20260329025959"}) {    // never
        const auto local = found_zone("Europe/Berlin").local(hl7(text));
        ASSERT_FALSE(local) << text;
        EXPECT_EQ(local.error().code, Code::collection_time_ambiguous) << text;
    }
}

TEST(Zone, DayWithoutTimeStaysTheDayWritten) {
    for (const auto* text : {"20261122", "20261122+0000", "20261122-1000"}) {
        const auto local = found_zone("Asia/Shanghai").local(hl7(text));
        ASSERT_TRUE(local) << text;
        EXPECT_EQ(to_string(local->day), "2026-11-22") << text;
        EXPECT_FALSE(local->has_time) << text;
        EXPECT_FALSE(local->instant) << text;
        EXPECT_EQ(local->offset_from, none) << text;
    }
}

TEST(Zone, InstantsAndLocalTimesAgree) {
    const Zone berlin = found_zone("Europe/Berlin");
    for (std::int64_t hour = 0; hour < 24 * 365; ++hour) {
        const Instant instant{(1'767'225'600 + hour * 3600) * 1'000'000};
        const LocalTime there = berlin.local(instant);
        Timestamp written;
        written.precision = Precision::second;
        written.day = there.day;
        written.time_of_day = there.time_of_day;
        const auto back = berlin.local(written);
        if (back) {
            EXPECT_EQ(back->instant, instant) << to_iso(instant);
        } else {
            EXPECT_EQ(to_string(there.day), "2026-10-25") << "only the repeated hour";
        }
    }
}

TEST(Zone, UnknownNamesAreRefused) {
    for (const auto* name :
         {"", "Asia/Jinan", "../../etc/passwd", "right/Asia/Shanghai", "CST8", "asia/shanghai"}) {
        const auto found = Zone::find(name);
        ASSERT_FALSE(found) << name;
        EXPECT_EQ(found.error().code, Code::reference_unknown) << name;
    }
    EXPECT_EQ(found_zone("Asia/Shanghai").name(), "Asia/Shanghai");
}

TEST(Zone, DataHaveAVersion) {
    EXPECT_TRUE(tzdata_version().starts_with("20")) << tzdata_version();
}

}  // namespace
}  // namespace labrelay
