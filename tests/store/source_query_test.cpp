#include "labrelay/store/source_query.hpp"

#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

class SourceQueryTest : public StoreTest {
protected:
    /// Received one second a message id after the clock's time.
    void hear(std::int64_t id, const std::string& source, const std::string& message_time,
              Code refused = Code::none) {
        StoreItem item(id, "C" + std::to_string(id));
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

TEST_F(SourceQueryTest, GivesTheLastMessageOfEachSourceAndItsGaps) {
    hear(1, "lis", "20260101");
    hear(2, "facs", "20260102");
    hear(3, "lis", "20260103", Code::sequence_gap);
    hear(4, "lis", "20260104", Code::type_unsupported);
    hear(5, "", "20260105", Code::source_unknown);
    auto reading = session();
    const Activity activity = activity_after(reading, {}, start());
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
    const Activity first = activity_after(reading, {}, start());
    EXPECT_TRUE(activity_after(reading, first.last, start()).sources.empty());
    EXPECT_EQ(activity_after(reading, first.last, start()).last, first.last);
    hear(2, "lis", "20260102");
    const Activity next = activity_after(reading, first.last, start());
    ASSERT_EQ(next.sources.size(), 1U);
    EXPECT_EQ(next.sources[0].sequence_gaps, 0);
    EXPECT_EQ(next.last, MessageId{2});
    EXPECT_TRUE(activity_after(reading, {}, second(3)).sources.empty());
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
