// Incidents, who was told of them, and critical values, on both engines.
#include "labrelay/store/incident_desk.hpp"

#include <gmock/gmock.h>

#include "labrelay/store/alarm_query.hpp"
#include "labrelay/store/critical_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::StoreItem;

class IncidentTest : public StoreTest {
protected:
    static constexpr std::int64_t kSecond = 1'000'000;

    std::int64_t begin(const std::string& object, const std::vector<std::string>& channels) {
        IncidentRow row;
        row.kind = "source-silent";
        row.object = object;
        row.text = "text";
        row.advice = "advice";
        row.opened = clock_.now();
        Desk desk(*writer_);
        const std::int64_t id = open_incident(desk, row, channels);
        desk.commit();
        return id;
    }
    void end(std::int64_t id) {
        Desk desk(*writer_);
        close_incident(desk, id);
        desk.commit();
    }
    std::vector<NoticeRow> due() {
        Desk desk(*writer_);
        std::vector<NoticeRow> rows;
        for (const DueNotice& one : due_notices(desk, 100)) rows.push_back(one.notice);
        return rows;
    }
    /// Channel and whether it is about the end, of what is due.
    std::vector<std::pair<std::string, bool>> to_tell() {
        std::vector<std::pair<std::string, bool>> all;
        for (const NoticeRow& row : due()) all.emplace_back(row.channel, row.over);
        return all;
    }
    void becomes(NoticeRow notice, NoticeState state, std::int64_t seconds = 0) {
        notice.state = state;
        ++notice.attempts;
        notice.at = Instant{clock_.now().microseconds + seconds * kSecond};
        notice.why = state == NoticeState::sent ? "" : "refused";
        Desk desk(*writer_);
        note_attempt(desk, notice);
        desk.commit();
    }
    void pass(std::int64_t seconds) {
        clock_.set(Instant{clock_.now().microseconds + seconds * kSecond});
    }
};

TEST_F(IncidentTest, IsOpenOnceForAKindAndAnObject) {
    const std::int64_t first = begin("lis", {"mail"});
    EXPECT_GT(first, 0);
    EXPECT_EQ(begin("lis", {"mail"}), 0);
    EXPECT_GT(begin("facs", {"mail"}), 0);
    end(first);
    EXPECT_GT(begin("lis", {"mail"}), first);
    Desk desk(*writer_);
    EXPECT_EQ(open_incidents(desk).size(), 2U);
}

TEST_F(IncidentTest, TheEndIsToldAfterTheBeginningToWhoeverWasTold) {
    const std::int64_t id = begin("lis", {"hook", "mail"});
    EXPECT_THAT(to_tell(), ElementsAre(Pair("hook", false), Pair("mail", false)));
    const std::vector<NoticeRow> first = due();
    becomes(first[0], NoticeState::sent);
    becomes(first[1], NoticeState::waiting, 60);  // the mail server is away
    end(id);
    EXPECT_THAT(to_tell(), ElementsAre(Pair("hook", true)));
    pass(60);
    EXPECT_THAT(to_tell(), ElementsAre(Pair("mail", false), Pair("hook", true)));
    becomes(due()[0], NoticeState::sent);
    EXPECT_THAT(to_tell(), ElementsAre(Pair("hook", true), Pair("mail", true)));
    end(id);  // once more says nothing more
    EXPECT_EQ(due().size(), 2U);
}

TEST_F(IncidentTest, TheEndOfAnOldOneIsToldBeforeTheNextOneOfTheObject) {
    const std::int64_t old = begin("lis", {"hook", "mail"});
    for (const NoticeRow& row : due()) becomes(row, NoticeState::sent);
    end(old);
    becomes(due()[0], NoticeState::sent);         // hook
    becomes(due()[0], NoticeState::waiting, 60);  // the mail server is away
    const std::int64_t next = begin("lis", {"hook", "mail"});
    begin("facs", {"mail"});
    ASSERT_THAT(to_tell(),
                ElementsAre(Pair("mail", true), Pair("hook", false), Pair("mail", false)));
    EXPECT_EQ(due()[0].attempts, 0) << "the next one waits for it no longer than need be";
    becomes(due()[0], NoticeState::waiting, 60);
    ASSERT_THAT(to_tell(), ElementsAre(Pair("hook", false), Pair("mail", false)));
    EXPECT_EQ(due()[0].incident, next);
    EXPECT_GT(due()[1].incident, next) << "that of facs";
    pass(60);
    ASSERT_THAT(to_tell(),
                ElementsAre(Pair("mail", true), Pair("hook", false), Pair("mail", false)));
    EXPECT_EQ(due()[0].incident, old);
    becomes(due()[0], NoticeState::failed);
    EXPECT_THAT(to_tell(),
                ElementsAre(Pair("hook", false), Pair("mail", false), Pair("mail", false)));
}

