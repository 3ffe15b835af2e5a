#include "labrelay/store/sql_outbox.hpp"

#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::a_subject;
using testing::StoreItem;

class OutboxTest : public StoreTest {
protected:
    OutboxTest() : outbox_(std::make_unique<SqlOutbox>(*writer_)) {
        first_ = add("SCR-004", "00481523");
        second_ = add("SCR-005", "00481524");
    }
    ~OutboxTest() override { outbox_.reset(); }

    SubjectId add(const std::string& number, const std::string& mrn) {
        store_->begin();
        const auto after = store_->write_registry(store_->load_registry(),
                                                  {{a_subject(number, mrn)}, {}, "import"});
        store_->commit();
        return after.subjects_by_number(number).front()->id;
    }
    /// The result of `item` is told once more.
    void commit_placement_again(const StoreItem& item) {
        study::Replacement moved;
        moved.changes = item.outcome.changes;
        store_->begin();
        store_->write_placements(item.outcome.changes[0].after.key.subject, moved);
        store_->commit();
    }
    std::vector<delivery::Delivery> take(std::size_t limit = 100) {
        return outbox_->take("study", now_, limit);
    }

    SubjectId first_;
    SubjectId second_;
    Instant now_{1'790'000'000'000'000};
    std::unique_ptr<SqlOutbox> outbox_;
};

TEST_F(OutboxTest, ADeliveryCarriesTheResultAsTheStudyMayKnowIt) {
    commit(StoreItem(1, "A1").stored(1, first_).stored(2, first_));
    const auto deliveries = take();
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].subject, first_);
    EXPECT_EQ(deliveries[0].target, "study");
    ASSERT_EQ(deliveries[0].results.size(), 2U);
    const delivery::DeliveredResult& result = deliveries[0].results[0];
    EXPECT_EQ(result.result_id.size(), 26U);
    EXPECT_NE(result.result_id, deliveries[0].results[1].result_id);
    EXPECT_EQ(result.study, "NCT05872659");
    EXPECT_EQ(result.site, "QILU");
    EXPECT_EQ(result.subject, "SCR-004");
    EXPECT_EQ(result.specimen, "SP1");
    EXPECT_EQ(result.record.versions.size(), 1U);
    EXPECT_EQ(result.config_hash, std::vector<std::string>{"c0ffee"});
    ASSERT_EQ(result.received_at.size(), 1U);
    EXPECT_EQ(result.received_at[0], to_iso(Instant{1'780'000'001'000'000}));
}

TEST_F(OutboxTest, ResultIdsDependOnIdentityAndKeyNotOnTheOrderOfArrival) {
    commit(StoreItem(1, "A1").stored(1, first_));
    commit(StoreItem(2, "A2").stored(2, first_));
    const auto here = take();
    test::TemporaryDirectory elsewhere;
    std::filesystem::copy(directory_->key_file(), elsewhere.path() / "store.key");
    auto directory = DataDirectory::open(elsewhere.path(), DataDirectory::Use::write).value();
    WriterOptions options;
    options.targets = {"study"};
    auto writer = StoreWriter::open(directory, clock_, options).value();
    SqlCommitStore store(*writer);
    store.begin();
    (void)store.write_registry({},
                               {{a_subject("SCR-005", "2"), a_subject("SCR-004", "1")}, {}, "i"});
    store.write(StoreItem(2, "A2").stored(1, SubjectId{2}).item());
    store.write(StoreItem(1, "A1").stored(2, SubjectId{2}).item());
    store.commit();
    SqlOutbox outbox(*writer);
    const auto there = outbox.take("study", now_, 10);
    ASSERT_EQ(there.size(), 2U);
    EXPECT_EQ(there[0].results[0].result_id, here[1].results[0].result_id);
    EXPECT_EQ(there[1].results[0].result_id, here[0].results[0].result_id);
}

TEST_F(OutboxTest, ADerivedResultNamesTheResultsItComesFrom) {
    StoreItem item(1, "A1");
    item.stored(1, first_).stored(2, first_);
    study::ResultChange ratio = item.outcome.changes[1];
    ratio.after.number = 3;
    ratio.after.key.derived = "CD4CD8";
    ratio.after.versions[0].inputs = {{MessageId{1}, 1}, {MessageId{1}, 2}};
    item.outcome.changes.push_back(ratio);
    commit(item);
    const auto results = take().at(0).results;
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[2].derived_from, (std::vector{results[0].result_id, results[1].result_id}));
    EXPECT_TRUE(results[0].derived_from.empty());
}

TEST_F(OutboxTest, DeliveredOnceAndOnlyOnce) {
    commit(StoreItem(1, "A1").stored(1, first_));
    commit(StoreItem(2, "A2").stored(1, second_));
    EXPECT_EQ(outbox_->waiting("study"), 2);
    EXPECT_FALSE(subject_state(first_).results[0].delivered);
    outbox_->mark_delivered(take(1), now_);
    EXPECT_EQ(outbox_->waiting("study"), 1);
    EXPECT_TRUE(subject_state(first_).results[0].delivered);
    EXPECT_FALSE(subject_state(second_).results[0].delivered);
    const auto rest = take();
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].subject, second_);
}

