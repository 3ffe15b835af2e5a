#include <algorithm>
#include <stdexcept>

#include "labrelay/store/delivery_query.hpp"
#include "labrelay/store/lock_desk.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/reconcile_query.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/study/versions.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using study::LockAction;
using study::LockState;
using study::PostLockState;
using testing::a_subject;
using testing::StoreItem;

const std::string kStudy = "NCT05872659";

class LockTest : public StoreTest {
protected:
    LockTest() : outbox_(std::make_unique<SqlOutbox>(*writer_)) {
        store_->begin();
        registry_ = store_->write_registry(store_->load_registry(),
                                           {{a_subject("SCR-004", "00481523")}, {}, "import"});
        store_->commit();
        subject_ = registry_.subjects_by_number("SCR-004").front()->id;
    }
    ~LockTest() override { outbox_.reset(); }

    study::LockScope scope(std::string visit = {}) const {
        return {kStudy, subject_, std::move(visit)};
    }
    void act(LockAction action, study::LockScope where) {
        LockDesk desk(*writer_);
        LockFact fact;
        fact.at = desk.now();
        fact.actor = "A. Reviewer";
        fact.action = action;
        fact.scope = std::move(where);
        fact.reason = "visit reviewed";
        fact.signature = "A. Reviewer: complete";
        const study::Registry registry = desk.registry();
        desk.change(fact, registry.all_subjects());
        desk.commit();
    }
    Result<void> decide(std::int64_t item, LockDesk::Decision decision) {
        LockDesk desk(*writer_);
        auto settled = desk.settle({item, decision, "B. Manager", "agreed", "B. Manager: unlock"});
        if (settled) desk.commit();
        return settled;
    }

    std::vector<delivery::Delivery> deliver() {
        auto taken = outbox_->take("study", now_, 100);
        outbox_->mark_delivered(taken, now_);
        outbox_->round_over("study");
        return taken;
    }
    /// Values of the results that were delivered, in order, each with its reason.
    std::vector<std::string> told() {
        std::vector<std::string> values;
        for (const delivery::Delivery& each : deliver())
            for (const delivery::DeliveredResult& result : each.results)
                values.push_back(result.record.current_version().value.value_text +
                                 (result.reason.empty() ? "" : " " + result.reason));
        return values;
    }
    std::vector<PostLockItem> items(bool settled_too = false) {
        auto open = session();
        return post_lock_items(open, {settled_too, {}});
    }

    /// A later message with another value for result `number`, whose versions so far are
    /// `record`'s.
    StoreItem correction(std::int64_t message, const std::string& value, std::int64_t number = 1) {
        StoreItem item(message, "C" + std::to_string(message));
        item.stored(number, subject_);
        auto& observation = item.proposal.observations[0];
        observation.value.value_text = value;
        observation.value.value_num = Decimal::parse(value);
        observation.status = study::ObservationStatus::corrected;
        study::ResultChange& change = item.outcome.changes[0];
        change.after = subject_state(subject_).results.at(static_cast<std::size_t>(number) - 1);
        study::insert_version(change.after, testing::version_of(item, observation));
        return item;
    }

    study::Registry registry_;
    SubjectId subject_;
    Instant now_{1'790'000'000'000'000};
    std::unique_ptr<SqlOutbox> outbox_;
};

TEST_F(LockTest, WhatArrivesAfterALockIsStoredAndNotDelivered) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    EXPECT_EQ(told(), std::vector<std::string>{"401.50"});
    act(LockAction::lock, scope("M3"));
    EXPECT_EQ(deliver().at(0).locks.at(0).state, LockState::locked);
    commit(correction(2, "999"));
    EXPECT_EQ(told(), std::vector<std::string>{});
    const auto record = subject_state(subject_).results.at(0);
    EXPECT_EQ(record.current_version().value.value_text, "999");
    ASSERT_EQ(items().size(), 1U);
    const PostLockItem item = items()[0];
    EXPECT_EQ(item.state, PostLockState::open);
    ASSERT_TRUE(item.told);
    EXPECT_EQ(item.told->value, "401.50");
    EXPECT_EQ(item.now.value, "999");
    EXPECT_EQ(item.message, MessageId{2});
}