TEST_F(IncidentTest, AChannelThatTakesNothingKeepsNothingFromTheOthers) {
    for (int each = 0; each < 5; ++each) begin("lis" + std::to_string(each), {"gone"});
    const std::int64_t last = begin("critical", {"gone", "mail"});
    Desk desk(*writer_);
    const std::vector<DueNotice> some = due_notices(desk, 2);
    ASSERT_EQ(some.size(), 3U);
    EXPECT_EQ(some[0].notice.channel, "gone");
    EXPECT_EQ(some[1].notice.channel, "gone");
    EXPECT_EQ(some[2].notice.channel, "mail");
    EXPECT_EQ(some[2].notice.incident, last);
}

TEST_F(IncidentTest, WhoeverCouldNotBeToldHearsNothingOfTheEnd) {
    const std::int64_t id = begin("lis", {"mail"});
    becomes(due()[0], NoticeState::failed);
    end(id);
    EXPECT_THAT(to_tell(), IsEmpty());
    auto reading = session();
    const std::vector<IncidentRow> all = incidents(reading, 0, 10);
    ASSERT_EQ(all.size(), 1U);
    ASSERT_EQ(all[0].notices.size(), 1U);
    EXPECT_EQ(all[0].notices[0].state, NoticeState::failed);
    EXPECT_EQ(all[0].notices[0].why, "refused");
    EXPECT_EQ(all[0].notices[0].attempts, 1);
    EXPECT_TRUE(all[0].closed);
}

TEST_F(IncidentTest, AreListedNewestFirstByPages) {
    const std::int64_t one = begin("a", {});
    const std::int64_t two = begin("b", {});
    const std::int64_t three = begin("c", {});
    auto reading = session();
    const std::vector<IncidentRow> page = incidents(reading, 0, 2);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].id, three);
    EXPECT_EQ(page[1].id, two);
    const std::vector<IncidentRow> rest = incidents(reading, two, 2);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, one);
}

TEST_F(IncidentTest, OldProblemsAreCountedBySourceUnlessSnoozed) {
    for (const char* statement :
         {"INSERT INTO term(term_id, text) VALUES (900, 'lis')",
          "INSERT INTO problem(problem_id, state, rule, source_id, object, open_count, total, "
          "first_us, last_us) VALUES (11, 'open', 301, 900, 'a', 1, 1, 100, 100), "
          "(12, 'in review', 301, 900, 'b', 1, 1, 200, 200), "
          "(13, 'resolved', 301, 900, 'c', 0, 1, 100, 100), "
          "(14, 'open', 301, 900, 'd', 1, 1, 100, 100), "
          "(15, 'open', 301, 900, 'e', 1, 1, 500, 500)",
          "INSERT INTO problem_work(problem_id, snoozed_us) VALUES (14, 2000), (12, 900)"})
        direct().prepare(statement).run();
    auto reading = session();
    const std::vector<AgedProblems> aged = aged_problems(reading, Instant{300}, Instant{1000});
    ASSERT_EQ(aged.size(), 1U);
    EXPECT_EQ(aged[0].source, "lis");
    EXPECT_EQ(aged[0].count, 2);
    EXPECT_EQ(aged[0].oldest, 11);
    EXPECT_EQ(aged_problems(reading, Instant{300}, Instant{2001})[0].count, 3);
}

