#include "labrelay/store/source_query.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "labrelay/app/source_watch.hpp"
#include "shipped_mapping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

class SourceQueryTest : public StoreTest {
protected:
    /// Received one second a number after the clock's time. The id is the number where none is
    /// said.
    void hear(std::int64_t number, const std::string& source, const std::string& message_time,
              Code refused = Code::none, MessageId id = {}) {
        StoreItem item(number, "C" + std::to_string(number));
        if (id) item.arrival.message_id = item.proposal.message_id = id;
        item.proposal.source = source;
        item.proposal.message_time = message_time;
        if (refused != Code::none) {
            item.refused(refused);
        }
        commit(item);
    }
    Instant start() const { return clock_.now(); }
    Instant second(std::int64_t number) const {
        return Instant{start().microseconds + number * 1'000'000};
    }
};

constexpr MessageId kNewest{INT64_MAX};

TEST_F(SourceQueryTest, GivesTheLastMessageOfEachSourceAndItsGaps) {
    hear(1, "lis", "20260101");
    hear(2, "facs", "20260102");
    hear(3, "lis", "20260103", Code::sequence_gap);
    hear(4, "lis", "20260104", Code::type_unsupported);
    hear(5, "", "20260105", Code::source_unknown);
    auto reading = session();
    const Activity activity = activity_between(reading, {}, kNewest, start());
    EXPECT_EQ(activity.last, MessageId{5});
    ASSERT_EQ(activity.sources.size(), 2U);
    const bool lis_first = activity.sources[0].source == "lis";
    const SourceActivity& lis = activity.sources[lis_first ? 0 : 1];
    const SourceActivity& facs = activity.sources[lis_first ? 1 : 0];
    EXPECT_EQ(lis.last_received, second(4));
    EXPECT_EQ(lis.last_message_time, "20260104");
    EXPECT_EQ(lis.sequence_gaps, 1);
    EXPECT_EQ(facs.last_received, second(2));
    EXPECT_EQ(facs.sequence_gaps, 0);
}

TEST_F(SourceQueryTest, ASecondLookSeesOnlyWhatIsNew) {
    hear(1, "lis", "20260101", Code::sequence_gap);
    auto reading = session();
    const Activity first = activity_between(reading, {}, kNewest, start());
    EXPECT_TRUE(activity_between(reading, first.last, kNewest, start()).sources.empty());
    EXPECT_EQ(activity_between(reading, first.last, kNewest, start()).last, first.last);
    hear(2, "lis", "20260102");
    const Activity next = activity_between(reading, first.last, kNewest, start());
    ASSERT_EQ(next.sources.size(), 1U);
    EXPECT_EQ(next.sources[0].sequence_gaps, 0);
    EXPECT_EQ(next.last, MessageId{2});
    EXPECT_TRUE(activity_between(reading, {}, kNewest, second(3)).sources.empty());
}

// Two committers: the message that came first is stored last.
TEST_F(SourceQueryTest, AMessageThatIsStoredAfterANewerOneIsCounted) {
    const auto id = [](std::chrono::milliseconds at) {
        return MessageId{((std::int64_t{200'000'000'000} + at.count()) << 22U) + 1};
    };
    app::SourceWatch watch(std::shared_ptr<const mapping::Configuration>(
        &test::shipped_configuration(), [](const auto*) {}));
    auto reading = session();
    const auto gaps = [&] {
        watch.look(reading, start());
        const auto all = watch.report(start());
        return std::ranges::find(all, "lis-qilu", &app::SourceStatus::id)->sequence_gaps;
    };
    using namespace std::chrono_literals;
    hear(1, "lis-qilu", "20260101", Code::none, id(20ms));
    EXPECT_EQ(gaps(), 0);
    hear(2, "lis-qilu", "20260101", Code::sequence_gap, id(10ms));
    EXPECT_EQ(gaps(), 1);
    hear(3, "lis-qilu", "20260101", Code::sequence_gap, id(2min));
    EXPECT_EQ(gaps(), 2) << "what is settled is counted once";
    hear(4, "lis-qilu", "20260101", Code::sequence_gap, id(2min - 20s));
    EXPECT_EQ(gaps(), 3);
    EXPECT_EQ(gaps(), 3);
}

TEST_F(SourceQueryTest, WhatCameHoursAgoIsNotOfTheLastHour) {
    app::SourceWatch watch(std::shared_ptr<const mapping::Configuration>(
        &test::shipped_configuration(), [](const auto*) {}));
    auto reading = session();
    const auto hear_held = [&](std::int64_t number, std::int64_t milliseconds) {
        StoreItem item(number, "C" + std::to_string(number));
        item.proposal.source = "lis-qilu";
        item.arrival.message_id = item.proposal.message_id =
            MessageId{(std::int64_t{200'000'000'000} + milliseconds) << 22U};
        item.held(Code::unknown_code);
        commit(item);
        watch.look(reading, second(number));
    };
    const auto recent = [&](std::int64_t seconds) {
        const auto all = watch.report(second(seconds));
        return std::ranges::find(all, "lis-qilu", &app::SourceStatus::id)->recent.held;
    };
    hear_held(1, 0);
    hear_held(100, 100'000);  // the first is settled, and is what was before
    EXPECT_EQ(recent(101), 1);
    EXPECT_EQ(recent(100 + 2 * 3600), 0) << "nothing came since";
}

TEST_F(SourceQueryTest, CountsMessagesSinceATime) {
    hear(1, "lis", "20260101");
    hear(2, "facs", "20260102");
    hear(3, "lis", "20260103");
    auto reading = session();
    EXPECT_EQ(messages_since(reading, "lis", start()), 2);
    EXPECT_EQ(messages_since(reading, "lis", second(2)), 1);
    EXPECT_EQ(messages_since(reading, "nobody", start()), 0);
}

}  // namespace
}  // namespace labrelay::store