TEST_F(OutboxTest, ALaterResultOfADeliveredSubjectIsNotDeliveredYet) {
    commit(StoreItem(1, "A1").stored(1, first_));
    outbox_->mark_delivered(take(), now_);
    commit(StoreItem(2, "A2").stored(2, first_));
    const auto state = subject_state(first_);
    EXPECT_TRUE(state.results[0].delivered);
    EXPECT_FALSE(state.results[1].delivered);
}

TEST_F(OutboxTest, AResultWaitsBehindItsOwnRetryAndTheSubjectsOthersDoNot) {
    const StoreItem first = StoreItem(1, "A1").stored(1, first_);
    commit(first);
    commit(StoreItem(2, "A2").stored(2, first_));
    commit(StoreItem(3, "A3").stored(1, second_));
    commit_placement_again(first);
    outbox_->mark_retry(take(1), Instant{now_.microseconds + 5}, "away");
    const auto due = take();
    ASSERT_EQ(due.size(), 2U) << "the later delivery of the waiting result stays behind it";
    EXPECT_EQ(due[0].results[0].number, 2);
    EXPECT_EQ(due[1].subject, second_);
    now_ = Instant{now_.microseconds + 5};
    const auto later = take();
    ASSERT_EQ(later.size(), 4U);
    EXPECT_EQ(later[0].results[0].number, 1) << "in order";
}

TEST_F(OutboxTest, WhatIsBeingSentIsReadBackAfterACrashAndNeverTakenBeforeThat) {
    const StoreItem first = StoreItem(1, "A1").stored(1, first_);
    commit(first);
    commit_placement_again(first);
    outbox_->mark_sending(take(1), {{{1, "S-004/m3/1", "cd4=412"}}});
    EXPECT_TRUE(take().empty()) << "the second delivery has the same result";
    EXPECT_TRUE(outbox_->unsettled("study", 10).empty()) << "it is still being sent";

    outbox_.reset();
    reopen();
    outbox_ = std::make_unique<SqlOutbox>(*writer_);
    outbox_->recover("study");
    auto unsettled = outbox_->unsettled("study", 10);
    ASSERT_EQ(unsettled.size(), 1U);
    EXPECT_EQ(unsettled[0].attempts, 1);
    EXPECT_EQ(unsettled[0].standings.sending,
              (std::vector<delivery::Standing>{{1, "S-004/m3/1", "cd4=412"}}));
    EXPECT_TRUE(unsettled[0].standings.written.empty());
    EXPECT_TRUE(take().empty());

    outbox_->mark_ready(unsettled[0], {}, Instant{now_.microseconds + 5});
    EXPECT_TRUE(take().empty()) << "it stands aside for a while, and the second stays behind it";
    now_ = Instant{now_.microseconds + 5};
    auto again = take();
    ASSERT_EQ(again.size(), 2U);
    outbox_->load_standings(again);
    EXPECT_TRUE(again[0].standings.sending.empty());
}