TEST_F(IncidentTest, TheNewestActivationSaysWhichConfigurationHolds) {
    auto reading = session();
    EXPECT_EQ(active_configuration(reading), "");
    for (const char* hash : {"aa", "bb"})
        direct()
            .prepare(
                "INSERT INTO configuration_version(version_id, hash, author, at_us, reason, "
                "origin, "
                "files) VALUES (?, ?, 'a', 1, '', 'page', ?)")
            .bind(hash[0] - 'a' + 1, hash, sql::Blob{"-"})
            .run();
    direct()
        .prepare(
            "INSERT INTO configuration_activation(activation_id, version_id, at_us, actor, reason) "
            "VALUES (1, 2, 1, 'a', ''), (2, 1, 2, 'a', '')")
        .run();
    EXPECT_EQ(active_configuration(reading), "aa");
}

class CriticalTest : public StoreTest {
protected:
    static StoreItem critical(std::int64_t id, bool live = true) {
        StoreItem item(id, "C" + std::to_string(id));
        item.held(Code::unknown_unit, "2823-3");
        item.stored(1);
        item.ignored(Code::not_registered);
        item.proposal.forwards = live;
        for (study::ProposedObservation& observation : item.proposal.observations) {
            observation.findings.push_back({Code::critical_value,
                                            Severity::warning,
                                            Place{"OBX-5"},
                                            "V3: the value is critical",
                                            {}});
            observation.value.value_text = "6.5";
            observation.value.unit = "mmol/L";
        }
        item.proposal.observations[0].subjects.clear();
        return item;
    }
    std::vector<CriticalRow> listed(bool open_only = true, ObservationId after = {},
                                    std::size_t limit = 10) {
        auto reading = session();
        return critical_values(reading, {open_only, after, limit});
    }
    Result<void> acknowledge(ObservationId id) {
        Desk desk(*writer_);
        Act act;
        act.actor = "a.reviewer";
        Result<void> done = acknowledge_critical(desk, id, act, "told Dr. Wang");
        desk.commit();
        return done;
    }
};

TEST_F(CriticalTest, StandsBesideTheResultWhetherStoredOrHeld) {
    commit(critical(1));
    commit(critical(2, false));  // of a source that is not live
    const std::vector<CriticalRow> rows = listed();
    ASSERT_EQ(rows.size(), 2U);  // what is ignored concerns nobody here
    EXPECT_EQ(rows[0].id, (ObservationId{MessageId{1}, 2}));
    EXPECT_EQ(rows[0].subject, SubjectId{7});
    EXPECT_EQ(rows[1].id, (ObservationId{MessageId{1}, 1}));
    EXPECT_EQ(rows[1].subject, std::nullopt);
    EXPECT_EQ(rows[1].rule, "V3");
    EXPECT_EQ(rows[1].value_text, "6.5");
    EXPECT_EQ(rows[1].unit, "mmol/L");
    EXPECT_EQ(rows[1].source, "facs-lyric");
}

TEST_F(CriticalTest, AMessageProcessedAgainFindsItsSubjectAndRaisesNothingNew) {
    commit(critical(1));
    StoreItem again = critical(1);
    again.proposal.observations[0].subjects = {SubjectId{9}};
    commit_again(again);
    const std::vector<CriticalRow> rows = listed();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].subject, SubjectId{9});
}

TEST_F(CriticalTest, IsAcknowledgedOnceWithAnAuditRow) {
    commit(critical(1));
    const ObservationId id{MessageId{1}, 1};
    const std::int64_t audited = number("SELECT count(*) FROM audit");
    ASSERT_TRUE(acknowledge(id));
    EXPECT_EQ(number("SELECT count(*) FROM audit"), audited + 1);
    EXPECT_EQ(acknowledge(id).error().code, Code::state_change_bad);
    EXPECT_EQ(acknowledge({MessageId{99}, 1}).error().code, Code::not_found);
    EXPECT_EQ(listed().size(), 1U);
    const std::vector<CriticalRow> all = listed(false);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].acknowledged_by, "a.reviewer");
    EXPECT_EQ(all[1].note, "told Dr. Wang");
    EXPECT_TRUE(all[1].acknowledged);
}

TEST_F(CriticalTest, AreListedByPages) {
    commit(critical(1));
    commit(critical(2));
    const std::vector<CriticalRow> page = listed(true, {}, 3);
    ASSERT_EQ(page.size(), 3U);
    EXPECT_EQ(page[0].id.message, MessageId{2});
    const std::vector<CriticalRow> rest = listed(true, page.back().id, 3);
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, (ObservationId{MessageId{1}, 1}));
}

}  // namespace
}  // namespace labrelay::store
