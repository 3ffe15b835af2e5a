// What people do with problems, and what the engine does to it meanwhile.
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

class ProblemWorkTest : public StoreTest {
protected:
    static Act anna() {
        Act act;
        act.actor = "anna";
        act.origin = Origin::page;
        act.reason = "triage";
        return act;
    }
    void hold(std::int64_t message) {
        commit(testing::StoreItem(message, "A" + std::to_string(message))
                   .held(Code::unknown_code, "XYZ"));
        group_holds(*writer_);
    }
    /// Processed again, and now stored.
    void release(std::int64_t message) {
        commit_again(testing::StoreItem(message, "A" + std::to_string(message)).stored(message));
        group_holds(*writer_);
    }
    ProblemId only() { return ProblemId{number("SELECT max(problem_id) FROM problem")}; }
    Result<ChangedProblem> change(const ProblemChange& what,
                                  std::optional<std::int64_t> version = std::nullopt,
                                  Act act = anna()) {
        Desk desk(*writer_);
        auto changed = change_problem(desk, act, only(), what, version);
        if (changed) desk.commit();
        return changed;
    }
    ProblemWork work() {
        ReadSession reading = session();
        const ProblemId id = only();
        auto all = problem_work(reading, {&id, 1});
        return all.contains(id) ? all.at(id) : ProblemWork{};
    }
    std::vector<std::string> notes() {
        ReadSession reading = session();
        std::vector<std::string> texts;
        for (const ProblemNote& note : problem_notes(reading, only()))
            texts.push_back(note.kind + ": " + note.text);
        return texts;
    }
    ProblemState state() {
        ReadSession reading = session();
        return problem(reading, only())->state;
    }
    void make_account(std::int64_t id, const std::string& name, const std::string& role) {
        auto database = direct();
        database
            .prepare(
                "INSERT INTO account(account_id, name, display_name, state, created_us) "
                "VALUES (?, ?, ?, 'active', 0)")
            .bind(id, name, "Dr " + name)
            .run();
        database
            .prepare(
                "INSERT INTO account_grant(account_id, role, study, site, training, from_us, "
                "granted_by, reason) VALUES (?, ?, '', '', '', 1, 'x', 'x')")
            .bind(id, role)
            .run();
    }
};

TEST_F(ProblemWorkTest, AChangeCountsTheVersionAndLeavesNoteAndAuditRow) {
    make_account(5, "boris", "data manager");
    hold(1);
    EXPECT_EQ(work().version, 0);
    ProblemChange what;
    what.state = ProblemState::in_review;
    what.assignee = 5;
    const auto changed = change(what, 0);
    ASSERT_TRUE(changed) << describe(changed.error());
    EXPECT_EQ(changed->work.version, 1);
    EXPECT_EQ(work().assignee_name, "Dr boris");
    EXPECT_EQ(state(), ProblemState::in_review);
    EXPECT_EQ(notes(), (std::vector<std::string>{"state: open to in review: triage",
                                                 "assign: given to Dr boris"}));
    EXPECT_EQ(change(what, 0).error().code, Code::precondition_failed);
    ReadSession reading = session();
    AuditFilter filter;
    filter.kind = "problem";
    const AuditPage page = audit_rows(reading, filter, 0, 10);
    ASSERT_EQ(page.rows.size(), 2U) << "its opening is the engine's";
    EXPECT_EQ(page.rows[0].before, R"({"state":"open","assignee":0})");
    EXPECT_EQ(page.rows[0].after, R"({"state":"in review","assignee":5})");
    EXPECT_EQ(page.rows[0].actor, "anna");
}

TEST_F(ProblemWorkTest, WhatIsNotAllowedChangesNothing) {
    hold(1);
    ProblemChange what;
    what.state = ProblemState::resolved;
    EXPECT_EQ(change(what).error().code, Code::state_change_bad) << "it still holds results";
    what.state = ProblemState::dismissed;
    Act silent = anna();
    silent.reason.clear();
    EXPECT_EQ(change(what, std::nullopt, silent).error().code, Code::reason_needed);
    what = {};
    what.assignee = 77;
    EXPECT_EQ(change(what).error().code, Code::parameter_bad);
    EXPECT_EQ(work().version, 0);
    EXPECT_TRUE(notes().empty());
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'problem' AND actor <> 'engine'"), 0);
    Desk desk(*writer_);
    EXPECT_EQ(change_problem(desk, anna(), ProblemId{99}, what, {}).error().code, Code::not_found);
}

