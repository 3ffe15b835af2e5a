// How long answers take and over which connections messages come, counted without a socket.
#include "labrelay/transport/live_traffic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace labrelay::transport {
namespace {

using namespace std::chrono_literals;

TEST(AckLatency, BoundsGrowFromATenthOfAMillisecondToAHundredSeconds) {
    EXPECT_EQ(AckCounts::kUpTo.front(), 100us);
    EXPECT_EQ(AckCounts::kUpTo[10], 1ms);
    EXPECT_EQ(AckCounts::kUpTo[14], 2500us);
    EXPECT_EQ(AckCounts::kUpTo[40], 1s);
    EXPECT_EQ(AckCounts::kUpTo.back(), 100s);
    EXPECT_TRUE(std::ranges::is_sorted(AckCounts::kUpTo));
}

struct Row {
    std::chrono::nanoseconds took;
    std::size_t bucket;
};

TEST(AckLatency, AnAnswerCountsWhereItTookNoLongerThanTheBound) {
    const Row rows[] = {{0ns, 0},          {-5ms, 0},  {100us, 0},       {100'001ns, 1}, {1ms, 10},
                        {1'000'001ns, 11}, {100s, 60}, {100s + 1ns, 61}, {24h, 61}};
    for (const Row& row : rows) {
        AckLatency latency;
        latency.add(row.took);
        EXPECT_EQ(latency.counts().buckets[row.bucket], 1U) << row.took.count();
        EXPECT_EQ(latency.counts().count(), 1U);
    }
}

TEST(AckLatency, QuantilesLieInTheBucketOfTheirAnswer) {
    AckLatency latency;
    EXPECT_FALSE(latency.counts().quantile_ms(0.5)) << "nothing was answered";
    for (int fast = 0; fast < 98; ++fast) {
        latency.add(2ms);
    }
    latency.add(700ms);
    latency.add(700ms);
    const AckCounts counts = latency.counts();
    EXPECT_GT(*counts.quantile_ms(0.5), 1.6);
    EXPECT_LE(*counts.quantile_ms(0.5), 2.0);
    EXPECT_GT(*counts.quantile_ms(0.99), 630.0);
    EXPECT_LE(*counts.quantile_ms(0.99), 800.0);
    EXPECT_EQ(counts.sum_us, 98U * 2'000U + 2U * 700'000U);
    AckLatency away;
    away.add(1h);
    EXPECT_EQ(*away.counts().quantile_ms(0.5), 100'000.0) << "longer than that is not told apart";
}

TEST(AckLatency, WhatCameSinceIsTheDifference) {
    AckLatency latency;
    latency.add(500ms);
    const AckCounts before = latency.counts();
    latency.add(2ms);
    const AckCounts since = latency.counts().since(before);
    EXPECT_EQ(since.count(), 1U);
    EXPECT_LE(*since.quantile_ms(0.99), 2.0);
    EXPECT_EQ(since.sum_us, 2'000U);
}

TEST(LiveTraffic, AConnectionIsListedForEachSourceThatItBroughtAndNoLongerThanItIsOpen) {
    LiveTraffic live;
    {
        LiveTraffic::Connection hub(live, {"mllp", "192.0.2.7:40000", true, "CN=hub", {}});
        EXPECT_TRUE(live.connections("lis").empty()) << "it has brought nothing of it";
        hub.took("lis", 3ms);
        hub.took("lis", std::nullopt);
        hub.took("flow", 5ms);
        hub.took("", 5ms);
        const LiveTraffic::Connection other(live, {"mllp", "192.0.2.8:40000", false, {}, {}});
        const std::vector<OpenConnection> open = live.connections("lis");
        ASSERT_EQ(open.size(), 1U);
        EXPECT_EQ(open[0].peer.address, "192.0.2.7:40000");
        EXPECT_EQ(open[0].peer.subject, "CN=hub");
        EXPECT_EQ(open[0].messages, 2U);
        EXPECT_GE(open[0].age, open[0].quiet);
        ASSERT_EQ(live.connections("flow").size(), 1U);
        EXPECT_EQ(live.connections("flow")[0].messages, 1U);
    }
    EXPECT_TRUE(live.connections("lis").empty());
    const auto latencies = live.latencies();
    ASSERT_EQ(latencies.size(), 2U) << "what no source sent is of none";
    EXPECT_EQ(latencies.at("lis").count(), 1U) << "one was not answered";
}

TEST(LiveTraffic, CountsEveryAnswerOfManyThreads) {
    LiveTraffic live;
    constexpr int kThreads = 4;
    constexpr int kAnswers = 5'000;
    {
        std::vector<std::jthread> threads;
        for (int number = 0; number < kThreads; ++number) {
            threads.emplace_back([&live] {
                LiveTraffic::Connection connection(live, {"mllp", "192.0.2.7:1", false, {}, {}});
                for (int answer = 0; answer < kAnswers; ++answer) {
                    connection.took("lis", 1ms);
                    live.took("http", 1ms);
                }
            });
        }
        for (int look = 0; look < 100; ++look) {
            live.connections("lis");
            live.latencies();
        }
    }
    EXPECT_EQ(live.latencies().at("lis").count(), std::uint64_t{kThreads} * kAnswers);
    EXPECT_EQ(live.latencies().at("http").count(), std::uint64_t{kThreads} * kAnswers);
}

}  // namespace
}  // namespace labrelay::transport
