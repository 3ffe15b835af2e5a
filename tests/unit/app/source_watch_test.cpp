#include "labrelay/app/source_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "shipped_mapping.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

/// Noon of 2026-05-20 in Jinan, where all of the shipped sources stand.
const Instant kNoon{1'779'249'600'000'000};

Instant after(std::chrono::minutes time) {
    return Instant{kNoon.microseconds + std::chrono::microseconds(time).count()};
}

/// The shipped configuration holds one source with a habit of 12 hours between 7 and 19.
class SourceWatchTest : public testing::Test {
protected:
    SourceWatchTest()
        : watch_(std::shared_ptr<const mapping::Configuration>(&test::shipped_configuration(),
                                                               [](const auto*) {})) {}

    void hear(const std::string& message_time, Instant at, std::int64_t gaps = 0) {
        store::SourceActivity activity{"lis-qilu", at, message_time, gaps, {}, 0, 0};
        if (gaps > 0) {
            activity.last_gap = at;
        }
        watch_.take({{activity}, MessageId{++messages_}}, at);
    }
    SourceStatus status(Instant now) const {
        const std::vector<SourceStatus> all = watch_.report(now);
        const auto found = std::find_if(
            all.begin(), all.end(), [](const SourceStatus& one) { return one.id == "lis-qilu"; });
        return found == all.end() ? SourceStatus{} : *found;
    }
    /// Lines about that source.
    std::vector<std::string> news(Instant now) {
        std::vector<std::string> lines = watch_.news(now);
        std::erase_if(lines, [](const std::string& line) {
            return line.find("lis-qilu") == std::string::npos;
        });
        return lines;
    }

    SourceWatch watch_;
    std::int64_t messages_ = 0;
};

TEST_F(SourceWatchTest, ASourceIsSilentWhenItsHabitIsExceededWithinItsHours) {
    EXPECT_TRUE(status(kNoon).silent);  // nothing was ever heard of it
    hear("20260520120000", kNoon);
    EXPECT_FALSE(status(after(7h)).silent);
    EXPECT_FALSE(status(after(23h)).silent);     // the night does not count
    EXPECT_EQ(status(after(24h)).silence, 12h);  // 12 to 19 and 7 to 12
    EXPECT_FALSE(status(after(24h)).silent);
    EXPECT_TRUE(status(after(24h + 1min)).silent);
    hear("20260521130000", after(25h));
    EXPECT_FALSE(status(after(25h)).silent);
}

TEST_F(SourceWatchTest, P38_AClockMoreThanADayOffIsNoticed) {
    hear("20260520110000", kNoon);
    EXPECT_EQ(status(kNoon).clock_skew, -1h);
    EXPECT_FALSE(status(kNoon).clock_off);
    hear("20260519120000", kNoon);
    EXPECT_FALSE(status(kNoon).clock_off);
    hear("20260519115900", kNoon);
    EXPECT_TRUE(status(kNoon).clock_off);
    hear("20260521120100+0800", kNoon);
    EXPECT_TRUE(status(kNoon).clock_off);
    for (const char* untimed : {"", "20260101", "yesterday"}) {
        hear(untimed, kNoon);
        EXPECT_FALSE(status(kNoon).clock_skew) << untimed;
        EXPECT_FALSE(status(kNoon).clock_off) << untimed;
    }
}

TEST_F(SourceWatchTest, P36_GapsAreCounted) {
    hear("20260520120000", kNoon, 1);
    hear("20260520120000", kNoon, 0);
    hear("20260520120000", kNoon, 2);
    EXPECT_EQ(status(kNoon).sequence_gaps, 3);
}

TEST_F(SourceWatchTest, NewsIsToldOnce) {
    hear("20260520120000", kNoon);
    EXPECT_THAT(news(kNoon), IsEmpty());
    ASSERT_EQ(news(after(48h)).size(), 1U);
    EXPECT_THAT(news(after(49h)), IsEmpty());
    hear("20260101120000", after(49h), 1);
    EXPECT_EQ(news(after(49h)).size(), 3U);  // heard again, clock off, a gap
    EXPECT_THAT(news(after(49h)), IsEmpty());
}

TEST_F(SourceWatchTest, TheMetricsNameEverySource) {
    hear("20260520110000", kNoon, 2);
    const std::string text = source_metrics(watch_.report(kNoon));
    EXPECT_THAT(text, HasSubstr("labrelay_source_silent{source=\"lis-qilu\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_clock_skew_seconds{source=\"lis-qilu\"} -3600\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_sequence_gaps{source=\"lis-qilu\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_silent{source=\"facs-lyric\"} 0\n"));
}

}  // namespace
}  // namespace labrelay::app
