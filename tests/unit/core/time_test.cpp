#include "labrelay/core/time.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace labrelay {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;

struct TimeCase {
    std::string_view text;
    Precision precision;
    std::string_view day;
    std::int64_t time_of_day;  // microseconds
    std::optional<int> offset;
};

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;

constexpr TimeCase kHl7Times[] = {
    {"2026", Precision::year, "2026-01-01", 0, {}},
    {"202611", Precision::month, "2026-11-01", 0, {}},
    {"20261122", Precision::day, "2026-11-22", 0, {}},
    {"2026112208", Precision::hour, "2026-11-22", 8 * kHour, {}},
    {"202611220815", Precision::minute, "2026-11-22", 8 * kHour + 15 * kMinute, {}},
    {"20261122081507", Precision::second, "2026-11-22", 8 * kHour + 15 * kMinute + 7 * kSecond, {}},
    {"20261122081507.5",
     Precision::fraction,
     "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond + 500'000,
     {}},
    {"20261122081507.0001",
     Precision::fraction,
     "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond + 100,
     {}},
    {"20261122081507.123456789",
     Precision::fraction,
     "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond + 123'456,
     {}},
    {"20261122081507+0800", Precision::second, "2026-11-22", 8 * kHour + 15 * kMinute + 7 * kSecond,
     480},
    {"202611220815-0500", Precision::minute, "2026-11-22", 8 * kHour + 15 * kMinute, -300},
    {"20261122+0530", Precision::day, "2026-11-22", 0, 330},
    {"2026-0330", Precision::year, "2026-01-01", 0, -210},
    {"20261122081507.25-0000", Precision::fraction, "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond + 250'000, 0},
    {"20240229", Precision::day, "2024-02-29", 0, {}},
    {"19000101", Precision::day, "1900-01-01", 0, {}},  // placeholder dates are dates
    {"00010101", Precision::day, "0001-01-01", 0, {}},
    {"99991231235959",
     Precision::second,
     "9999-12-31",
     23 * kHour + 59 * kMinute + 59 * kSecond,
     {}},
};

TEST(Hl7Time, KeepsPrecisionFractionAndOffset) {
    for (const auto& row : kHl7Times) {
        const auto time = parse_hl7_time(row.text);
        ASSERT_TRUE(time) << row.text;
        EXPECT_EQ(time->text, row.text);
        EXPECT_EQ(time->precision, row.precision) << row.text;
        EXPECT_EQ(to_string(time->day), row.day) << row.text;
        EXPECT_EQ(time->time_of_day.count(), row.time_of_day) << row.text;
        EXPECT_EQ(time->offset.has_value(), row.offset.has_value()) << row.text;
        EXPECT_EQ(time->offset.value_or(minutes(0)).count(), row.offset.value_or(0)) << row.text;
        EXPECT_EQ(time->has_time(), row.precision >= Precision::hour) << row.text;
    }
}

struct BadTime {
    std::string_view text;
    std::size_t at;
};

constexpr BadTime kBadHl7Times[] = {
    {"", 0},
    {"202", 0},
    {"0000", 0},
    {"abcd", 0},
    {"20261", 4},
    {"202600", 4},
    {"202613", 4},
    {"2026112", 6},
    {"20261100", 6},
    {"20261132", 6},
    {"20260230", 6},
    {"20250229", 6},
    {"20261131", 6},
    {"2026112224", 8},
    {"202611220", 8},
    {"202611220860", 10},
    {"20261122081560", 12},
    {"20261122081507.", 15},
    {"20261122081507.1234567890", 24},
    {"20261122081507+08", 17},
    {"20261122081507+1500", 15},
    {"20261122081507+1430", 14},
    {"20261122081507+0860", 17},
    {"20261122081507Z", 14},
    {"2026-11-22", 7},
    {"20261122 0815", 8},
    {"20261122 ", 8},
    {" 20261122", 0},
    {"202611220815.5", 12},
    {"２０２６", 0},
};

TEST(Hl7Time, RefusalNamesTheByte) {
    for (const auto& row : kBadHl7Times) {
        const auto time = parse_hl7_time(row.text);
        ASSERT_FALSE(time) << row.text;
        EXPECT_EQ(time.error().code, Code::collection_time_bad) << row.text;
        EXPECT_EQ(time.error().place.offset, row.at) << row.text;
    }
}

constexpr TimeCase kIsoTimes[] = {
    {"1988", Precision::year, "1988-01-01", 0, {}},
    {"1988-05", Precision::month, "1988-05-01", 0, {}},
    {"2026-11-22", Precision::day, "2026-11-22", 0, {}},
    {"2026-11-22T08:15", Precision::minute, "2026-11-22", 8 * kHour + 15 * kMinute, {}},
    {"2026-11-22T08:15:07",
     Precision::second,
     "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond,
     {}},
    {"2026-11-22T08:15:07.000250Z", Precision::fraction, "2026-11-22",
     8 * kHour + 15 * kMinute + 7 * kSecond + 250, 0},
    {"2026-11-22T08:15+08:00", Precision::minute, "2026-11-22", 8 * kHour + 15 * kMinute, 480},
    {"2026-11-22T08:15-05:30", Precision::minute, "2026-11-22", 8 * kHour + 15 * kMinute, -330},
};

TEST(IsoTime, ReadsTheRegistryForms) {
    for (const auto& row : kIsoTimes) {
        const auto time = parse_iso_time(row.text);
        ASSERT_TRUE(time) << row.text;
        EXPECT_EQ(time->text, row.text);
        EXPECT_EQ(time->precision, row.precision) << row.text;
        EXPECT_EQ(to_string(time->day), row.day) << row.text;
        EXPECT_EQ(time->time_of_day.count(), row.time_of_day) << row.text;
        EXPECT_EQ(time->offset.has_value(), row.offset.has_value()) << row.text;
        EXPECT_EQ(time->offset.value_or(minutes(0)).count(), row.offset.value_or(0)) << row.text;
    }
}

constexpr BadTime kBadIsoTimes[] = {
    {"", 0},
    {"22.11.2026", 0},
    {"20261122", 4},
    {"2026-", 5},
    {"2026-13-01", 5},
    {"2026-02-30", 8},
    {"2026-11-22T", 11},
    {"2026-11-22T08", 13},
    {"2026-11-22T24:00", 11},
    {"2026-11-22T08:15:07.", 20},
    {"2026-11-22T08:15+0800", 19},
    {"2026-11-22 08:15", 10},
    {"2026-11-22T08:15ZZ", 17},
};

TEST(IsoTime, RefusalNamesTheByte) {
    for (const auto& row : kBadIsoTimes) {
        const auto time = parse_iso_time(row.text);
        ASSERT_FALSE(time) << row.text;
        EXPECT_EQ(time.error().code, Code::csv_value_bad) << row.text;
        EXPECT_EQ(time.error().place.offset, row.at) << row.text;
    }
}

TEST(Hl7Time, PrintedInstantsReadBack) {
    std::mt19937_64 random(7);
    std::uniform_int_distribution<std::int64_t> seconds(-60'000'000'000, 250'000'000'000);
    for (int round = 0; round < 5'000; ++round) {
        const Instant instant{seconds(random) * 1'000'000};
        const auto hl7 = parse_hl7_time(to_hl7(instant));
        const auto iso = parse_iso_time(to_iso(instant));
        ASSERT_TRUE(hl7 && iso) << to_iso(instant);
        const auto back = microseconds(hl7->day.time_since_epoch()) + hl7->time_of_day;
        EXPECT_EQ(back.count(), instant.microseconds) << to_iso(instant);
        EXPECT_EQ(iso->day, hl7->day);
        EXPECT_EQ(iso->time_of_day, hl7->time_of_day);
    }
}

TEST(Hl7Time, AnyBytesAreReadOrRefusedInside) {
    std::mt19937 random(11);
    constexpr std::string_view kAlphabet = "0123456789012345678901234+-.TZ: \xFF\x80";
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 28, '0');
        for (auto& c : text) {
            c = kAlphabet[random() % kAlphabet.size()];
        }
        const auto hl7 = parse_hl7_time(text);
        EXPECT_TRUE(hl7 || hl7.error().place.offset <= text.size()) << text;
        const auto iso = parse_iso_time(text);
        EXPECT_TRUE(iso || iso.error().place.offset <= text.size()) << text;
    }
}

TEST(Instants, PrintInUtc) {
    EXPECT_EQ(to_iso(Instant{0}), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(to_iso(Instant{-1}), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(to_hl7(Instant{1'795'363'500'250'000}), "20261122160500+0000");
    EXPECT_GT(SystemClock().now().microseconds, 1'700'000'000'000'000);
}

}  // namespace
}  // namespace labrelay