TEST_F(OutboxTest, WhatStandsAtATargetIsRememberedForTheNextTime) {
    const StoreItem first = StoreItem(1, "A1").stored(1, first_);
    commit(first);
    const auto taken = take();
    outbox_->mark_sending(taken, {{{1, "S-004/m3/1", "cd4=412"}}});
    outbox_->mark_unknown(taken, "no answer");
    EXPECT_EQ(outbox_->queue("study").unknown, 1);
    const auto lost = outbox_->unsettled("study", 10);
    outbox_->mark_settled(lost, {lost.at(0).standings.sending}, now_);
    EXPECT_EQ(outbox_->queue("study").unknown, 0);
    EXPECT_TRUE(subject_state(first_).results[0].delivered);

    commit_placement_again(first);
    auto next = take();
    outbox_->load_standings(next);
    ASSERT_EQ(next.at(0).standings.written.size(), 1U);
    EXPECT_EQ(next[0].standings.written[0].content, "cd4=412");
    outbox_->mark_settled(next, {{{1, "", ""}}}, now_);
    commit_placement_again(first);
    next = take();
    outbox_->load_standings(next);
    EXPECT_TRUE(next.at(0).standings.written.empty()) << "nothing stands there any more";
}

TEST_F(OutboxTest, ARefusedResultIsSplitOffAndTheRestGoesOn) {
    commit(StoreItem(1, "A1").stored(1, first_).stored(2, first_).stored(3, first_));
    const auto taken = take();
    outbox_->mark_refused(taken.at(0), {{2, Code::delivery_rejected, "the form is locked"}}, now_);
    const auto rest = take();
    ASSERT_EQ(rest.size(), 1U);
    ASSERT_EQ(rest[0].results.size(), 2U);
    EXPECT_EQ(rest[0].results[1].number, 3);
    EXPECT_EQ(outbox_->queue("study").rejected, 1);
    group_holds(*writer_);
    auto reading = session();
    EXPECT_EQ(problems(reading, {}).size(), 1U);

    const std::int64_t refused = number("SELECT delivery_id FROM outbox WHERE state = 'rejected'");
    EXPECT_GT(refused, taken[0].id);
    EXPECT_TRUE(outbox_->send_again(refused));
    EXPECT_FALSE(outbox_->send_again(refused)) << "it is no longer rejected";
    const auto again = take();
    ASSERT_EQ(again.size(), 2U);
    EXPECT_EQ(again[1].results.at(0).number, 2);
    outbox_->mark_refused(again[1], {{2, Code::delivery_rejected, "the form is locked"}}, now_);
    group_holds(*writer_);
    EXPECT_EQ(problems(reading, {}).size(), 1U) << "the same words are the same problem";
    EXPECT_EQ(outbox_->queue("study").rejected, 1);
}

