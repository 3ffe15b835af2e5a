#include "labrelay/core/ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "labrelay/core/stored_late.hpp"

namespace labrelay {
namespace {

class HandClock final : public Clock {
public:
    explicit HandClock(std::int64_t microseconds) : microseconds_(microseconds) {}
    Instant now() const override { return Instant{microseconds_.load()}; }
    void set(std::int64_t microseconds) { microseconds_ = microseconds; }

private:
    std::atomic<std::int64_t> microseconds_;
};

constexpr std::int64_t kNow = 1'795'000'000'000'000;  // in November 2026
constexpr std::int64_t kEpoch = 1'577'836'800'000'000;

TEST(MessageIdSource, LayoutIsTimeNodeCounter) {
    const HandClock clock(kNow);
    MessageIdSource ids(clock, 5);
    const std::int64_t id = ids.next().value;
    EXPECT_EQ(id >> 22, (kNow - kEpoch) / 1000);
    EXPECT_EQ((id >> 14) & 0xFF, 5);
    EXPECT_EQ(id & 0x3FFF, 0);
    EXPECT_EQ(ids.next().value, id + 1);
}

TEST(MessageId, AnEarlierOneIsBelowAllOfTheTimeBetween) {
    HandClock clock(kNow);
    const MessageId first = MessageIdSource(clock, 0).next();
    clock.set(kNow + 30'000'000);
    const MessageId second = MessageIdSource(clock, 255).next();
    EXPECT_LE(earlier(second, std::chrono::seconds(30)), first);
    EXPECT_GT(earlier(second, std::chrono::milliseconds(29'999)), first);
    EXPECT_EQ(earlier(MessageId{5}, std::chrono::seconds(30)), MessageId{});
}

TEST(MessageIdSource, ClockThatGoesBackDoesNotTakeIdsBack) {
    HandClock clock(kNow);
    MessageIdSource ids(clock, 1);
    const MessageId first = ids.next();
    clock.set(kNow - 3'600'000'000);
    const MessageId second = ids.next();
    EXPECT_GT(second, first);
    EXPECT_EQ(second.value, first.value + 1);
}

TEST(MessageIdSource, FullCounterRunsIntoTheNextMillisecondNotTheNode) {
    const HandClock clock(kNow);
    MessageIdSource ids(clock, 255);
    MessageId last{};
    for (int i = 0; i < 40'000; ++i) {
        const MessageId id = ids.next();
        ASSERT_GT(id, last);
        ASSERT_EQ((id.value >> 14) & 0xFF, 255);
        last = id;
    }
    EXPECT_EQ(last.value >> 22, (kNow - kEpoch) / 1000 + 2);
}

TEST(MessageIdSource, GoesOnAfterTheLastIdOfBeforeARestart) {
    const HandClock clock(kNow);
    MessageIdSource before(clock, 200);
    const MessageId last = before.next();
    MessageIdSource after(clock, 3, last);  // a lower node number in the same millisecond
    const MessageId next = after.next();
    EXPECT_GT(next, last);
    EXPECT_EQ((next.value >> 14) & 0xFF, 3);
}

TEST(MessageIdSource, ClockBeforeTheEpochStillGivesIds) {
    const HandClock clock(0);
    MessageIdSource ids(clock, 0);
    const MessageId first = ids.next();
    EXPECT_TRUE(first);
    EXPECT_GT(ids.next(), first);
}

TEST(MessageIdSource, EndsIn2089) {
    const HandClock clock(kEpoch + (std::int64_t{1} << 41) * 1000);
    MessageIdSource ids(clock, 0);
    EXPECT_THROW(ids.next(), std::overflow_error);
}

TEST(MessageIdSource, ThreadsNeverGetTheSameId) {
    const HandClock clock(kNow);
    MessageIdSource ids(clock, 9);
    constexpr int kThreads = 4;
    constexpr int kEach = 5'000;
    std::vector<std::vector<MessageId>> taken(kThreads);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : taken) {
            threads.emplace_back([&ids, &mine] {
                for (int i = 0; i < kEach; ++i) {
                    mine.push_back(ids.next());
                }
            });
        }
    }
    std::set<MessageId> all;
    for (const auto& mine : taken) {
        EXPECT_TRUE(std::ranges::is_sorted(mine));
        all.insert(mine.begin(), mine.end());
    }
    EXPECT_EQ(all.size(), std::size_t{kThreads} * kEach);
}

TEST(MessageIdText, SortsLikeTheNumberAndReadsBack) {
    const std::vector<std::int64_t> values = {1,        31, 32, 1'000'000, 911'111'111'111'111'111,
                                              INT64_MAX};
    std::string last;
    for (const auto value : values) {
        const std::string text = to_base32(MessageId{value});
        EXPECT_EQ(text.size(), 13U);
        EXPECT_LT(last, text);
        EXPECT_EQ(parse_message_id(text), MessageId{value});
        last = text;
    }
    EXPECT_EQ(to_base32(MessageId{INT64_MAX}), "7ZZZZZZZZZZZZ");
    EXPECT_EQ(to_base32(MessageId{32}), "0000000000010");
    EXPECT_EQ(to_string(ObservationId{MessageId{32}, 7}), "0000000000010-7");
}

TEST(MessageIdText, ForgivesWhatPeopleMistypeAndRefusesTheRest) {
    EXPECT_EQ(parse_message_id("0000000000oI0"), MessageId{32});
    EXPECT_EQ(parse_message_id("0000000000a0l"), MessageId{10 * 1024 + 1});
    for (const auto* text : {"", "0", "0000000000000", "8000000000000", "ZZZZZZZZZZZZZ",
                             "000000000001U", "00000000000010", "000000000001-", "-000000000001"}) {
        EXPECT_EQ(parse_message_id(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace labrelay