TEST_F(LockTest, ALockThatWaitsDoesNotHideHowLongAResultWaits) {
    act(LockAction::lock, scope("M6"));
    EXPECT_FALSE(outbox_->queue("study").oldest) << "a lock came with no message";
    commit(StoreItem(1, "A1").stored(1, subject_));
    EXPECT_EQ(outbox_->queue("study").waiting, 2);
    EXPECT_EQ(outbox_->queue("study").oldest, Instant{1'780'000'001'000'000});
    auto open = session();
    EXPECT_EQ(target_standings(open, {}).at(0).oldest, Instant{1'780'000'001'000'000});
}

TEST_F(LockTest, WhatIsKeptBackDoesNotKeepARefusedDeliveryOpen) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    act(LockAction::lock, scope("M6"));
    StoreItem second(2, "A2");
    second.stored(2, subject_);
    second.outcome.changes[0].after.placement.visit = "M6";
    commit(second);
    direct().execute("UPDATE outbox SET results = '1 2' WHERE results = '1'");
    auto taken = outbox_->take("study", now_, 1);
    ASSERT_EQ(taken.at(0).results.size(), 1U)
        << "its other result is kept back, and was never told";
    outbox_->mark_sending(taken, {{{1, "place", "content"}}});
    outbox_->mark_refused(taken[0], {{1, Code::delivery_rejected, "locked"}}, now_);
    const delivery::QueueState queue = outbox_->queue("study");
    EXPECT_EQ(queue.unknown, 0) << "of what was sent nothing is open";
    EXPECT_EQ(queue.rejected, 1);
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'delivered' AND results = '2'"), 1);
    deliver();
    EXPECT_EQ(outbox_->queue("study").waiting, 0);
}

TEST_F(LockTest, AnotherVisitAndAnotherSubjectGoOn) {
    act(LockAction::lock, scope("M6"));
    deliver();
    commit(StoreItem(1, "A1").stored(1, subject_));
    EXPECT_EQ(told().size(), 1U);
    EXPECT_TRUE(items().empty());
}

TEST_F(LockTest, AStudysLockCoversWhatIsNew) {
    act(LockAction::lock, {kStudy, {}, {}});
    const auto notice = deliver().at(0).locks.at(0);
    EXPECT_EQ(notice.scope, "study");
    EXPECT_EQ(notice.subject, "");
    commit(StoreItem(1, "A1").stored(1, subject_).stored(2, subject_));
    EXPECT_TRUE(told().empty());
    ASSERT_EQ(items().size(), 2U);
    EXPECT_FALSE(items()[0].told);
    EXPECT_FALSE(subject_state(subject_).results[0].delivered);
}

TEST_F(LockTest, AMoveOutOfALockedVisitIsCaught) {
    StoreItem item(1, "A1");
    item.stored(1, subject_);
    commit(item);
    told();
    act(LockAction::lock, scope("M3"));
    deliver();
    study::Replacement replacement;
    study::ResultChange move = item.outcome.changes[0];
    move.after.placement.visit = "M6";
    move.after.placement_version = 2;
    move.value_changed = false;
    move.reason = Code::placement_moved;
    replacement.changes = {move};
    store_->begin();
    store_->write_placements(subject_, replacement);
    store_->commit();
    EXPECT_TRUE(told().empty());
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].told->visit, "M3");
    EXPECT_EQ(items()[0].now.visit, "M6");
    // And back: nothing is left to decide.
    replacement.changes[0].after.placement.visit = "M3";
    replacement.changes[0].after.placement_version = 3;
    store_->begin();
    store_->write_placements(subject_, replacement);
    store_->commit();
    EXPECT_TRUE(items().empty());
    EXPECT_EQ(items(true).at(0).state, PostLockState::lapsed);
}

TEST_F(LockTest, AMoveThatWaitsIsDeliveredBeforeTheVisitItLeavesIsLocked) {
    StoreItem item(1, "A1");
    item.stored(1, subject_);
    commit(item);
    told();
    study::Replacement replacement;
    study::ResultChange move = item.outcome.changes[0];
    move.after.placement.visit = "M4";
    move.after.placement_version = 2;
    move.value_changed = false;
    move.reason = Code::placement_moved;
    replacement.changes = {move};
    store_->begin();
    store_->write_placements(subject_, replacement);
    store_->commit();
    {
        LockDesk desk(*writer_);
        const study::Registry registry = desk.registry();
        const auto standing = desk.standing(*registry.subject(subject_));
        ASSERT_EQ(standing.deliveries.size(), 1U);
        EXPECT_TRUE(standing.deliveries[0].moves);
    }
    for (const study::LockScope& where : {scope("M3"), scope("M4"), scope("M6"), scope()})
        EXPECT_THROW(act(LockAction::lock, where), std::logic_error) << where.visit;
    EXPECT_EQ(deliver().size(), 1U);
    act(LockAction::lock, scope("M3"));
    EXPECT_TRUE(items().empty()) << "M3 holds nothing of it any more";
}

TEST_F(LockTest, WhatAMessageBroughtOrAFreezeReleasedIsNoMove) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::freeze, scope("M3"));
    commit(correction(2, "999"));
    act(LockAction::unfreeze, scope("M3"));
    commit(StoreItem(3, "A3").stored(2, subject_));
    LockDesk desk(*writer_);
    const study::Registry registry = desk.registry();
    for (const auto& delivery : desk.standing(*registry.subject(subject_)).deliveries)
        EXPECT_FALSE(delivery.moves) << delivery.id;
}

