#include <gmock/gmock.h>

#include "labrelay/store/delivery_query.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/message_list.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/reveal.hpp"
#include "labrelay/store/search_query.hpp"
#include "labrelay/store/subject_page.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

constexpr std::int64_t kSecond = 1'000'000;
constexpr Instant kFirst{1'780'000'001'000'000};  // of message 1

class ProblemBoardTest : public StoreTest {
protected:
    std::vector<BoardProblem> board(ProblemState state = ProblemState::open) {
        while (group_holds(*writer_) > 0) {
        }
        auto reading = session();
        return problem_board(reading, state);
    }
    static std::int64_t held_of(const BoardProblem& problem, std::string_view analyte) {
        std::int64_t held = 0;
        for (const AnalyteShare& share : problem.analytes)
            held += share.analyte == analyte ? share.held : 0;
        return held;
    }
    /// Two analytes, held for one cause.
    static StoreItem two_analytes(std::int64_t id) {
        StoreItem item(id, "A" + std::to_string(id));
        item.held(Code::unknown_code, "NEW").held(Code::unknown_code, "NEW");
        item.proposal.observations[0].analyte = "CD4A";
        item.proposal.observations[1].analyte = "HIVVL";
        return item;
    }
};

TEST_F(ProblemBoardTest, CountsItsResultsByAnalyteAndNamesTheSubjects) {
    commit(two_analytes(1));
    commit(two_analytes(2));
    const auto problems = board();
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].held, 4);
    EXPECT_EQ(held_of(problems[0], "CD4A"), 2);
    EXPECT_EQ(held_of(problems[0], "HIVVL"), 2);
    EXPECT_EQ(problems[0].people, 1);
    EXPECT_EQ(problems[0].version, 0);
}

TEST_F(ProblemBoardTest, WhatIsHeldAtASourceIsCountedWithoutWhatIsClosed) {
    commit(two_analytes(1));
    StoreItem closed(2, "A2");
    closed.held(Code::unknown_code, "NEW");
    closed.proposal.observations[0].analyte = "HIVVL";
    commit(closed);
    (void)board();
    auto reading = session();
    mapping::TouchedSources everywhere;
    everywhere.all = true;
    const HeldAtSources all = held_at(reading, everywhere, 10);
    EXPECT_EQ(all.observations, 3);
    EXPECT_THAT(all.messages, ::testing::ElementsAre(MessageId{1}, MessageId{2}));
    const HeldAtSources open = held_at(reading, everywhere, 10, {"UREA", "HIVVL"});
    EXPECT_EQ(open.observations, 1);
    EXPECT_THAT(open.messages, ::testing::ElementsAre(MessageId{1}));
    const auto holds = holds_of(reading, MessageId{1});
    ASSERT_EQ(holds.size(), 2U);
    EXPECT_EQ(holds.at(2).rule, Code::unknown_code);
    EXPECT_EQ(holds.at(2).analyte, "HIVVL");
}

TEST_F(ProblemBoardTest, AReleasedResultLeavesItsAnalytesCountHoweverItIsMappedThen) {
    commit(two_analytes(1));
    (void)board();
    StoreItem half(1, "A1");
    half.stored(1).held(Code::unknown_code, "NEW");
    half.proposal.observations[0].analyte = "UREA";  // the mapping says otherwise now
    half.proposal.observations[1].analyte = "HIVVL";
    commit_again(half);
    const auto problems = board();
    EXPECT_EQ(problems.at(0).held, 1);
    EXPECT_EQ(held_of(problems[0], "CD4A"), 0);
    EXPECT_EQ(held_of(problems[0], "HIVVL"), 1);
}