TEST_F(OutboxTest, ABacklogIsTakenInPartsAndNotLookedThrough) {
    store_->begin();
    for (int id = 1; id <= 3000; ++id)
        store_->write(StoreItem(id, "A" + std::to_string(id)).stored(id, first_).item());
    store_->commit();
    EXPECT_EQ(outbox_->waiting("study"), 3000);
    EXPECT_EQ(take(1).size(), 1U);
    EXPECT_EQ(take(256).size(), 256U);
    EXPECT_EQ(outbox_->queue("study").oldest, Instant{1'780'000'001'000'000});
}

TEST_F(OutboxTest, WhatIsNotForwardedIsNotTold) {
    StoreItem item(1, "A1");
    item.stored(1, first_);
    item.outcome.changes[0].after.placement.forwarded = false;
    commit(item);
    EXPECT_TRUE(take().empty());
}

TEST_F(OutboxTest, WhatWasToldIsCorrectedEvenWhereItIsForwardedNoLonger) {
    StoreItem item(1, "A1");
    item.stored(1, first_);
    commit(item);
    study::Replacement withdrawn;
    withdrawn.changes = item.outcome.changes;
    withdrawn.changes[0].after.placement.forwarded = false;
    withdrawn.changes[0].after.placement_version = 2;
    withdrawn.changes[0].reason = Code::placement_moved;
    store_->begin();
    store_->write_placements(first_, withdrawn);
    store_->commit();
    const auto deliveries = take();
    ASSERT_EQ(deliveries.size(), 2U);
    EXPECT_EQ(deliveries[1].results[0].reason, "placement-moved");
    EXPECT_EQ(deliveries[1].results[0].record.placement_version, 2);
    EXPECT_FALSE(deliveries[0].results[0].record.placement.forwarded)
        << "the current state, whatever caused the delivery";
}

TEST_F(OutboxTest, ANewLabelIsToldForEverythingThatWasTold) {
    commit(StoreItem(1, "A1").stored(1, first_).stored(2, first_));
    outbox_->mark_delivered(take(), now_);
    store_->begin();
    const study::Registry registry = store_->load_registry();
    study::Subject enrolled = *registry.subject(first_);
    enrolled.subject_no = "S-004";
    (void)store_->write_registry(registry, {{enrolled}, {}, "import"});
    store_->commit();
    const std::string id_before = take().at(0).results.at(0).result_id;
    const auto deliveries = take();
    ASSERT_EQ(deliveries.size(), 1U);
    ASSERT_EQ(deliveries[0].results.size(), 2U);
    EXPECT_EQ(deliveries[0].results[0].subject, "S-004");
    EXPECT_EQ(deliveries[0].results[0].result_id, id_before);
}

TEST_F(OutboxTest, ACommandWithoutAServerTellsTheTargetsOfTheLastOne) {
    commit(StoreItem(1, "A1").stored(1, first_));
    outbox_->mark_delivered(take(), now_);
    outbox_.reset();
    close();
    {
        auto directory =
            DataDirectory::open(temporary_.path() / "data", DataDirectory::Use::write).value();
        auto writer = StoreWriter::open(directory, clock_, {}).value();
        SqlCommitStore store(*writer);
        store.begin();
        const study::Registry registry = store.load_registry();
        study::Subject enrolled = *registry.subject(first_);
        enrolled.subject_no = "S-004";
        (void)store.write_registry(registry, {{enrolled}, {}, "import"});
        store.commit();
    }
    open();
    outbox_ = std::make_unique<SqlOutbox>(*writer_);
    EXPECT_EQ(take().at(0).results.at(0).subject, "S-004");
}

TEST_F(OutboxTest, ARefusalOfTheTargetBecomesAProblem) {
    commit(StoreItem(1, "A1").stored(1, first_));
    outbox_->mark_rejected(take().at(0), "constraint failed");
    EXPECT_EQ(outbox_->waiting("study"), 0);
    EXPECT_EQ(group_holds(*writer_), 1U);
    auto reading = session();
    const auto open = problems(reading, {});
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].rule, Code::delivery_rejected);
    const auto items = problem_items(reading, open[0].id, {}, 10);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].subject, first_);
}

TEST_F(OutboxTest, MarksSurviveAReopening) {
    commit(StoreItem(1, "A1").stored(1, first_));
    outbox_->mark_delivered(take(), now_);
    outbox_.reset();
    reopen();
    outbox_ = std::make_unique<SqlOutbox>(*writer_);
    EXPECT_EQ(outbox_->waiting("study"), 0);
    EXPECT_TRUE(subject_state(first_).results[0].delivered);
    commit(StoreItem(2, "A2").stored(2, first_));
    EXPECT_GT(take().at(0).id, 1) << "ids are never given twice";
}

}  // namespace
}  // namespace labrelay::store
