// The second person.
#include <algorithm>

#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/audit_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using review::ApprovalState;

class ApprovalTest : public StoreTest {
protected:
    static Act act(std::string actor = "anna") {
        Act made;
        made.actor = std::move(actor);
        made.origin = Origin::page;
        made.reason = "needed";
        return made;
    }
    std::int64_t ask(const std::string& object = "7", std::string content = R"({"n":1})") {
        Desk desk(*writer_);
        const auto id = ask_approval(
            desk, act(), {"unit.convert", object, std::move(content), R"({"total":3})", 1});
        if (!id) throw std::runtime_error(describe(id.error()));
        desk.commit();
        return *id;
    }
    Result<void> move(std::int64_t id, const ApprovalMove& to) {
        Desk desk(*writer_);
        auto moved = move_approval(desk, act("boris"), approval(desk, id).value(), to);
        if (moved) desk.commit();
        return moved;
    }
    Approval read(std::int64_t id) {
        ReadSession reading = session();
        return approval(reading, id).value();
    }
};

TEST_F(ApprovalTest, IsDecidedByAnotherPersonAndThenDone) {
    const std::int64_t id = ask();
    EXPECT_EQ(read(id).content, R"({"n":1})");
    EXPECT_EQ(read(id).content_sha256.size(), 64U);
    EXPECT_EQ(move(id, {ApprovalState::approved, 1, 0, {}}).error().code,
              Code::four_eyes_same_person);
    EXPECT_EQ(move(id, {ApprovalState::approved, 0, 0, {}}).error().code, Code::forbidden);
    EXPECT_EQ(move(id, {ApprovalState::applied, 0, 0, {}}).error().code, Code::state_change_bad)
        << "nothing is done before it is approved";
    ASSERT_TRUE(move(id, {ApprovalState::approved, 2, 44, {}}));
    EXPECT_EQ(read(id).state, ApprovalState::approved);
    EXPECT_EQ(read(id).decided_by, 2);
    EXPECT_EQ(read(id).signature, 44);
    EXPECT_EQ(move(id, {ApprovalState::refused, 2, 0, "no"}).error().code, Code::approval_settled);
    ASSERT_TRUE(move(id, {ApprovalState::applied, 0, 0, {}}));
    EXPECT_EQ(read(id).version, 3);
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'approval'"), 3);
}

TEST_F(ApprovalTest, ARefusalSaysWhy) {
    const std::int64_t id = ask();
    EXPECT_EQ(move(id, {ApprovalState::refused, 2, 0, {}}).error().code, Code::reason_needed);
    ASSERT_TRUE(move(id, {ApprovalState::refused, 2, 0, "not documented"}));
    EXPECT_EQ(read(id).why, "not documented");
}

TEST_F(ApprovalTest, AskedForAnewTheOlderIsStale) {
    const std::int64_t first = ask("7");
    const std::int64_t other = ask("8");
    const std::int64_t second = ask("7", R"({"n":2})");
    EXPECT_EQ(read(first).state, ApprovalState::stale);
    EXPECT_EQ(read(other).state, ApprovalState::pending);
    EXPECT_EQ(move(first, {ApprovalState::approved, 2, 0, {}}).error().code, Code::approval_stale);
    ReadSession reading = session();
    const auto pending = approvals(reading, ApprovalState::pending, 0, 10);
    ASSERT_EQ(pending.size(), 2U);
    EXPECT_EQ(pending[0].id, second);
    EXPECT_EQ(approvals(reading, std::nullopt, 0, 10).size(), 3U);
    EXPECT_EQ(approvals(reading, ApprovalState::pending, second, 10).size(), 1U);
    EXPECT_TRUE(content_is_current(pending[0], R"({"n":2})"));
    EXPECT_FALSE(content_is_current(pending[0], R"({"n":3})"));
}

TEST_F(ApprovalTest, AskingNeedsAPersonAndAReason) {
    Desk desk(*writer_);
    EXPECT_EQ(ask_approval(desk, act(), {"unit.convert", "1", "{}", {}, 0}).error().code,
              Code::forbidden);
    Act silent = act();
    silent.reason.clear();
    EXPECT_EQ(ask_approval(desk, silent, {"unit.convert", "1", "{}", {}, 1}).error().code,
              Code::reason_needed);
}

TEST_F(ApprovalTest, ASecondPersonIsNeededUnlessItWasSaidOtherwise) {
    {
        Desk desk(*writer_);
        EXPECT_TRUE(needs_four_eyes(desk, "unit.convert"));
        EXPECT_TRUE(needs_four_eyes(desk, "nobody knows this"));
        ASSERT_TRUE(set_four_eyes(desk, act(), "unit.convert", false, 9));
        EXPECT_EQ(set_four_eyes(desk, act(), "audit.erase", false, 9).error().code,
                  Code::state_change_bad);
        EXPECT_EQ(set_four_eyes(desk, act(), "nothing", false, 9).error().code, Code::not_found);
        Act silent = act();
        silent.reason.clear();
        EXPECT_EQ(set_four_eyes(desk, silent, "config.activate", false, 9).error().code,
                  Code::reason_needed);
        desk.commit();
    }
    ReadSession reading = session();
    EXPECT_FALSE(needs_four_eyes(reading, "unit.convert"));
    EXPECT_TRUE(needs_four_eyes(reading, "config.activate"));
    const auto all = four_eyes(reading);
    const auto said = std::ranges::find(all, "unit.convert", &FourEyes::action);
    ASSERT_NE(said, all.end());
    EXPECT_FALSE(said->required);
    EXPECT_EQ(said->reason, "needed");
    EXPECT_EQ(said->signature, 9);
    AuditFilter filter;
    filter.kind = "four-eyes";
    const AuditPage page = audit_rows(reading, filter, 0, 10);
    ASSERT_EQ(page.rows.size(), 1U);
    EXPECT_EQ(page.rows[0].before, R"({"required":true})");
    EXPECT_EQ(page.rows[0].after, R"({"required":false})");
}

}  // namespace
}  // namespace labrelay::store
