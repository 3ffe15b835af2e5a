// What the page and Prometheus are told of live traffic.
#include "labrelay/app/live_sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Instant at_hour(std::int64_t hour) {
    return Instant{1'780'000'000'000'000 + hour * 3'600'000'000};
}

TEST(LiveSources, ShowTheLast24HoursOfWhatOnlyGrows) {
    LiveSources live;
    live.note(at_hour(0));
    EXPECT_EQ(live.of("lis", at_hour(0)).answers, 0U);
    EXPECT_FALSE(live.of("lis", at_hour(0)).ack_p50_ms);
    live.traffic().took("lis", 500ms);  // in the first hour
    for (std::int64_t hour = 1; hour <= 23; ++hour) {
        live.note(at_hour(hour));
        live.note(at_hour(hour));  // more often does no harm
    }
    live.traffic().took("lis", 2ms);
    EXPECT_EQ(live.of("lis", at_hour(23)).answers, 2U);
    EXPECT_GT(*live.of("lis", at_hour(23)).ack_p99_ms, 400.0);
    live.note(at_hour(24));
    EXPECT_EQ(live.of("lis", at_hour(24)).answers, 2U) << "since the snapshot before it came";
    live.note(at_hour(25));
    const api::LiveSource later = live.of("lis", at_hour(25));
    EXPECT_EQ(later.answers, 1U) << "what is a day old no longer counts";
    EXPECT_LE(*later.ack_p99_ms, 2.0);
    EXPECT_EQ(live.of("other", at_hour(25)).answers, 0U);
}

TEST(LiveSources, MetricsAreAHistogramThatOnlyGrows) {
    LiveSources live;
    live.traffic().took("lis", 2ms);
    live.traffic().took("lis", 30ms);
    transport::LiveTraffic::Connection open(live.traffic(), {"mllp", "192.0.2.7:1", false, {}, {}});
    open.took("lis", 2ms);
    const std::string text = live.metrics();
    EXPECT_THAT(text, HasSubstr("# TYPE labrelay_source_ack_seconds histogram\n"));
    EXPECT_THAT(text,
                HasSubstr("labrelay_source_ack_seconds_bucket{source=\"lis\",le=\"0.001\"} 0\n"));
    EXPECT_THAT(text,
                HasSubstr("labrelay_source_ack_seconds_bucket{source=\"lis\",le=\"0.0025\"} 2\n"));
    EXPECT_THAT(text,
                HasSubstr("labrelay_source_ack_seconds_bucket{source=\"lis\",le=\"0.05\"} 3\n"));
    EXPECT_THAT(text,
                HasSubstr("labrelay_source_ack_seconds_bucket{source=\"lis\",le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_ack_seconds_sum{source=\"lis\"} 0.034\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_ack_seconds_count{source=\"lis\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("labrelay_source_connections_open{source=\"lis\"} 1\n"));
}

}  // namespace
}  // namespace labrelay::app
