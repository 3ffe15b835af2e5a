#include <fmt/format.h>
#include <gmock/gmock.h>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/result_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

constexpr std::int64_t kDayUs = 86'400'000'000;

using LedgerTest = StoreTest;

TEST_F(LedgerTest, BalancesByDayAndSourceAndSaysByWhichRule) {
    commit(StoreItem(1, "A1").stored(1).held(Code::unknown_code).ignored(Code::title_line));
    commit(StoreItem(2, "A1").duplicate_of(MessageId{1}));
    commit(StoreItem(3, "A3").ignored(Code::title_line).ignored(Code::repeat_of));
    StoreItem other(4, "B1");
    other.proposal.source = "lis-qilu";
    other.refused(Code::type_unsupported);
    other.arrival.received_at.microseconds += kDayUs;
    commit(other);
    store_->begin();
    pipeline::Arrival junk;
    junk.message_id = MessageId{5};
    junk.received_at = Instant{1'780'000'000'000'000};
    store_->write_quarantine("junk", junk, Code::frame_truncated);
    store_->commit();

    auto reading = session();
    const auto rows = ledger(reading, {});
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].source, "");
    EXPECT_EQ(rows[0].quarantined, 1);
    EXPECT_EQ(rows[1].source, "facs-lyric");
    EXPECT_EQ(rows[1].messages, 3);
    EXPECT_EQ(rows[1].duplicates, 1);
    EXPECT_EQ(rows[1].received, 5);
    EXPECT_EQ(rows[1].stored, 1);
    EXPECT_EQ(rows[1].held, 1);
    EXPECT_EQ(rows[1].ignored, 3);
    ASSERT_EQ(rows[1].ignored_by_rule.size(), 2U);
    EXPECT_EQ(rows[1].ignored_by_rule[0].rule, Code::title_line);
    EXPECT_EQ(rows[1].ignored_by_rule[0].count, 2);
    EXPECT_EQ(rows[1].held_by_rule.at(0).rule, Code::unknown_code);
    EXPECT_EQ(rows[2].source, "lis-qilu");
    EXPECT_EQ(rows[2].refused, 1);
    EXPECT_EQ(rows[2].day, rows[1].day + std::chrono::days(1));
    for (const LedgerRow& row : rows) EXPECT_TRUE(row.balanced());
}

TEST_F(LedgerTest, ALostLineShowsAsAnImbalance) {
    commit(StoreItem(1, "A1").stored(1).stored(2));
    close();
    direct().execute("DELETE FROM observation WHERE ordinal = 2");
    open();
    auto reading = session();
    EXPECT_FALSE(ledger(reading, {}).at(0).balanced());
}

TEST_F(LedgerTest, FiltersAndPages) {
    for (int id = 1; id <= 5; ++id) commit(StoreItem(id, "A" + std::to_string(id)).stored(id));
    auto reading = session();
    const auto page = ledger_messages(reading, {}, MessageId{2}, 2);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].id, MessageId{3});
    EXPECT_EQ(page[0].control_id, "A3");
    EXPECT_EQ(page[0].counts.stored, 1);
    LedgerFilter none;
    none.source = "nobody";
    EXPECT_TRUE(ledger(reading, none).empty());
    LedgerFilter late;
    late.from = Instant{1'780'000'004'000'000};
    EXPECT_EQ(ledger_messages(reading, late, {}, 10).size(), 2U);
    LedgerFilter early;
    early.until = Instant{1'780'000'004'000'000};
    EXPECT_EQ(ledger(reading, early).at(0).messages, 3);
}

class ProblemTest : public StoreTest {
protected:
    std::vector<ProblemRow> grouped(ProblemFilter filter = {}) {
        group_holds(*writer_, 2);  // several transactions
        auto reading = session();
        return problems(reading, filter);
    }
};

TEST_F(ProblemTest, HoldsOfOneCauseAreOneProblem) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW").held(Code::unknown_code, "NEW"));
    commit(StoreItem(2, "A2").held(Code::unknown_code, "NEW").held(Code::unknown_code, "OTHER"));
    const auto rows = grouped();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].object, "NEW^99BD");
    EXPECT_EQ(rows[0].held, 3);
    EXPECT_EQ(rows[0].subjects, 1);
    EXPECT_EQ(rows[0].rule, Code::unknown_code);
    EXPECT_EQ(rows[0].source, "facs-lyric");
    EXPECT_EQ(rows[0].first, Instant{1'780'000'001'000'000});
    EXPECT_EQ(rows[0].last, Instant{1'780'000'002'000'000});
    EXPECT_EQ(rows[1].object, "OTHER^99BD");
    EXPECT_EQ(group_holds(*writer_), 0U) << "counted once";
}

TEST_F(ProblemTest, TheObjectIsWhatAPersonLooksFor) {
    commit(StoreItem(1, "A1")
               .held(Code::unknown_unit)
               .held(Code::unknown_subject)
               .held(Code::unknown_specimen)
               .held(Code::value_unreadable, "V"));
    std::vector<std::string> objects;
    for (const ProblemRow& row : grouped()) objects.push_back(row.object);
    EXPECT_THAT(objects, ::testing::UnorderedElementsAre("cells/uL for CD4A", "QILU-MRN:00481523",
                                                         "SP1", "'404.50' for V^99BD"));
}

TEST_F(ProblemTest, ResolvedWhenTheLastHoldIsReleasedAndOpenAgainWhenItComesBack) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW").held(Code::unknown_code, "NEW"));
    ASSERT_EQ(grouped().at(0).state, ProblemState::open);
    StoreItem half(1, "A1");
    half.stored(1).held(Code::unknown_code, "NEW");
    commit_again(half);
    ASSERT_EQ(grouped().at(0).held, 1);
    commit_again(StoreItem(1, "A1").stored(1).stored(2));
    const auto resolved = grouped().at(0);
    EXPECT_EQ(resolved.state, ProblemState::resolved);
    EXPECT_EQ(resolved.held, 0);
    EXPECT_EQ(resolved.total, 2);
    EXPECT_TRUE(resolved.closed);
    commit(StoreItem(2, "A2").held(Code::unknown_code, "NEW"));
    const auto back = grouped();
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].state, ProblemState::open);
    EXPECT_FALSE(back[0].closed);
    EXPECT_EQ(back[0].id, resolved.id);
}