TEST_F(ProblemBoardTest, SaysWhoWorksOnItAndWhetherAValueIsCritical) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));
    const ProblemId id = board().at(0).id;
    close();
    auto database = direct();
    database.execute(
        "INSERT INTO account(account_id, name, display_name, state, created_us) VALUES (5, 'chen', "
        "'Chen Lan', 'active', 1)");
    database.execute(
        "INSERT INTO problem_work(problem_id, assignee, snoozed_us, regressed, "
        "version) VALUES (" +
        std::to_string(id.value) + ", 5, 9, 1, 3)");
    database.execute(
        "INSERT INTO critical_value(message_id, ordinal, rule, analyte, value_text, unit, source, "
        "at_us) VALUES (1, 1, 'critical', 'K', '7', 'mmol/L', 'facs-lyric', 1)");
    open();
    const auto problem = board().at(0);
    EXPECT_EQ(problem.assignee, 5);
    EXPECT_EQ(problem.assignee_name, "Chen Lan");
    EXPECT_EQ(problem.snoozed_until, Instant{9});
    EXPECT_TRUE(problem.regressed);
    EXPECT_EQ(problem.version, 3);
    EXPECT_TRUE(problem.critical);
    auto reading = session();
    EXPECT_EQ(board_problem(reading, id)->assignee, 5);
    EXPECT_FALSE(board_problem(reading, ProblemId{99}));
}

TEST_F(ProblemBoardTest, ListsByStateCountsAndFindsASubjectsProblemsAndAnExample) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));
    commit(StoreItem(2, "A2").held(Code::unknown_unit));
    commit(StoreItem(3, "A3").held(Code::unknown_code, "NEW"));
    (void)board();
    commit_again(StoreItem(2, "A2").stored(1));
    EXPECT_EQ(board().size(), 1U);
    EXPECT_EQ(board(ProblemState::resolved).size(), 1U);
    auto reading = session();
    const ProblemCounts counts = problem_counts(reading, Instant{0});
    EXPECT_EQ(counts.open, 1);
    EXPECT_EQ(counts.in_review, 0);
    EXPECT_EQ(counts.resolved_since, 1);
    EXPECT_EQ(problem_counts(reading, Instant{clock_.now().microseconds + 1}).resolved_since, 0);
    const ProblemId open = board().at(0).id;
    EXPECT_EQ(example_of(reading, open), (ObservationId{MessageId{3}, 1}));
    EXPECT_FALSE(example_of(reading, ProblemId{99}));
    const auto who = number("SELECT max(who) FROM problem_who");
    if (who > 0) {
        EXPECT_EQ(problems_of(reading, SubjectId{who}), std::vector{open});
    }
}

using MessageListTest = StoreTest;

TEST_F(MessageListTest, PagesNewestFirstByWhatIsAsked) {
    for (int id = 1; id <= 4; ++id) commit(StoreItem(id, "A" + std::to_string(id)).stored(id));
    commit(StoreItem(5, "A5").held(Code::unknown_code));
    StoreItem other(6, "B6");
    other.proposal.source = "lis-qilu";
    commit(other.held(Code::unknown_code));
    auto reading = session();
    const auto ids = [&](MessageListFilter filter) {
        std::vector<std::int64_t> found;
        for (const LedgerMessage& message : message_list(reading, filter))
            found.push_back(message.id.value);
        return found;
    };
    using ::testing::ElementsAre;
    MessageListFilter filter;
    filter.limit = 2;
    EXPECT_THAT(ids(filter), ElementsAre(6, 5));
    filter.after = MessageCursor{kFirst.microseconds + 4 * kSecond, 5};
    EXPECT_THAT(ids(filter), ElementsAre(4, 3));
    filter = {};
    filter.source = "facs-lyric";
    filter.from = Instant{kFirst.microseconds + kSecond};
    filter.until = Instant{kFirst.microseconds + 3 * kSecond};
    EXPECT_THAT(ids(filter), ElementsAre(3, 2));
    filter = {};
    filter.state = study::MessageState::held;
    EXPECT_THAT(ids(filter), ElementsAre(6, 5));
    filter.source = "lis-qilu";
    EXPECT_THAT(ids(filter), ElementsAre(6));
    filter.state = study::MessageState::processed;
    EXPECT_TRUE(ids(filter).empty());
    filter.source.reset();
    EXPECT_THAT(ids(filter), ElementsAre(4, 3, 2, 1));
    filter.source = "nobody";
    EXPECT_TRUE(ids(filter).empty());
    EXPECT_EQ(listed_message(reading, MessageId{6})->control_id, "B6");
    EXPECT_FALSE(listed_message(reading, MessageId{9}));
    EXPECT_EQ(subjects_of(reading, {MessageId{1}}).at(MessageId{1}), std::vector{SubjectId{7}});
}

