#include "labrelay/mapping/habit.hpp"

#include <gtest/gtest.h>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(Habit, ReadsDurationsOfWholeMinutes) {
    EXPECT_EQ(parse_duration("PT12H"), hours(12));
    EXPECT_EQ(parse_duration("PT30M"), minutes(30));
    EXPECT_EQ(parse_duration("PT1H30M"), minutes(90));
    EXPECT_EQ(parse_duration("P2D"), hours(48));
    EXPECT_EQ(parse_duration("P1DT6H"), hours(30));
    for (const char* bad :
         {"", "P", "PT", "12H", "PT12", "PT0M", "P12H", "PT-1H", "PT1S", "P1DT6"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

TEST(Habit, ReadsHoursOfOneDay) {
    const Habit habit = with_hours(Habit{hours(4), {}, {}}, "07:00-19:30").value();
    EXPECT_EQ(habit.from, hours(7));
    EXPECT_EQ(habit.until, hours(19) + minutes(30));
    EXPECT_EQ(with_hours({}, "00:00-24:00")->until, hours(24));
    for (const char* bad : {"", "7-19", "07:00", "19:00-07:00", "07:00-07:00", "07:60-19:00",
                            "07:00-24:01", "07:00-19:00x", "7:00-19:00"}) {
        EXPECT_FALSE(with_hours({}, bad)) << bad;
    }
}

/// Local time in Jinan, eight hours ahead of UTC all year.
Instant at(int day, int hour, int minute = 0) {
    const auto since = std::chrono::days(20'000 + day) + hours(hour - 8) + minutes(minute);
    return Instant{std::chrono::microseconds(since).count()};
}

TEST(Habit, CountsSilenceWithinTheHoursOnly) {
    const Zone jinan = Zone::find("Asia/Shanghai").value();
    const Habit all_day{hours(4), {}, hours(24)};
    EXPECT_EQ(silence_between(all_day, jinan, at(0, 10), at(0, 12)), hours(2));
    EXPECT_EQ(silence_between(all_day, jinan, at(0, 10), at(2, 9)), hours(47));
    const Habit working = with_hours(Habit{hours(4), {}, {}}, "07:00-19:00").value();
    EXPECT_EQ(silence_between(working, jinan, at(0, 18), at(1, 8)), hours(2));
    EXPECT_EQ(silence_between(working, jinan, at(0, 20), at(1, 6)), hours(0));
    EXPECT_EQ(silence_between(working, jinan, at(0, 5), at(0, 7, 30)), minutes(30));
    EXPECT_EQ(silence_between(working, jinan, at(0, 12), at(3, 12)), hours(36));
    EXPECT_EQ(silence_between(working, jinan, at(1, 12), at(0, 12)), hours(0));
    EXPECT_GT(silence_between(working, jinan, Instant{0}, at(0, 12)), hours(24 * 100));
}

TEST(Habit, StandsInTheSourcesFile) {
    SmallConfiguration files;
    files.replace("sources/lab.xml", "<collected",
                  R"(<habit silence="PT12H" hours="07:00-19:00"/><collected)");
    const auto configuration = files.load().configuration;
    ASSERT_NE(configuration, nullptr);
    const Habit expected{hours(12), hours(7), hours(19)};
    EXPECT_EQ(configuration->sources()[0].habit, expected);
    EXPECT_FALSE(SmallConfiguration().load().configuration->sources()[0].habit);
    for (const char* bad :
         {R"(<habit silence="12"/>)", R"(<habit silence="PT1H" hours="7-19"/>)"}) {
        SmallConfiguration wrong;
        wrong.replace("sources/lab.xml", "<collected", std::string(bad) + "<collected");
        const Loaded loaded = wrong.load();
        ASSERT_EQ(loaded.errors.size(), 1U) << bad;
        EXPECT_EQ(loaded.errors[0].code, Code::attribute_bad) << bad;
    }
}

}  // namespace
}  // namespace labrelay::mapping