TEST_F(ProblemTest, AHoldThatChangesItsCauseMovesToTheOtherProblem) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));
    (void)grouped();
    commit_again(StoreItem(1, "A1").held(Code::unknown_unit, "NEW"));
    const auto rows = grouped();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].rule, Code::unknown_unit);
    EXPECT_EQ(rows[0].held, 1);
    EXPECT_EQ(rows[1].state, ProblemState::resolved);
    commit_again(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));  // and back
    const auto again = grouped();
    EXPECT_EQ(again[0].rule, Code::unknown_code);
    EXPECT_EQ(again[0].held, 1);
    EXPECT_EQ(again[1].held, 0);
}

TEST_F(ProblemTest, AHoldReleasedBeforeItWasCountedOpensNothing) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));
    commit_again(StoreItem(1, "A1").stored(1));
    const auto rows = grouped();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].state, ProblemState::resolved);
    EXPECT_EQ(rows[0].held, 0);
}

TEST_F(ProblemTest, ShowsItsObservationsByPages) {
    for (int id = 1; id <= 4; ++id)
        commit(StoreItem(id, "A" + std::to_string(id)).held(Code::unknown_code, "NEW"));
    const auto row = grouped().at(0);
    auto reading = session();
    const auto page = problem_items(reading, row.id, {MessageId{1}, 1}, 2);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].id, (ObservationId{MessageId{2}, 1}));
    EXPECT_EQ(page[0].control_id, "A2");
    EXPECT_EQ(page[0].place, "OBX[1]");
    EXPECT_EQ(page[0].code, "NEW");
    EXPECT_EQ(page[0].value_reported, "401.50");
    EXPECT_EQ(page[0].unit_reported, "cells/uL");
    EXPECT_FALSE(page[0].released);
    ASSERT_TRUE(problem(reading, row.id));
    EXPECT_FALSE(problem(reading, ProblemId{99}));
}

TEST_F(ProblemTest, ListsByStateAndSource) {
    commit(StoreItem(1, "A1").held(Code::unknown_code, "NEW"));
    commit(StoreItem(2, "A2").held(Code::unknown_unit));
    (void)grouped();
    commit_again(StoreItem(2, "A2").stored(1));
    EXPECT_EQ(grouped({ProblemState::open, {}}).size(), 1U);
    EXPECT_EQ(grouped({ProblemState::resolved, {}}).size(), 1U);
    EXPECT_EQ(grouped({{}, "facs-lyric"}).size(), 2U);
    EXPECT_TRUE(grouped({{}, "lis-qilu"}).empty());
}

TEST_F(ProblemTest, ANoticeIsAProblemAlthoughNothingIsHeld) {
    StoreItem item(1, "A1");
    item.stored(1);
    item.outcome.notices = {{Code::nearer_after_delivery, SubjectId{7}, "M3 CD4A"}};
    commit(item);
    const auto row = grouped().at(0);
    EXPECT_EQ(row.rule, Code::nearer_after_delivery);
    auto reading = session();
    const auto items = problem_items(reading, row.id, {}, 10);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].detail, "M3 CD4A");
    EXPECT_EQ(items[0].id.message, MessageId{1});
}

using MessageQueryTest = StoreTest;

TEST_F(MessageQueryTest, FindsByControlIdOfAnySourceAndByMessageId) {
    commit(StoreItem(1, "A1").stored(1));
    StoreItem other(2, "A1");
    other.proposal.source = "lis-qilu";
    commit(other.held(Code::unknown_code));
    commit(StoreItem(3, "A3").stored(2));
    auto reading = session();
    EXPECT_EQ(find_messages(reading, "A1"), (std::vector{MessageId{1}, MessageId{2}}));
    EXPECT_EQ(find_messages(reading, to_base32(MessageId{3})), std::vector{MessageId{3}});
    EXPECT_TRUE(find_messages(reading, "A9").empty());
    EXPECT_FALSE(message(reading, MessageId{9}));
}