TEST_F(MessageListTest, TheLastGoodOneHasTheSameCodeWhereThereIsOne) {
    commit(StoreItem(1, "A1").stored(1).stored(2));
    commit(StoreItem(2, "A2").stored(3));
    commit(StoreItem(3, "A3").held(Code::unknown_code));
    auto reading = session();
    const std::string type = listed_message(reading, MessageId{1}) ? "ORU^R01" : "";
    EXPECT_EQ(last_good(reading, "facs-lyric", type, MessageId{3}, {"C2"}), MessageId{1});
    EXPECT_EQ(last_good(reading, "facs-lyric", type, MessageId{3}, {"NEW"}), MessageId{2});
    EXPECT_EQ(last_good(reading, "facs-lyric", type, MessageId{1}, {}), std::nullopt);
    EXPECT_EQ(last_good(reading, "nobody", type, MessageId{3}, {}), std::nullopt);
}

TEST_F(MessageListTest, TheLastGoodOneTellsNothingOfWhatIsClosed) {
    const auto of = [](StoreItem item, std::initializer_list<const char*> analytes) {
        std::size_t line = 0;
        for (const char* analyte : analytes) item.proposal.observations[line++].analyte = analyte;
        return item;
    };
    commit(of(StoreItem(1, "A1").held(Code::unknown_unit, "C1"), {"CD4A"}));
    commit(of(StoreItem(2, "A2").held(Code::unknown_unit, "VL"), {"HIVVL"}));
    commit(of(StoreItem(3, "A3").held(Code::unknown_unit, "C3"), {"HIVVL"}));
    commit(of(StoreItem(4, "A4").held(Code::unknown_unit, "NEW").held(Code::unknown_unit, "VL"),
              {"CD4A", "HIVVL"}));
    commit(of(StoreItem(5, "A5").held(Code::unknown_unit, "VL"), {"HIVVL"}));
    auto reading = session();
    const auto good = [&](std::int64_t before, const std::vector<std::string>& codes,
                          const std::vector<std::string>& without) {
        return last_good(reading, "facs-lyric", "ORU^R01", MessageId{before}, codes, without);
    };
    EXPECT_EQ(good(5, {"VL"}, {}), std::nullopt);
    // 4 and 1 are held by something open; that 2 holds the closed code too must not choose it.
    EXPECT_EQ(good(5, {"VL"}, {"HIVVL"}), MessageId{3});
    EXPECT_EQ(good(5, {"VL"}, {"CD4A"}), MessageId{1});
    EXPECT_EQ(good(2, {}, {"HIVVL"}), std::nullopt);
}

TEST_F(MessageListTest, ThePreviousOneTellsNothingOfWhatIsClosed) {
    for (int id = 1; id <= 3; ++id) {
        StoreItem item(id, "A" + std::to_string(id));
        item.held(Code::unknown_unit, id == 2 ? "C2" : "VL").held(Code::unknown_unit, "C3");
        if (id != 3) item.proposal.observations[1].code = "ALONE" + std::to_string(id);
        for (auto& observation : item.proposal.observations)
            observation.specimen = {"ORD1", "SP1", ""};
        if (id != 2) item.proposal.observations[0].analyte = "HIVVL";
        commit(item);
    }
    auto reading = session();
    EXPECT_EQ(previous_of_order(reading, MessageId{3}), MessageId{1}) << "the same test";
    EXPECT_EQ(previous_of_order(reading, MessageId{3}, {"HIVVL"}), MessageId{2}) << "the specimen";
    EXPECT_EQ(previous_of_order(reading, MessageId{3}, {"HIVVL", "CD4A"}), std::nullopt);
}

