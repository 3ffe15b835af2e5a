#include <map>

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

struct AuditRow {
    std::int64_t life;
    std::string kind;
    std::string what;
    std::string digest;
    std::string previous;
    std::string hash;
};

class AuditTest : public StoreTest {
protected:
    std::vector<AuditRow> rows() {
        std::vector<AuditRow> rows;
        auto database = direct();
        auto query = database.prepare(
            "SELECT life, kind, what, digest, previous, hash FROM audit ORDER BY audit_id");
        while (query.step())
            rows.push_back({query.integer(0), query.string(1), query.string(2), query.string(3),
                            query.string(4), query.string(5)});
        return rows;
    }
    void expect_chained(const std::vector<AuditRow>& rows) {
        std::map<std::int64_t, std::string> last;
        for (const AuditRow& row : rows) {
            const auto before = last.find(row.life);
            EXPECT_EQ(row.previous, before == last.end() ? std::string(32, '\0') : before->second);
            last[row.life] = row.hash;
        }
    }
};

TEST_F(AuditTest, OneRowABatchThatNamesItsMessages) {
    store_->begin();
    store_->write(testing::StoreItem(1, "A1").stored(1).item());
    store_->write(testing::StoreItem(2, "A2").held(Code::unknown_code).item());
    store_->commit();
    const auto audit = rows();
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].kind, "ingest");
    EXPECT_EQ(audit[0].what, to_base32(MessageId{1}) + " " + to_base32(MessageId{2}));
}

TEST_F(AuditTest, ATransactionThatOnlyReadsLeavesNoRow) {
    store_->begin();
    (void)store_->next_job();
    store_->commit();
    EXPECT_TRUE(rows().empty());
}

TEST_F(AuditTest, TheDigestCoversOutcomesAndBytes) {
    testing::StoreItem first(1, "A1");
    first.stored(1);
    commit(first);
    testing::StoreItem other(2, "A1");
    other.stored(2);
    commit(other);
    EXPECT_NE(rows()[0].digest, rows()[1].digest);
}

TEST_F(AuditTest, TheChainHoldsOverRollbacksReopeningsAndLives) {
    commit(testing::StoreItem(1, "A1").stored(1));
    store_->begin();
    store_->write(testing::StoreItem(2, "A2").stored(2).item());
    store_->rollback();
    commit(testing::StoreItem(3, "A3").stored(2));
    store_->reopen();
    commit(testing::StoreItem(4, "A4").stored(3));
    reopen();
    commit(testing::StoreItem(5, "A5").stored(4));
    const auto audit = rows();
    ASSERT_EQ(audit.size(), 4U);
    expect_chained(audit);
    EXPECT_EQ(audit[2].life, 1);
    EXPECT_EQ(audit[3].life, 2) << "each start of the node is a life";
}

}  // namespace
}  // namespace labrelay::store