TEST_F(MessageQueryTest, ShowsEverythingThatStandsOfAMessage) {
    StoreItem item(1, "A1");
    item.stored(1).held(Code::unknown_code);
    item.outcome.observations[1].findings = {
        {Code::unknown_code, Severity::hold, {"OBX[2]-3", 40}, "", "XYZ"}};
    item.outcome.observations[0].repeat_of = ObservationId{MessageId{9}, 2};
    commit(item);
    auto reading = session();
    const auto detail = message(reading, MessageId{1});
    ASSERT_TRUE(detail);
    EXPECT_EQ(detail->bytes, item.bytes);
    EXPECT_EQ(detail->size, static_cast<std::int64_t>(item.bytes.size()));
    EXPECT_EQ(detail->sha256, crypto::to_hex(crypto::sha256(item.bytes)));
    EXPECT_EQ(detail->source, "facs-lyric");
    EXPECT_EQ(detail->message_type, "ORU^R01");
    EXPECT_EQ(detail->config_hash, "c0ffee");
    EXPECT_EQ(detail->registry_version, 3);
    EXPECT_EQ(detail->answer.bytes, item.answer.bytes);
    ASSERT_EQ(detail->observations.size(), 2U);
    const ObservationLine& first = detail->observations[0];
    EXPECT_EQ(first.result, 1);
    EXPECT_EQ(first.subject, SubjectId{7});
    EXPECT_EQ(first.repeat_of, (ObservationId{MessageId{9}, 2}));
    EXPECT_EQ(testing::as_text(first.version),
              testing::as_text(version_of(item, item.proposal.observations[0])));
    EXPECT_EQ(detail->observations[1].rule, Code::unknown_code);
    EXPECT_EQ(detail->observations[1].place.offset, 100U);
    EXPECT_EQ(detail->lineage.observations.at(1).findings.at(0).value, "XYZ");
}

TEST_F(MessageQueryTest, ResultsCarryTheControlIdOfTheirCurrentVersion) {
    store_->begin();
    (void)store_->write_registry({}, {{testing::a_subject("SCR-004", "1")}, {}, "import"});
    store_->commit();
    commit(StoreItem(1, "A1").stored(1, SubjectId{1}).stored(2, SubjectId{1}));
    StoreItem later(2, "A2");
    later.stored(3, SubjectId{1});
    later.outcome.changes[0].after.placement.visit = "M6";
    commit(later);
    auto reading = session();
    EXPECT_EQ(results(reading, {}).size(), 3U);
    const auto of_visit = results(reading, {"SCR-004", "M6"});
    ASSERT_EQ(of_visit.size(), 1U);
    EXPECT_EQ(of_visit[0].control_id, "A2");
    EXPECT_EQ(of_visit[0].result.subject, "SCR-004");
    EXPECT_TRUE(results(reading, {"S-009", ""}).empty());
    EXPECT_EQ(read_registry(reading).all_subjects().size(), 1U);
}

/// The n-th message: one creatinine of subject 1.
StoreItem creatinine(std::int64_t n, int study_day, const char* grade) {
    StoreItem item(n, fmt::format("K{}", n));
    item.stored(n, SubjectId{1});
    study::ResultRecord& record = item.outcome.changes[0].after;
    study::StoredVersion& version = record.versions[0];
    version.analyte = "CREA";
    version.value.value_reported = std::to_string(50 + n);
    version.value.grade = grade;
    record.placement.study_day = study_day;
    record.placement.visit = study_day < 0 ? "SCR" : "M3";
    return item;
}

TEST_F(MessageQueryTest, AnOpenGradeFindsTheBaselineOfItsAnalyte) {
    store_->begin();
    (void)store_->write_registry({}, {{testing::a_subject("SCR-004", "1")}, {}, "import"});
    store_->commit();
    commit(creatinine(1, -20, "0+"));
    commit(creatinine(2, -3, "0+"));  // the last before the first infusion
    commit(creatinine(3, 92, "0+"));
    commit(creatinine(4, 92, "0"));  // nothing is open
    StoreItem other = creatinine(5, 92, "0+");
    other.outcome.changes[0].after.versions[0].analyte = "UREA";  // has none
    commit(other);
    auto reading = session();
    const auto found = results(reading, {});
    ASSERT_EQ(found.size(), 5U);
    EXPECT_FALSE(found[0].result.baseline);
    EXPECT_FALSE(found[1].result.baseline);
    ASSERT_TRUE(found[2].result.baseline);
    EXPECT_EQ(found[2].result.baseline->value_reported, "52");
    EXPECT_FALSE(found[3].result.baseline);
    EXPECT_FALSE(found[4].result.baseline);
}

}  // namespace
}  // namespace labrelay::store