TEST_F(MessageListTest, TrafficByHourAndWhatCameAfter) {
    for (int id = 1; id <= 3; ++id) commit(StoreItem(id, "A" + std::to_string(id)).stored(id));
    StoreItem later(4, "A4");
    later.arrival.received_at = Instant{kFirst.microseconds + 3600 * kSecond};
    commit(later.held(Code::unknown_code));
    auto reading = session();
    const auto hours =
        traffic_hours(reading, kFirst, Instant{kFirst.microseconds + 2 * 3600 * kSecond});
    ASSERT_EQ(hours.size(), 2U);
    std::int64_t held = 0;
    std::int64_t messages = 0;
    for (const TrafficHour& hour : hours) {
        EXPECT_EQ(hour.messages, hour.hour == 0 ? 3 : 1);
        EXPECT_EQ(hour.held, hour.hour);
        held += hour.held;
        messages += hour.messages;
    }
    EXPECT_EQ(messages, 4);
    EXPECT_EQ(held, 1);
    EXPECT_EQ(newest_message(reading), MessageId{4});
    const auto fresh = traffic_after(reading, MessageId{2});
    ASSERT_EQ(fresh.size(), 1U);
    EXPECT_EQ(fresh[0].messages, 2);
    EXPECT_EQ(fresh[0].held, 1);
    EXPECT_EQ(last_heard(reading, "facs-lyric")->id, MessageId{4});
    EXPECT_FALSE(last_heard(reading, "nobody"));
    std::int64_t codes = 0;
    for (const CodeCount& count : code_counts(reading, "facs-lyric", Instant{0}))
        codes += count.count;
    EXPECT_EQ(codes, 4);
}

using SearchTest = StoreTest;

TEST_F(SearchTest, ByControlIdMessageIdAndSpecimen) {
    StoreItem item(1, "A1");
    item.stored(1).held(Code::unknown_code);
    commit(item);
    const auto& specimen = item.proposal.observations.front().specimen;
    auto reading = session();
    EXPECT_EQ(search_messages(reading, "A1").size(), 1U);
    EXPECT_EQ(search_messages(reading, to_base32(MessageId{1})).at(0).control_id, "A1");
    EXPECT_TRUE(search_messages(reading, "A").empty());
    ASSERT_FALSE(specimen.specimen_id.empty());
    const auto found = search_specimens(reading, specimen.specimen_id);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].message.id, MessageId{1});
    EXPECT_EQ(found[0].source, "facs-lyric");
    EXPECT_TRUE(search_specimens(reading, "").empty());
}

using RevealTest = StoreTest;

TEST_F(RevealTest, HoldsForTheSessionAndObjectUntilThenAndIsAudited) {
    const auto audited = [&] {
        return number("SELECT count(*) FROM audit WHERE kind = 'identity'");
    };
    const std::int64_t before = audited();
    const Instant until{clock_.now().microseconds + kSecond};
    Act act;
    act.actor = "chen";
    act.session = "S1";
    act.reason = "twins";
    {
        Desk desk(*writer_);
        reveal(desk, act, "message:1", until);
        // Not committed: it did not happen.
    }
    auto reading = session();
    EXPECT_FALSE(is_revealed(reading, "S1", "message:1", clock_.now()));
    for (int time = 0; time < 2; ++time) {
        Desk desk(*writer_);
        reveal(desk, act, "message:1", until);
        desk.commit();
    }
    EXPECT_EQ(audited(), before + 2);
    EXPECT_TRUE(is_revealed(reading, "S1", "message:1", clock_.now()));
    EXPECT_FALSE(is_revealed(reading, "S2", "message:1", clock_.now()));
    EXPECT_FALSE(is_revealed(reading, "", "message:1", clock_.now()));
    EXPECT_FALSE(is_revealed(reading, "S1", "message:2", clock_.now()));
    EXPECT_FALSE(is_revealed(reading, "S1", "message:1", until));
}