TEST_F(LockTest, ForwardedGoesOutWithItsReason) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    commit(correction(2, "999"));
    ASSERT_TRUE(decide(1, LockDesk::Decision::authorise));
    EXPECT_TRUE(told().empty());
    EXPECT_EQ(items()[0].state, PostLockState::authorised);
    ASSERT_TRUE(decide(1, LockDesk::Decision::forward));
    EXPECT_EQ(told(), std::vector<std::string>{"999 post-lock-correction"});
    EXPECT_TRUE(items().empty());
    const auto again = decide(1, LockDesk::Decision::forward);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::post_lock_state_bad);
    auto open = session();
    EXPECT_EQ(post_lock_history(open, 1).size(), 2U);
}

TEST_F(LockTest, WhatIsForwardedIsWhatWasAuthorised) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    commit(correction(2, "999"));
    ASSERT_TRUE(decide(1, LockDesk::Decision::forward));
    commit(correction(3, "5"));  // before the worker came
    EXPECT_EQ(told(), std::vector<std::string>{"999 post-lock-correction"});
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].told->value, "999");
    EXPECT_EQ(items()[0].now.value, "5");
}

TEST_F(LockTest, AnotherChangeAsksForAnotherAuthorisation) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    commit(correction(2, "999"));
    ASSERT_TRUE(decide(1, LockDesk::Decision::authorise));
    commit(correction(3, "5"));
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].state, PostLockState::open);
    EXPECT_EQ(items()[0].told->value, "401.50");
    EXPECT_EQ(items()[0].now.value, "5");
}

TEST_F(LockTest, NotAppliedStaysAndTheNextItemStartsFromThere) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    commit(correction(2, "999"));
    ASSERT_TRUE(decide(1, LockDesk::Decision::not_apply));
    EXPECT_TRUE(told().empty());
    act(LockAction::unlock, scope());
    EXPECT_TRUE(told().empty());
    commit(correction(3, "5"));
    EXPECT_TRUE(told().empty());
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].told->value, "401.50");
    EXPECT_EQ(items()[0].now.value, "5");
    ASSERT_TRUE(decide(items()[0].id, LockDesk::Decision::forward));
    EXPECT_EQ(told(), std::vector<std::string>{"5 post-lock-correction"});
    commit(correction(4, "6"));  // the copies are one again, and nothing is locked
    EXPECT_EQ(told(), std::vector<std::string>{"6"});
}

TEST_F(LockTest, TheOrderOfArrivalDoesNotCount) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    commit(correction(3, "5"));
    commit(correction(2, "999"));
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].told->value, "401.50");
    EXPECT_EQ(items()[0].now.value, "5");
}

TEST_F(LockTest, FrozenValuesWaitAndThenGoOut) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    act(LockAction::freeze, scope("M3"));
    commit(correction(2, "999"));
    // What was on its way as the freeze came goes out as it was then.
    EXPECT_EQ(told(), std::vector<std::string>{"401.50"});
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].state, PostLockState::waiting);
    EXPECT_FALSE(decide(1, LockDesk::Decision::forward));
    act(LockAction::unfreeze, scope("M3"));
    EXPECT_EQ(told(), std::vector<std::string>{"999 released-from-freeze"});
    EXPECT_TRUE(items().empty());
    EXPECT_EQ(number("SELECT count(*) FROM lock_fact"), 2);
}

