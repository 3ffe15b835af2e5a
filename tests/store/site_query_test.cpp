// Questions to sites and laboratories.
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using review::QueryState;
using review::QueryStep;

class SiteQueryTest : public StoreTest {
protected:
    static Act anna() {
        Act act;
        act.actor = "anna";
        act.origin = Origin::page;
        return act;
    }
    void hold(Code rule = Code::unknown_code) {
        commit(testing::StoreItem(1, "A1").held(rule));
        group_holds(*writer_);
    }
    Result<std::int64_t> ask(const std::string& text, ProblemId problem = {},
                             SubjectId subject = {}) {
        Desk desk(*writer_);
        auto id = ask_site(desk, anna(), {problem, subject, "site 01", text, {}});
        if (id) desk.commit();
        return id;
    }
    Result<void> go(std::int64_t id, QueryStep step, const std::string& text = "",
                    std::optional<std::int64_t> version = {}) {
        Desk desk(*writer_);
        auto moved = move_site_query(desk, anna(), id, step, text, version);
        if (moved) desk.commit();
        return moved;
    }
    SiteQuery read(std::int64_t id) {
        ReadSession reading = session();
        return site_query(reading, id).value();
    }
};

TEST_F(SiteQueryTest, GoesFromTheQuestionToItsEnd) {
    const std::int64_t id = ask("Which unit is meant?").value();
    EXPECT_EQ(read(id).state, QueryState::open);
    EXPECT_EQ(go(id, QueryStep::close).error().code, Code::state_change_bad)
        << "closing needs an answer first";
    EXPECT_EQ(go(id, QueryStep::answer).error().code, Code::body_bad) << "an answer says something";
    ASSERT_TRUE(go(id, QueryStep::answer, "10*6/L"));
    EXPECT_EQ(go(id, QueryStep::close, "", 1).error().code, Code::precondition_failed);
    ASSERT_TRUE(go(id, QueryStep::close, "", 2));
    ASSERT_TRUE(go(id, QueryStep::reopen, "since when?"));
    ASSERT_TRUE(go(id, QueryStep::cancel, "found it"));
    EXPECT_EQ(go(id, QueryStep::reopen, "x").error().code, Code::state_change_bad);
    const SiteQuery query = read(id);
    EXPECT_EQ(query.state, QueryState::cancelled);
    EXPECT_EQ(query.version, 5);
    ASSERT_EQ(query.facts.size(), 5U);
    EXPECT_EQ(query.facts[1].text, "10*6/L");
    EXPECT_EQ(query.facts[4].from, "open");
    EXPECT_EQ(number("SELECT count(*) FROM audit WHERE kind = 'query' AND object_kind = 'query'"),
              5);
    ReadSession reading = session();
    AuditFilter filter;
    filter.kind = "query";
    const auto rows = audit_rows(reading, filter, 0, 10).rows;
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[3].before, R"({"state":"open"})");
    EXPECT_EQ(rows[3].after, R"({"state":"answered","text":"10*6/L"})");
    EXPECT_EQ(rows[2].after, R"({"state":"closed"})") << "it was closed without a word";
}

TEST_F(SiteQueryTest, AnAnswerIsErasedWithItsRow) {
    const std::int64_t id = ask("Which unit is meant?").value();
    ASSERT_TRUE(go(id, QueryStep::answer, "as told by Mr Xaver"));
    const std::int64_t row = number("SELECT max(audit_id) FROM audit");
    {
        auto reading = session();
        const auto erasure = audit_erasure(reading, row, true, "a name");
        ASSERT_TRUE(erasure);
        Desk desk(*writer_);
        Act boris;
        boris.actor = "boris";
        boris.reason = "a name";
        ASSERT_TRUE(erase_audit_texts(desk, boris, "anna", *erasure));
        desk.commit();
    }
    EXPECT_EQ(read(id).facts.at(1).text, "(erased)");
}

TEST_F(SiteQueryTest, NamesNoPatient) {
    store_->begin();
    pipeline::RegistryChange change;
    change.subjects.push_back(testing::a_subject("S-01", "00481523"));
    change.actor = "import";
    store_->write_registry(study::Registry{}, change);
    store_->commit();
    EXPECT_EQ(ask("Whose is it, 00481523?").error().code, Code::body_bad);
    const std::int64_t id = ask("Whose is it, that of S-01?").value();
    EXPECT_EQ(go(id, QueryStep::answer, "It is 00481523's").error().code, Code::body_bad);
    EXPECT_EQ(ask("x", ProblemId{77}).error().code, Code::not_found);
    EXPECT_EQ(ask("x", {}, SubjectId{77}).error().code, Code::not_found);
}

TEST_F(SiteQueryTest, NamesNoPatientOfItsProblem) {
    hold(Code::unknown_subject);
    const ProblemId problem{number("SELECT max(problem_id) FROM problem")};
    auto database = direct();
    database.execute("UPDATE problem SET object = 'QILU-MRN 7766554' WHERE problem_id = " +
                     std::to_string(problem.value));
    EXPECT_EQ(ask("Who is 7766554?", problem).error().code, Code::body_bad);
    EXPECT_TRUE(ask("Who is 7766554?")) << "nobody's number elsewhere";
}

TEST_F(SiteQueryTest, IsClosedWithANoteWhenItsResultsAreReleased) {
    hold();
    const ProblemId problem{number("SELECT max(problem_id) FROM problem")};
    const std::int64_t open = ask("Which analyte is it?", problem).value();
    const std::int64_t answered = ask("Which specimen is it?", problem).value();
    const std::int64_t other = ask("Something else?").value();
    ASSERT_TRUE(go(answered, QueryStep::answer, "blood"));
    commit_again(testing::StoreItem(1, "A1").stored(1));
    group_holds(*writer_);
    for (const std::int64_t id : {open, answered}) {
        EXPECT_EQ(read(id).state, QueryState::closed);
        EXPECT_EQ(read(id).facts.back().actor, "engine");
        EXPECT_EQ(read(id).facts.back().text, "its results were released");
    }
    EXPECT_EQ(read(other).state, QueryState::open);
    ReadSession reading = session();
    EXPECT_EQ(site_queries(reading, {QueryState::closed, {}, {}}, 0, 10).size(), 2U);
    EXPECT_EQ(site_queries(reading, {QueryState::open, {}, {}}, 0, 10).size(), 1U);
    EXPECT_EQ(site_queries(reading, {{}, problem, {}}, 0, 10).size(), 2U);
    EXPECT_EQ(site_queries(reading, {}, other, 1).at(0).id, answered) << "pages by key";
    const auto notes = problem_notes(reading, problem);
    EXPECT_NE(notes.back().text.find("closed"), std::string::npos);
}

}  // namespace
}  // namespace labrelay::store