class SubjectPageTest : public StoreTest {
protected:
    SubjectId registered() {
        study::Subject subject = testing::a_subject("SCR-004", "00481523");
        store_->begin();
        const study::Registry after =
            store_->write_registry(store_->load_registry(), {{subject}, {}, "import"});
        store_->commit();
        return after.all_subjects().front()->id;
    }
};

TEST_F(SubjectPageTest, ResultsWithTheirDeliveriesAndWhatWasHeldWhen) {
    const SubjectId subject = registered();
    commit(StoreItem(1, "A1").stored(1, subject));
    StoreItem held(2, "A2");
    held.held(Code::unknown_unit);
    held.proposal.observations.front().subjects = {subject};
    held.outcome.notices = {{Code::nearer_after_delivery, subject, "M3 CD4A"}};
    commit(held);
    while (group_holds(*writer_) > 0) {
    }
    auto reading = session();
    const SubjectPage page = subject_page(reading, subject);
    ASSERT_EQ(page.results.size(), 1U);
    EXPECT_EQ(page.results[0].delivery.at("study"), "ready");
    EXPECT_EQ(page.standing.held.size(), 1U);
    EXPECT_EQ(page_result(reading, subject, 1)->result.result_id, page.results[0].result.result_id);
    EXPECT_FALSE(page_result(reading, subject, 9));
    const auto deliveries = deliveries_of(reading, subject, 1);
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].state, "ready");
    const Instant now{kFirst.microseconds + 10 * kSecond};
    ASSERT_EQ(held_at(reading, subject, now).size(), 1U);
    EXPECT_TRUE(held_at(reading, subject, now).front().problem);
    EXPECT_TRUE(held_at(reading, subject, kFirst).empty()) << "it was not held yet";
    EXPECT_EQ(notices_at(reading, subject, now).size(), 1U);
    EXPECT_TRUE(notices_at(reading, subject, Instant{clock_.now().microseconds - 1}).empty());
    clock_.set(Instant{now.microseconds + kSecond});
    commit_again(StoreItem(2, "A2").stored(2, subject));
    EXPECT_TRUE(held_at(reading, subject, clock_.now()).empty());
    EXPECT_EQ(held_at(reading, subject, now).size(), 1U) << "it was held then";
}

TEST_F(SubjectPageTest, DeliveriesPageByStateAndTargetsSayHowTheyStand) {
    const SubjectId subject = registered();
    for (int id = 1; id <= 3; ++id)
        commit(StoreItem(id, "A" + std::to_string(id)).stored(id, subject));
    auto reading = session();
    const auto page = delivery_page(reading, {"study", delivery::DeliveryState::ready, 0, 2});
    ASSERT_EQ(page.size(), 2U);
    const auto rest =
        delivery_page(reading, {"study", delivery::DeliveryState::ready, page.back().id, 2});
    EXPECT_EQ(rest.size(), 1U);
    EXPECT_TRUE(delivery_page(reading, {"study", delivery::DeliveryState::rejected, 0, 2}).empty());
    const auto standings = target_standings(reading, Instant{0});
    ASSERT_EQ(standings.size(), 1U);
    EXPECT_EQ(standings[0].waiting, 3);
    EXPECT_EQ(standings[0].oldest, kFirst);
    EXPECT_EQ(standings[0].delivered_since, 0);
    close();
    direct().execute("UPDATE outbox SET state = 'delivered', closed_us = 5");
    open();
    auto again = session();
    const auto delivered =
        delivery_page(again, {"study", delivery::DeliveryState::delivered, 0, 2});
    ASSERT_EQ(delivered.size(), 2U);
    EXPECT_GT(delivered[0].id, delivered[1].id) << "the newest first";
    EXPECT_EQ(
        delivery_page(again, {"study", delivery::DeliveryState::delivered, delivered[1].id, 2})
            .size(),
        1U);
    EXPECT_EQ(target_standings(again, Instant{0}).at(0).delivered_since, 3);
}

}  // namespace
}  // namespace labrelay::store