TEST_F(LockTest, ALockTurnsWhatWaitedIntoItems) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::freeze, scope("M3"));
    commit(correction(2, "999"));
    act(LockAction::lock, scope("M3"));
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].state, PostLockState::open);
    EXPECT_TRUE(told().empty());
}

TEST_F(LockTest, AcceptedDeliveriesAreTakenBack) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    commit(correction(2, "999"));
    commit(StoreItem(3, "A3").stored(2, subject_));
    {
        LockDesk desk(*writer_);
        const study::Registry registry = desk.registry();
        const auto standing = desk.standing(*registry.subject(subject_));
        ASSERT_EQ(standing.deliveries.size(), 2U);
        EXPECT_EQ(standing.deliveries[0].results, std::vector<std::int64_t>{1});
    }
    act(LockAction::lock, scope());
    EXPECT_TRUE(told().empty());
    const auto open = items();
    ASSERT_EQ(open.size(), 2U);
    EXPECT_EQ(open[0].told->value, "401.50");
    EXPECT_EQ(open[0].now.value, "999");
    EXPECT_FALSE(open[1].told);
    EXPECT_FALSE(subject_state(subject_).results[1].delivered);
    EXPECT_TRUE(subject_state(subject_).results[0].delivered);
}

TEST_F(LockTest, NobodySignsForADeliveryThatMayStandThereAlready) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    const auto taken = outbox_->take("study", now_, 100);
    outbox_->mark_sending(taken, {{}});
    outbox_->round_over("study");
    EXPECT_THROW(act(LockAction::lock, scope()), std::logic_error) << "whoever sent it has died";
    outbox_->recover("study");
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'unknown'"), 1);
    EXPECT_THROW(act(LockAction::lock, scope()), std::logic_error);
    auto unknown = outbox_->unsettled("study", 100);
    ASSERT_EQ(unknown.size(), 1U);
    outbox_->mark_settled(unknown, {{}}, now_);
    outbox_->round_over("study");
    act(LockAction::lock, scope());
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'delivered'"), 1);
    EXPECT_TRUE(items().empty());
}

TEST_F(LockTest, WhatWentWithAnEarlierDeliveryWasTold) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    commit(correction(2, "999"));
    auto first = outbox_->take("study", now_, 1);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].results.at(0).record.current_version().value.value_text, "999");
    outbox_->mark_delivered(first, now_);
    outbox_->round_over("study");
    act(LockAction::lock, scope());
    EXPECT_TRUE(items().empty()) << "the study holds 999 already";
    EXPECT_TRUE(told().empty());
}

TEST_F(LockTest, WhatWasToGoOutAfterAFreezeAndDidNotWasNotTold) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::freeze, scope());
    commit(correction(2, "999"));
    act(LockAction::unfreeze, scope());
    act(LockAction::lock, scope());
    ASSERT_EQ(items().size(), 1U);
    ASSERT_TRUE(items()[0].told);
    EXPECT_EQ(items()[0].told->value, "401.50");
    EXPECT_EQ(items()[0].now.value, "999");
    EXPECT_TRUE(told().empty());
}

TEST_F(LockTest, WhatTheStudyRefusedBeforeAFreezeWasNotTold) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    commit(correction(2, "999"));
    for (const delivery::Delivery& each : outbox_->take("study", now_, 100))
        outbox_->mark_rejected(each, "no");
    outbox_->round_over("study");
    act(LockAction::freeze, scope());
    commit(correction(3, "5"));
    ASSERT_EQ(items().size(), 1U);
    act(LockAction::lock, scope());
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].state, PostLockState::open);
    ASSERT_TRUE(items()[0].told);
    EXPECT_EQ(items()[0].told->value, "401.50");
    EXPECT_EQ(items()[0].now.value, "5");
}

