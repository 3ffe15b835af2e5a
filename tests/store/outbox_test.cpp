#include "labrelay/store/sqlite_outbox.hpp"

#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::a_subject;
using testing::StoreItem;

class OutboxTest : public StoreTest {
protected:
    OutboxTest() : outbox_(std::make_unique<SqliteOutbox>(*writer_)) {
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
    std::vector<delivery::Delivery> take(std::size_t limit = 100) {
        return outbox_->take("study", now_, limit);
    }

    SubjectId first_;
    SubjectId second_;
    Instant now_{1'790'000'000'000'000};
    std::unique_ptr<SqliteOutbox> outbox_;
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
    auto writer = SqliteWriter::open(directory, clock_, options).value();
    SqliteCommitStore store(*writer);
    store.begin();
    (void)store.write_registry({},
                               {{a_subject("SCR-005", "2"), a_subject("SCR-004", "1")}, {}, "i"});
    store.write(StoreItem(2, "A2").stored(1, SubjectId{2}).item());
    store.write(StoreItem(1, "A1").stored(2, SubjectId{2}).item());
    store.commit();
    SqliteOutbox outbox(*writer);
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

TEST_F(OutboxTest, ASubjectWaitsBehindItsOwnRetryAndOthersDoNot) {
    commit(StoreItem(1, "A1").stored(1, first_));
    commit(StoreItem(2, "A2").stored(2, first_));
    commit(StoreItem(3, "A3").stored(1, second_));
    outbox_->mark_retry(take(1).at(0), Instant{now_.microseconds + 5}, "away");
    const auto due = take();
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].subject, second_);
    now_ = Instant{now_.microseconds + 5};
    const auto later = take();
    ASSERT_EQ(later.size(), 3U);
    EXPECT_EQ(later[0].attempts, 1);
    EXPECT_EQ(later[0].results[0].number, 1) << "in order";
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
        auto writer = SqliteWriter::open(directory, clock_, {}).value();
        SqliteCommitStore store(*writer);
        store.begin();
        const study::Registry registry = store.load_registry();
        study::Subject enrolled = *registry.subject(first_);
        enrolled.subject_no = "S-004";
        (void)store.write_registry(registry, {{enrolled}, {}, "import"});
        store.commit();
    }
    open();
    outbox_ = std::make_unique<SqliteOutbox>(*writer_);
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
    outbox_ = std::make_unique<SqliteOutbox>(*writer_);
    EXPECT_EQ(outbox_->waiting("study"), 0);
    EXPECT_TRUE(subject_state(first_).results[0].delivered);
    commit(StoreItem(2, "A2").stored(2, first_));
    EXPECT_GT(take().at(0).id, 1) << "ids are never given twice";
}

}  // namespace
}  // namespace labrelay::store
