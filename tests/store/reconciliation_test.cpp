// Reports of reconciliations and reviews of access, on either database.
#include "labrelay/store/reconciliation_desk.hpp"

#include "labrelay/store/access_review.hpp"
#include "labrelay/store/account_desk.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

Act by(std::string actor) {
    Act act;
    act.actor = std::move(actor);
    act.reason = "for the test";
    return act;
}

class ReportTest : public StoreTest {
protected:
    ReportTest() {
        direct().execute(
            "INSERT INTO account(account_id, name, display_name, state, created_us) VALUES "
            "(1, 'anna', 'Anna', 'active', 5);"
            "INSERT INTO signature(signature_id, account_id, name, at_us, meaning, object_kind, "
            "object, content, session_id) VALUES (1, 1, 'Anna (anna)', 7, 'reviewed', '', '', " +
            std::string(postgres_ ? "''::bytea" : "x''") + ", '')");
    }

    std::int64_t begin(const std::string& list = "", std::int64_t node = 0) {
        Desk desk(*writer_);
        const std::int64_t id =
            begin_reconciliation(desk, by("anna"), {"NCT05872659", "study", list, node});
        desk.commit();
        return id;
    }
    void end(std::int64_t id) {
        Desk desk(*writer_);
        end_reconciliation(desk, by("anna"), id, {3, 2, 1, R"({"differences":3})", "REPORT\n"});
        desk.commit();
    }
    Result<void> sign(std::int64_t id) {
        Desk desk(*writer_);
        const auto done = sign_reconciliation(desk, by("anna"), id, "all explained", 1);
        if (done) desk.commit();
        return done;
    }
};

TEST_F(ReportTest, AReportIsSignedOnceAndOnlyWhenItIsThere) {
    const std::int64_t id = begin("list.csv");
    EXPECT_EQ(sign(id).error().code, Code::state_change_bad);
    EXPECT_EQ(sign(id + 1).error().code, Code::not_found);
    end(id);
    ASSERT_TRUE(sign(id));
    EXPECT_EQ(sign(id).error().code, Code::state_change_bad);
    auto open = session();
    const auto read = reconciliation(open, id);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text, "REPORT\n");
    EXPECT_EQ(read->row.state, ReconciliationState::done);
    EXPECT_EQ(read->row.differences, 3);
    EXPECT_EQ(read->row.signed_by, "Anna (anna)");
    EXPECT_EQ(read->row.meaning, "reviewed");
    EXPECT_EQ(read->row.finding, "all explained");
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'reconcile'"), 3);
}

TEST_F(ReportTest, AFindingIsErasedWithItsRow) {
    const std::int64_t id = begin("list.csv");
    end(id);
    ASSERT_TRUE(sign(id));
    const std::int64_t row = number("SELECT max(audit_id) FROM audit WHERE kind = 'reconcile'");
    {
        auto reading = session();
        const auto erasure = audit_erasure(reading, row, true, "a name");
        ASSERT_TRUE(erasure);
        Desk desk(*writer_);
        Act boris = by("boris");
        boris.reason = "a name";
        ASSERT_TRUE(erase_audit_texts(desk, boris, "anna", *erasure));
        desk.commit();
    }
    auto open = session();
    EXPECT_EQ(reconciliation(open, id)->row.finding, "(erased)");
}

TEST_F(ReportTest, ListsPageByKeyWithinAStudy) {
    const std::int64_t first = begin();
    const std::int64_t second = begin();
    auto open = session();
    const auto page = reconciliations(open, "NCT05872659", 0, 1);
    ASSERT_EQ(page.size(), 1U);
    EXPECT_EQ(page[0].id, second);
    const auto rest = reconciliations(open, "", second, 10);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, first);
    EXPECT_TRUE(reconciliations(open, "another", 0, 10).empty());
}

TEST_F(ReportTest, WhatItsNodeLeftUndoneHasFailed) {
    const std::int64_t here = begin("", 2);
    const std::int64_t elsewhere = begin("", 3);
    const std::int64_t done = begin("", 2);
    end(done);
    {
        Desk desk(*writer_);
        EXPECT_EQ(fail_broken_reconciliations(desk, 2), 1);
        desk.commit();
    }
    auto open = session();
    EXPECT_EQ(reconciliation(open, here)->row.state, ReconciliationState::failed);
    EXPECT_EQ(reconciliation(open, elsewhere)->row.state, ReconciliationState::running);
    EXPECT_EQ(reconciliation(open, done)->row.state, ReconciliationState::done);
}

TEST_F(ReportTest, AccessIsReviewedSinceTheLastReviewOrTheFirstAccount) {
    {
        auto open = session();
        EXPECT_EQ(access_reviewed_since(open), Instant{5});
        EXPECT_FALSE(last_sign_in(open, "anna"));
    }
    std::int64_t id = 0;
    {
        Desk desk(*writer_);
        EXPECT_EQ(accounts(desk).size(), 1U);
        AccessReview review;
        review.seen = "[]";
        review.digest = crypto::sha256("[]");
        review.finding = "as it should be";
        review.signature = 1;
        id = record_access_review(desk, by("anna"), review);
        desk.commit();
    }
    auto open = session();
    const auto read = access_review(open, id);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->seen, "[]");
    EXPECT_EQ(crypto::to_hex(read->digest), crypto::to_hex(crypto::sha256("[]")));
    EXPECT_EQ(read->signed_by, "Anna (anna)");
    EXPECT_EQ(access_reviewed_since(open), read->at);
    ASSERT_EQ(access_reviews(open, 0, 10).size(), 1U);
    EXPECT_TRUE(access_reviews(open, id, 10).empty());
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'access-review'"), 1);
}

}  // namespace
}  // namespace labrelay::store