TEST_F(LockTest, AFirstValueThatTheStudyRefusedBeforeAFreezeWasNotTold) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    for (const delivery::Delivery& each : outbox_->take("study", now_, 100))
        outbox_->mark_rejected(each, "no");
    outbox_->round_over("study");
    act(LockAction::freeze, scope());
    commit(correction(2, "999"));
    act(LockAction::lock, scope());
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].state, PostLockState::open);
    EXPECT_FALSE(items()[0].told);
    EXPECT_EQ(number("SELECT count(*) FROM result WHERE first_delivery IS NOT NULL"), 0);
    deliver();  // of the lock
    EXPECT_FALSE(subject_state(subject_).results[0].delivered);
}

/// The study database and a REDCap, which do not always get the same.
class TwoTargetsLockTest : public LockTest {
protected:
    TwoTargetsLockTest() {
        outbox_.reset();
        store_.reset();
        writer_.reset();
        WriterOptions options;
        options.targets = {"study", "redcap"};
        auto writer = StoreWriter::open(*directory_, clock_, options);
        if (!writer) throw std::runtime_error(describe(writer.error()));
        writer_ = std::move(*writer);
        store_ = std::make_unique<SqlCommitStore>(*writer_);
        outbox_ = std::make_unique<SqlOutbox>(*writer_);
    }

    void takes(std::string_view target) {
        outbox_->mark_delivered(outbox_->take(target, now_, 100), now_);
        outbox_->round_over(target);
    }
    void refuses(std::string_view target) {
        for (const delivery::Delivery& each : outbox_->take(target, now_, 100))
            outbox_->mark_rejected(each, "the form is locked");
        outbox_->round_over(target);
    }
    /// What the target is to hold of the subject's first result; empty: nothing of it.
    std::string held_by(std::string_view target) {
        auto open = session();
        for (const ResultForTarget& one : results_for_target(open, kStudy, target))
            if (one.result.number == 1) return one.result.record.current_version().value.value_text;
        return {};
    }
};

TEST_F(TwoTargetsLockTest, ACorrectionThatOneTargetRefusedIsTheOthers) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    takes("study");
    takes("redcap");
    commit(correction(2, "999"));
    takes("study");
    refuses("redcap");
    act(LockAction::lock, scope());
    ASSERT_EQ(items().size(), 1U);
    const PostLockItem item = items()[0];
    ASSERT_TRUE(item.told);
    EXPECT_EQ(item.told->value, "999") << "the study database holds it";
    ASSERT_EQ(item.differs.size(), 1U);
    EXPECT_EQ(item.differs[0].target, "redcap");
    ASSERT_TRUE(item.differs[0].told);
    EXPECT_EQ(item.differs[0].told->value, "401.50");
    EXPECT_EQ(held_by("study"), "999");
    EXPECT_EQ(held_by("redcap"), "401.50");
    EXPECT_TRUE(subject_state(subject_).results[0].delivered);
    // A later change joins, and one back to what the one target holds leaves the other to decide.
    commit(correction(3, "5"));
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].differs.size(), 1U);
    ASSERT_TRUE(decide(item.id, LockDesk::Decision::not_apply));
    commit(correction(4, "6"));
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].differs.size(), 1U) << "the next item starts from there";
    EXPECT_EQ(held_by("redcap"), "401.50");
    ASSERT_TRUE(decide(items()[0].id, LockDesk::Decision::forward));
    EXPECT_EQ(held_by("study"), "6");
    EXPECT_EQ(held_by("redcap"), "6");
}

TEST_F(TwoTargetsLockTest, AFirstValueThatOneTargetHoldsIsNotNew) {
    for (const bool study_has_it : {true, false}) {
        const std::int64_t result = study_has_it ? 1 : 2;
        commit(StoreItem(result, "A" + std::to_string(result)).stored(result, subject_));
        takes(study_has_it ? "study" : "redcap");
        refuses(study_has_it ? "redcap" : "study");
        act(LockAction::lock, scope());
        ASSERT_EQ(items().size(), static_cast<std::size_t>(result));
        const PostLockItem item = items().back();
        ASSERT_TRUE(item.told) << "one of them holds it";
        ASSERT_EQ(item.differs.size(), 1U);
        EXPECT_EQ(item.differs[0].target, study_has_it ? "redcap" : "study");
        EXPECT_FALSE(item.differs[0].told);
        EXPECT_TRUE(subject_state(subject_).results.back().delivered);
        act(LockAction::unlock, scope());
        takes("study");
        takes("redcap");
    }
    EXPECT_EQ(held_by("study"), "401.50");
    EXPECT_EQ(held_by("redcap"), "");
}