TEST_F(ProblemWorkTest, AResolvedProblemThatHoldsAgainIsOpenAndMarked) {
    hold(1);
    release(1);
    ASSERT_EQ(state(), ProblemState::resolved);
    EXPECT_FALSE(work().regressed);
    hold(2);
    EXPECT_EQ(state(), ProblemState::open);
    EXPECT_TRUE(work().regressed);
    EXPECT_EQ(notes(),
              (std::vector<std::string>{"state: open to resolved: nothing is held by it any more",
                                        "state: resolved to open: it holds again"}));
}

// R9
TEST_F(ProblemWorkTest, EachTurnThatTheEngineGivesAProblemIsInTheAuditTrail) {
    hold(1);
    hold(2);
    release(1);
    release(2);
    hold(3);
    ReadSession reading = session();
    AuditFilter filter;
    filter.kind = "problem";
    filter.actor = "engine";
    const AuditPage page = audit_rows(reading, filter, 0, 10);
    ASSERT_EQ(page.rows.size(), 3U) << "opened, resolved, open again; a second result is no turn";
    EXPECT_EQ(page.rows[2].before, "");
    EXPECT_EQ(page.rows[2].after, R"({"state":"open","rule":"unknown-code"})");
    EXPECT_EQ(page.rows[1].before, R"({"state":"open","rule":"unknown-code"})");
    EXPECT_EQ(page.rows[1].after, R"({"state":"resolved","rule":"unknown-code"})");
    EXPECT_EQ(page.rows[0].after, R"({"state":"open","rule":"unknown-code"})");
    EXPECT_EQ(page.rows[0].object, std::to_string(number("SELECT max(problem_id) FROM problem")));
    EXPECT_EQ(page.rows[0].origin, "engine");
    EXPECT_FALSE(page.rows[0].version.empty());
    EXPECT_TRUE(verify_audit(reading).ok());
}

TEST_F(ProblemWorkTest, ADismissedProblemThatHoldsAgainWakes) {
    hold(1);
    ProblemChange what;
    what.state = ProblemState::dismissed;
    what.snooze = review::Snooze{Instant{9'000'000'000'000'000}, 50};
    ASSERT_TRUE(change(what));
    EXPECT_EQ(work().snooze.until_held, 50);
    hold(2);
    EXPECT_EQ(state(), ProblemState::open);
    EXPECT_TRUE(work().regressed);
    EXPECT_FALSE(work().snooze.until);
    EXPECT_FALSE(work().snooze.until_held);
    EXPECT_EQ(work().version, 2) << "an ETag read before does not fit any more";
}

TEST_F(ProblemWorkTest, CommentsAreKeptAndAudited) {
    hold(1);
    Desk desk(*writer_);
    EXPECT_EQ(comment_problem(desk, anna(), only(), "").error().code, Code::body_bad);
    EXPECT_EQ(comment_problem(desk, anna(), ProblemId{99}, "x").error().code, Code::not_found);
    ASSERT_TRUE(comment_problem(desk, anna(), only(), "asked the laboratory"));
    desk.commit();
    EXPECT_EQ(notes(), std::vector<std::string>{"comment: asked the laboratory"});
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'comment'"), 1);
}

TEST_F(ProblemWorkTest, AProblemIsGivenToThoseWhoMayWorkOnIt) {
    make_account(5, "boris", "data manager");
    make_account(6, "vera", "viewer");
    make_account(7, "max", "mapper");
    direct().execute("UPDATE account_grant SET until_us = 2 WHERE account_id = 7");
    ReadSession reading = session();
    const std::string_view roles[] = {"data manager", "mapper"};
    const auto found = assignees(reading, roles, clock_.now());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "boris");
}

TEST_F(ProblemWorkTest, ViewsAreTheAccountsOwn) {
    make_account(5, "boris", "data manager");
    make_account(6, "vera", "viewer");
    std::int64_t id = 0;
    {
        Desk desk(*writer_);
        EXPECT_EQ(save_view(desk, anna(), 5, "", "x").error().code, Code::body_bad);
        id = save_view(desk, anna(), 5, "mine", "state=open")->id;
        EXPECT_EQ(save_view(desk, anna(), 5, "mine", "state=resolved")->id, id) << "replaced";
        EXPECT_EQ(remove_view(desk, anna(), 6, id).error().code, Code::not_found);
        desk.commit();
    }
    ReadSession reading = session();
    ASSERT_EQ(saved_views(reading, 5).size(), 1U);
    EXPECT_EQ(saved_views(reading, 5)[0].query, "state=resolved");
    EXPECT_TRUE(saved_views(reading, 6).empty());
    {
        Desk desk(*writer_);
        ASSERT_TRUE(remove_view(desk, anna(), 5, id));
        desk.commit();
    }
    EXPECT_TRUE(saved_views(reading, 5).empty());
}

}  // namespace
}  // namespace labrelay::store