TEST_F(TwoTargetsLockTest, WhatNobodyHoldsIsNew) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    refuses("study");
    refuses("redcap");
    act(LockAction::lock, scope());
    ASSERT_EQ(items().size(), 1U);
    EXPECT_FALSE(items()[0].told);
    EXPECT_TRUE(items()[0].differs.empty());
    EXPECT_FALSE(subject_state(subject_).results[0].delivered);
}

TEST_F(LockTest, WhatTheStudyWasGivenAndNobodyMarkedIsGivenAgainBeforeALock) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    auto taken = outbox_->take("study", now_, 100);
    outbox_->mark_tried(taken);
    outbox_->round_over("study");  // whoever gave it died before the mark
    commit(StoreItem(2, "A2").stored(2, subject_));
    {
        LockDesk desk(*writer_);
        const study::Registry registry = desk.registry();
        const auto standing = desk.standing(*registry.subject(subject_));
        ASSERT_EQ(standing.deliveries.size(), 2U);
        EXPECT_TRUE(standing.deliveries[0].tried);
        EXPECT_FALSE(standing.deliveries[1].tried);
    }
    EXPECT_THROW(act(LockAction::lock, scope()), std::logic_error);
    EXPECT_EQ(deliver().size(), 2U);
    act(LockAction::lock, scope());
    EXPECT_TRUE(items().empty());
}

TEST_F(LockTest, ADerivedValueFollowsItsInput) {
    StoreItem item(1, "A1");
    item.stored(1, subject_);
    study::ResultChange log = item.outcome.changes[0];
    log.after.number = 2;
    log.after.key.derived = "HIVVLLOG";
    log.after.versions[0].inputs = {{MessageId{1}, 1}};
    item.outcome.changes.push_back(log);
    commit(item);
    told();
    act(LockAction::lock, scope());
    deliver();
    StoreItem corrected = correction(2, "999");
    study::ResultChange follows = log;
    follows.after.versions[0].id = {MessageId{2}, 1};
    follows.after.versions[0].inputs = {{MessageId{2}, 1}};
    follows.after.versions[0].value.value_text = "3.00";
    corrected.outcome.changes.push_back(follows);
    commit(corrected);
    ASSERT_EQ(items().size(), 2U);
    EXPECT_TRUE(items()[1].now.derived);
    const auto alone = decide(2, LockDesk::Decision::forward);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().code, Code::post_lock_follows);
    {
        auto open = session();
        EXPECT_EQ(derived_analytes(open, subject_, 1), std::vector<std::string>{"HIVVLLOG"});
    }
    ASSERT_TRUE(decide(1, LockDesk::Decision::not_apply));
    EXPECT_TRUE(items().empty());
    EXPECT_EQ(items(true).at(1).state, PostLockState::not_applied);
    act(LockAction::unlock, scope());
    EXPECT_TRUE(told().empty());
}

TEST_F(LockTest, ALabelOfALockedSubjectWaitsForTheUnlock) {
    commit(StoreItem(1, "A1").stored(1, subject_));
    told();
    act(LockAction::lock, scope());
    deliver();
    store_->begin();
    study::Subject renamed = *store_->load_registry().subject(subject_);
    renamed.subject_no = "S-004";
    store_->write_registry(store_->load_registry(), {{renamed}, {}, "import"});
    store_->commit();
    EXPECT_TRUE(told().empty());
    act(LockAction::unlock, scope());
    const auto after = deliver();
    const auto with_results =
        std::ranges::find_if(after, [](const auto& delivery) { return !delivery.results.empty(); });
    ASSERT_NE(with_results, after.end());
    EXPECT_EQ(with_results->results.at(0).subject, "S-004");
}

TEST_F(LockTest, ALockIsWrittenWithTheAuditTrail) {
    const std::int64_t before = number("SELECT count(*) FROM audit");
    act(LockAction::lock, scope("M3"));
    EXPECT_EQ(number("SELECT count(*) FROM audit"), before + 1);
    auto open = session();
    EXPECT_EQ(locks(open).at(0).scope, scope("M3"));
    EXPECT_EQ(lock_history(open).at(0).actor, "A. Reviewer");
}

}  // namespace
}  // namespace labrelay::store
