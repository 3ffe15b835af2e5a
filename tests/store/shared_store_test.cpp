#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "labrelay/app/intake.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/store/lock_desk.hpp"
#include "labrelay/store/node_lease.hpp"
#include "labrelay/store/partitions.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/statistics.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

/// A node at work on a store, with the shipped configuration.
class Node {
public:
    /// `jobs`: who works on jobs in its place.
    explicit Node(SqlCommitStore& store, pipeline::Committer* jobs = nullptr)
        : snapshots(std::make_shared<mapping::Configuration>(test::shipped_configuration()),
                    store.load_registry()),
          committer(store, snapshots) {
        if (jobs != nullptr) committer.leave_jobs_to(*jobs);
        thread_ = std::jthread([this](const std::stop_token& stop) { committer.run(stop); });
    }

    pipeline::Committed send(const test::MessageBuilder& message) {
        pipeline::Submission submission;
        submission.bytes = message.text();
        submission.arrival = test::an_arrival();
        submission.arrival.message_id = MessageId{next_++};
        submission.proposal = pipeline::process(submission.bytes, submission.arrival,
                                                *snapshots.configuration(), snapshots.registry());
        return committer.submit(std::move(submission)).get();
    }

    void number_from(std::int64_t message) { next_ = message; }

    pipeline::Snapshots snapshots;
    pipeline::Committer committer;

private:
    std::int64_t next_ = 1000;
    std::jthread thread_;
};

study::RegisteredSpecimen a_specimen(std::string id) {
    study::RegisteredSpecimen specimen;
    specimen.name = {"QILU-ACC", std::move(id)};
    specimen.subject_no = "S-001";
    return specimen;
}

/// Two nodes on one store: `writer_` is one, `other_` the second.
class SharedStoreTest : public StoreTest {
protected:
    void SetUp() override {
        if (!postgres_) GTEST_SKIP() << "a store of one process";
        auto writer = StoreWriter::open(*directory_, clock_, options(1));
        ASSERT_TRUE(writer) << describe(writer.error());
        other_ = std::move(*writer);
        second_ = std::make_unique<SqlCommitStore>(*other_);
    }
    static WriterOptions options(std::uint8_t node) {
        WriterOptions options;
        options.targets = {"study"};
        options.node = node;
        return options;
    }
    /// What the committer does with one message, up to the commit.
    static void take(SqlCommitStore& store, const StoreItem& item, study::StateView& state) {
        const study::Proposal* const proposal = &item.proposal;
        store.begin();
        store.prepare(std::span(&proposal, 1), study::Registry{}, state);
        store.load(item.proposal, state);
    }

    /// Looks until it is so; not for ever.
    template <class Condition>
    static bool comes(const Condition& condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            std::this_thread::yield();
        }
        return true;
    }
    bool somebody_waits() {
        return number(
                   "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                   "WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT "
                   "l.granted") > 0;
    }

    SubjectId register_subject() {
        study::Subject subject;
        subject.study = "NCT05872659";
        subject.site = "QILU";
        subject.subject_no = "S-001";
        return registered(subject);
    }
    /// Whom a_hospital_message() is about.
    SubjectId register_patient() {
        study::Subject patient = testing::a_subject("SCR-004", "00481523");
        patient.birth_date = parse_iso_time("1978-03-12").value();
        return registered(patient);
    }
    SubjectId registered(const study::Subject& subject) {
        store_->begin();
        const study::Registry registry =
            store_->write_registry(store_->load_registry(), {{subject}, {}, "import subjects.csv"});
        store_->commit();
        return registry.all_subjects().front()->id;
    }

    std::unique_ptr<StoreWriter> other_;
    std::unique_ptr<SqlCommitStore> second_;
};

TEST_F(SharedStoreTest, WhoeverComesSecondWithAControlIdSeesTheFirst) {
    const StoreItem first = StoreItem(1, "A1").stored(1);
    const StoreItem same = StoreItem(2, "A1").stored(1);
    study::StateView here;
    take(*store_, first, here);
    std::latch asking(1);
    std::size_t found = 0;
    std::thread second([&] {
        study::StateView there;
        asking.count_down();
        take(*second_, same, there);  // waits for the first's commit
        found = there.messages.at({same.proposal.source, "A1"}).size();
        second_->rollback();
    });
    asking.wait();
    store_->write(first.item());
    store_->commit();
    second.join();
    EXPECT_EQ(found, 1U);
}

TEST_F(SharedStoreTest, WhatIsRememberedOfASubjectIsDroppedWhereAnotherNodeChangedIt) {
    study::StateView here;
    take(*store_, StoreItem(1, "A1").stored(1), here);
    store_->commit();
    EXPECT_TRUE(here.subjects.begin()->second.results.empty());

    study::StateView there;
    const StoreItem item = StoreItem(2, "A2").stored(1);
    take(*second_, item, there);
    second_->write(item.item());
    second_->commit();

    take(*store_, StoreItem(3, "A3").stored(1), here);
    EXPECT_EQ(here.subjects.begin()->second.results.size(), 1U);
    store_->commit();
    here.subjects.begin()->second.results.clear();  // marks what is remembered
    take(*store_, StoreItem(4, "A4").stored(1), here);
    EXPECT_TRUE(here.subjects.begin()->second.results.empty()) << "nobody else was there";
    store_->commit();
}

TEST_F(SharedStoreTest, ACountedSourceThatComesBackToANodeIsCountedOnFromTheOther) {
    const auto counted = [](std::int64_t number) {
        StoreItem item(number, "N" + std::to_string(number));
        item.proposal.sequence = study::SequenceClaim{number};
        item.outcome.last_sequence = number;
        return item;
    };
    study::StateView here;
    const StoreItem first = counted(10);
    take(*store_, first, here);
    store_->write(first.item());
    study::apply(first.proposal, first.outcome, here);
    store_->commit();
    EXPECT_EQ(here.sequences.at(first.proposal.source), 10);

    study::StateView there;
    const StoreItem moved = counted(20);
    take(*second_, moved, there);
    second_->write(moved.item());
    second_->commit();

    take(*store_, counted(21), here);
    EXPECT_EQ(here.sequences.at(first.proposal.source), 20);
    store_->commit();
}

TEST_F(SharedStoreTest, ARolledBackTransactionIsNotRemembered) {
    study::StateView here;
    const StoreItem item = StoreItem(1, "A1").stored(1);
    take(*store_, item, here);
    store_->write(item.item());
    store_->rollback();
    here = {};
    study::StateView there;
    take(*second_, item, there);
    second_->write(item.item());
    second_->commit();
    take(*store_, StoreItem(3, "A3").stored(1), here);
    EXPECT_EQ(here.subjects.begin()->second.results.size(), 1U);
    store_->commit();
}

TEST_F(SharedStoreTest, OneNodeEmptiesTheOutboxUntilItIsGone) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    auto mine = std::make_unique<SqlOutbox>(*writer_);
    SqlOutbox theirs(*other_);
    const auto taken = mine->take("study", clock_.now(), 10);
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_TRUE(theirs.take("study", clock_.now(), 10).empty());
    mine.reset();
    // The server gives the lock back when it has read that the session ended.
    std::vector<delivery::Delivery> after;
    ASSERT_TRUE(comes([&] {
        after = theirs.take("study", clock_.now(), 10);
        return !after.empty();
    }));
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].id, taken[0].id);
    EXPECT_GT(after[0].fence, taken[0].fence);
}

TEST_F(SharedStoreTest, WhatCouldNotBeMarkedIsReadBackByTheNodeThatSentItAndByNoOther) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox mine(*writer_);
    SqlOutbox theirs(*other_);
    mine.recover("study");
    const auto taken = mine.take("study", clock_.now(), 10);
    ASSERT_EQ(taken.size(), 1U);
    mine.mark_sending(taken, {{{1, "place", "content"}}});
    EXPECT_TRUE(theirs.take("study", clock_.now(), 10).empty());
    theirs.recover("study");
    EXPECT_TRUE(mine.unsettled("study", 10).empty()) << "another node may not disturb it";
    mine.recover("study");
    EXPECT_EQ(mine.unsettled("study", 10).size(), 1U);
}

/// Ends the session that reads the outbox on this node, as a broken connection does.
void end_sessions_that_lead(sql::Connection database) {
    database.execute(
        "DO $$ BEGIN PERFORM pg_terminate_backend(pid, 10000) FROM (SELECT DISTINCT l.pid FROM "
        "pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() "
        "AND l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted) sessions; END $$");
}

TEST_F(SharedStoreTest, WhoLostItsSessionSendsNothingThatAnotherTookOver) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox mine(*writer_);
    SqlOutbox theirs(*other_);
    const auto taken = mine.take("study", clock_.now(), 10);
    ASSERT_EQ(taken.size(), 1U);
    end_sessions_that_lead(direct());
    EXPECT_THROW(mine.mark_tried(taken), pipeline::StoreFault);
    EXPECT_EQ(number("SELECT max(tried_upto) FROM target"), 0);
    ASSERT_EQ(theirs.take("study", clock_.now(), 10).size(), 1U);
    EXPECT_THROW(mine.mark_sending(taken, {{}}), pipeline::StoreFault) << "an older fence";
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'ready'"), 1);
    EXPECT_THROW(mine.mark_tried(taken), pipeline::StoreFault);
}

TEST_F(SharedStoreTest, WhoLostItsSessionLetsNothingWaitAgainThatAnotherSettled) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox mine(*writer_);
    SqlOutbox theirs(*other_);
    mine.recover("study");
    const auto taken = mine.take("study", clock_.now(), 10);
    ASSERT_EQ(taken.size(), 1U);
    mine.mark_sending(taken, {{}});
    end_sessions_that_lead(direct());
    theirs.recover("study");
    EXPECT_THROW(mine.mark_retry(taken, clock_.now(), "away"), pipeline::StoreFault);
    const auto unknown = theirs.unsettled("study", 10);
    ASSERT_EQ(unknown.size(), 1U);
    theirs.mark_settled(unknown, {{}}, clock_.now());
    EXPECT_THROW(mine.mark_ready(taken[0], {}, clock_.now()), pipeline::StoreFault);
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'delivered'"), 1);
}

TEST_F(SharedStoreTest, WhoLostItsSessionSendsNothingThatALockTookBack) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject).stored(2, subject));
    SqlOutbox mine(*writer_);
    const auto taken = mine.take("study", clock_.now(), 10);
    ASSERT_EQ(taken.size(), 1U);
    end_sessions_that_lead(direct());
    // What a lock of one result's visit leaves.
    direct().execute("UPDATE outbox SET results = '2'");
    EXPECT_THROW(mine.mark_sending(taken, {{}}), pipeline::StoreFault);
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'ready'"), 1);
    direct().execute("DELETE FROM outbox");
    EXPECT_THROW(mine.mark_sending(taken, {{}}), pipeline::StoreFault);
}

TEST_F(SharedStoreTest, ALockWaitsUntilNoDeliveryIsOnItsWayOnAnyNode) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox theirs(*other_);
    ASSERT_EQ(theirs.take("study", clock_.now(), 10).size(), 1U);
    std::latch asking(1);
    std::atomic<bool> locking{false};
    std::thread person([&] {
        asking.count_down();
        const LockDesk desk(*writer_);
        locking = true;
    });
    asking.wait();
    EXPECT_TRUE(comes([&] { return somebody_waits(); })) << "the lock waits for no round";
    EXPECT_FALSE(locking);
    theirs.round_over("study");
    person.join();
    EXPECT_TRUE(locking);
}

TEST_F(SharedStoreTest, WhileALockWaitsMessagesAreTakenAndNoRoundBegins) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    second_.reset();
    other_.reset();
    WriterOptions both = options(1);
    both.targets.emplace_back("redcap");
    auto writer = StoreWriter::open(*directory_, clock_, both);
    ASSERT_TRUE(writer) << describe(writer.error());
    other_ = std::move(*writer);
    second_ = std::make_unique<SqlCommitStore>(*other_);
    SqlOutbox theirs(*other_);
    theirs.take("redcap", clock_.now(), 10);  // its round is begun
    std::latch done(1);
    std::atomic<bool> locking{false};
    std::thread person([&] {
        const LockDesk desk(*writer_);
        locking = true;
        done.wait();
    });
    EXPECT_TRUE(comes([&] { return somebody_waits(); })) << "the lock waits for no round";
    EXPECT_TRUE(theirs.take("study", clock_.now(), 10).empty()) << "and it does not wait either";
    const StoreItem here = StoreItem(2, "A2").held(Code::unknown_code);
    const StoreItem there = StoreItem(3, "A3").held(Code::unknown_code);
    study::StateView state;
    take(*store_, here, state);  // of the node where the person waits
    store_->write(here.item());
    store_->commit();
    study::StateView second_state;
    take(*second_, there, second_state);
    second_->write(there.item());
    second_->commit();
    EXPECT_EQ(number("SELECT count(*) FROM message"), 3);
    EXPECT_FALSE(locking);
    theirs.round_over("redcap");
    EXPECT_TRUE(comes([&] { return locking.load(); })) << "the lock waits for what is over";
    EXPECT_TRUE(theirs.take("study", clock_.now(), 10).empty());
    done.count_down();
    person.join();
    EXPECT_EQ(theirs.take("study", clock_.now(), 10).size(), 1U);
}

TEST_F(SharedStoreTest, WhereALockKeptTheRoundFromBeginningNothingIsTaken) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox theirs(*other_);
    theirs.recover("study");
    const auto sent = theirs.take("study", clock_.now(), 10);
    theirs.mark_sending(sent, {{}});
    theirs.round_over("study");
    theirs.recover("study");
    commit(StoreItem(2, "A2").stored(2, subject));
    {
        const LockDesk desk(*writer_);
        EXPECT_TRUE(theirs.unsettled("study", 10).empty());
    }
    EXPECT_TRUE(theirs.take_settled("study", clock_.now(), 10).empty())
        << "the lock is over, and what is unknown was not asked for";
    std::vector<delivery::Delivery> unknown;
    EXPECT_TRUE(comes([&] {
        unknown = theirs.unsettled("study", 10);
        return !unknown.empty();
    }));
    EXPECT_EQ(unknown.size(), 1U);
    EXPECT_EQ(theirs.take_settled("study", clock_.now(), 10).size(), 1U);
}

TEST_F(SharedStoreTest, WhatANodeCouldNotMarkIsReadBackByTheSameNode) {
    const SubjectId subject = register_subject();
    commit(StoreItem(1, "A1").stored(1, subject));
    SqlOutbox theirs(*other_);
    theirs.recover("study");
    const auto taken = theirs.take("study", clock_.now(), 10);
    theirs.mark_sending(taken, {{}});
    theirs.round_over("study");  // the store was away when it was to be marked
    SqlOutbox mine(*writer_);
    mine.recover("study");
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE state = 'sending'"), 1)
        << "another node may be sending";
    theirs.recover("study");
    EXPECT_EQ(theirs.unsettled("study", 10).size(), 1U);
}

TEST_F(SharedStoreTest, DeliveriesOfASubjectRiseInTheOrderOfTheCommitsWhicheverNodeMadeThem) {
    std::int64_t last = 0;
    for (int n = 1; n <= 6; ++n) {
        SqlCommitStore& store = n % 2 == 0 ? *second_ : *store_;
        study::StateView state;
        const StoreItem item = StoreItem(n, "A" + std::to_string(n)).stored(n);
        take(store, item, state);
        store.write(item.item());
        store.commit();
        const std::int64_t newest = number("SELECT max(delivery_id) FROM outbox");
        EXPECT_GT(newest, last);
        EXPECT_EQ(number("SELECT message_id FROM outbox ORDER BY delivery_id DESC LIMIT 1"), n);
        last = newest;
    }
}

// A release that is under way while holds are grouped is counted, not overwritten.
TEST_F(SharedStoreTest, AReleaseIsNotLostWhileHoldsAreGrouped) {
    StoreItem item(1, "A1");
    item.held(Code::unknown_code, "NEW");
    store_->begin();
    store_->write(item.item());
    store_->commit();
    StoreItem again(1, "A1");
    again.stored(1);
    store_->begin();
    store_->write_again(again.item());
    std::thread grouping([&] {
        while (group_holds(*other_) > 0) {
        }
    });
    constexpr int kTries = 100'000;
    int tries = 0;
    while (number("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database OR "
                  "l.database IS NULL WHERE d.datname = current_database() AND NOT l.granted") ==
               0 &&
           ++tries < kTries) {
    }
    store_->commit();
    grouping.join();
    EXPECT_LT(tries, kTries) << "the grouping waited for nobody";
    while (group_holds(*other_) > 0) {
    }
    EXPECT_EQ(number("SELECT open_count FROM problem"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM hold WHERE pending IS NOT NULL"), 0);
}

TEST_F(SharedStoreTest, TheRegistryOfOneNodeIsFollowedByTheOther) {
    store_->begin();
    study::Registry mine = store_->load_registry();
    store_->commit();
    second_->begin();
    study::Registry theirs = second_->load_registry();
    study::RegisteredSpecimen specimen;
    specimen.name = {"QILU-ACC", "S1"};
    specimen.subject_no = "S-001";
    second_->write_registry(theirs, {{}, {specimen}, "import specimens.csv"});
    second_->commit();
    study::StateView state;
    store_->begin();
    mine = store_->prepare({}, mine, state);
    EXPECT_NE(mine.specimen(specimen.name), nullptr);
    store_->rollback();
    store_->begin();
    EXPECT_NE(store_->prepare({}, study::Registry{}, state).specimen(specimen.name), nullptr)
        << "what was read in a transaction that was rolled back is read again";
    store_->commit();
}

// The other's fact has the lower number and is committed after this node's own.
TEST_F(SharedStoreTest, AFactThatFillsAGapBehindTheNodesOwnIsNotLost) {
    register_patient();
    Node here(*store_);
    const study::Registry theirs = second_->load_registry();
    const study::RegisteredSpecimen specimen = a_specimen("S1");
    const StoreItem item(1, "B1");
    study::StateView there;
    take(*second_, item, there);
    second_->write(item.item());
    second_->write_registry(theirs, {{}, {specimen}, "message"});

    ASSERT_TRUE(here.send(test::a_hospital_message()).stored);
    const study::Registry before = here.snapshots.registry();
    ASSERT_NE(before.specimen({"QILU-ACC", "A240422051"}), nullptr) << "taught by the message";
    second_->commit();
    ASSERT_TRUE(here.send(test::a_hospital_message().with("MSH-10", "LIS2")).stored);
    const study::Registry after = here.snapshots.registry();
    EXPECT_NE(after.specimen(specimen.name), nullptr);
    EXPECT_EQ(after.version(), before.version()) << "the highest number is the same";
}

TEST_F(SharedStoreTest, WhatOneLaneTeachesIsBroughtBackByTheLaneThatHasTheJobs) {
    register_patient();
    Node first(*store_);
    Node side(*second_, &first.committer);
    ASSERT_TRUE(side.send(test::a_molecular_message()).stored);
    const char* const waiting = "SELECT count(*) FROM hold WHERE released_us IS NULL";
    ASSERT_EQ(number(waiting), 1) << "nobody knows the specimen";
    ASSERT_TRUE(side.send(test::a_hospital_message().with("OBR-3", "A240422044")).stored);
    EXPECT_TRUE(comes([&] { return number(waiting) == 0; }));
    side.committer.drain();
    first.committer.drain();
    EXPECT_EQ(first.committer.counters().reprocessed, 1U);
    EXPECT_EQ(side.committer.counters().reprocessed, 0U);
}

/// An analyte of the patient whom a_hospital_message() is about.
test::MessageBuilder a_chemistry(const char* control_id, const char* code) {
    return test::a_hospital_message().with("MSH-10", control_id).with("OBX-3", code);
}

// A repair loads the subjects that it is about into a view of its own.
TEST_F(SharedStoreTest, WhatATaskLoadsForItselfLeavesNoOlderStateOfASubjectBehind) {
    const SubjectId subject = register_patient();
    Node here(*store_);
    Node there(*second_);
    there.number_from(2000);
    ASSERT_TRUE(here.send(a_chemistry("LIS1", "ALT^^L^1742-6^^LN")).stored);
    ASSERT_TRUE(there.send(a_chemistry("LIS2", "AST^^L^1920-8^^LN")).stored);
    here.committer.change([&](pipeline::CommitStore& store, study::StateView&, study::Registry&) {
        study::StateView own;
        store.load_subject(subject, own);
    });
    ASSERT_TRUE(
        here.send(a_chemistry("LIS3", "TBIL^^L^1975-2^^LN").with("OBX-6", "umol/L")).stored);
    EXPECT_EQ(number("SELECT count(*) FROM result"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM hold"), 0);
}

TEST_F(SharedStoreTest, ALaneThatNoMessageComesToFindsOutThatItsConnectionIsGone) {
    Node first(*store_);
    Node side(*second_, &first.committer);
    side.committer.drain();
    first.committer.drain();
    const char* const sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid()";
    const std::int64_t open = number(sessions);
    number(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
    EXPECT_TRUE(comes([&] { return number(sessions) >= open; }));
    EXPECT_TRUE(comes([&] { return side.committer.healthy() && first.committer.healthy(); }));
    EXPECT_TRUE(side.send(test::a_flow_message()).stored);
}

// The first row of the second life becomes visible when its page was read.
TEST_F(SharedStoreTest, ATrailWhoseRowsBecomeVisibleLateIsWhole) {
    const auto enter = [](StoreWriter& writer) {
        Desk desk(writer);
        desk.audit(by_command("anna"), {"problem", "something was done", "problem", "1", "", ""});
        desk.commit();
    };
    for (int row = 0; row < 3; ++row) enter(*writer_);
    enter(*other_);
    const std::string late =
        " FROM audit WHERE audit_id = " + std::to_string(number("SELECT max(audit_id) FROM audit"));
    enter(*writer_);
    enter(*other_);
    direct().execute("CREATE TABLE kept AS SELECT *" + late);
    direct().execute("DELETE" + late);
    VerifyOptions options;
    options.page = 4;
    options.go_on = [&] {
        direct().execute("INSERT INTO audit SELECT * FROM kept");
        options.go_on = [] { return true; };
        return true;
    };
    ReadSession reading = session();
    const AuditVerification found = verify_audit(reading, options);
    EXPECT_TRUE(found.ok()) << (found.first_bad ? found.first_bad->why : "");
    EXPECT_EQ(found.rows, 6);
}

TEST_F(SharedStoreTest, ANodeThatNoMessageComesToSeesWhatIsNewInTheRegistry) {
    Node here(*store_);
    const study::RegisteredSpecimen specimen = a_specimen("S1");
    const study::Registry theirs = second_->load_registry();
    second_->begin();
    second_->write_registry(theirs, {{}, {specimen}, "import specimens.csv"});
    second_->commit();
    here.committer.follow_configuration();
    EXPECT_NE(here.snapshots.registry().specimen(specimen.name), nullptr);
}

/// What a registry file that gives this subject one more fact asks for.
pipeline::Committer::RegistryPlan a_fact(std::optional<Timestamp> study::Subject::*field,
                                         std::string_view time) {
    return [field, time](const study::Registry& known) {
        study::Subject subject = *known.subjects_by_number("SCR-004").front();
        subject.*field = parse_iso_time(time).value();
        return pipeline::RegistryChange{{subject}, {}, "import subjects.csv"};
    };
}

TEST_F(SharedStoreTest, AnImportTakesNothingBackThatAnotherNodeEntered) {
    Node here(*store_);
    here.committer.change_registry([](const study::Registry&) {
        return pipeline::RegistryChange{
            {testing::a_subject("SCR-004", "00481523")}, {}, "import subjects.csv"};
    });
    Node there(*second_);
    here.committer.change_registry(a_fact(&study::Subject::first_infusion, "2026-02-10T10:30"));
    there.committer.change_registry(a_fact(&study::Subject::art_start, "2026-01-07"));
    const study::Registry after = there.snapshots.registry();
    const study::Subject& subject = *after.subjects_by_number("SCR-004").front();
    EXPECT_TRUE(subject.first_infusion);
    EXPECT_TRUE(subject.art_start);
    EXPECT_EQ(number("SELECT count(*) FROM subject WHERE record LIKE '%first_infusion%'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM registry_fact WHERE fact LIKE '%null%'"), 0);
}

TEST_F(SharedStoreTest, ImportsOfTwoNodesInOneInstantBothHold) {
    Node here(*store_);
    here.committer.change_registry([](const study::Registry&) {
        return pipeline::RegistryChange{
            {testing::a_subject("SCR-004", "00481523")}, {}, "import subjects.csv"};
    });
    Node there(*second_);
    {
        const std::jthread other([&] {
            there.committer.change_registry(a_fact(&study::Subject::art_start, "2026-01-07"));
        });
        here.committer.change_registry(a_fact(&study::Subject::first_infusion, "2026-02-10T10:30"));
    }
    EXPECT_EQ(number("SELECT count(*) FROM subject WHERE record LIKE '%first_infusion%' AND "
                     "record LIKE '%art_start%'"),
              1);
}

TEST_F(SharedStoreTest, EachNodeHasANumberOfItsOwnAndADeadOnesIsFree) {
    std::optional<NodeLease> first = NodeLease::take(directory_->place()).value();
    NodeLease second = NodeLease::take(directory_->place()).value();
    EXPECT_EQ(first->number(), 0);
    EXPECT_EQ(second.number(), 1);
    EXPECT_TRUE(second.renew());
    first.reset();
    EXPECT_EQ(NodeLease::take(directory_->place()).value().number(), 0) << "at once";
}

TEST_F(SharedStoreTest, ANodeWhoseNumberIsNotItsOwnTakesNothing) {
    Node here(*store_);
    MessageIdSource ids(clock_, 0);
    bool is_a_node = false;
    app::Intake intake({&here.committer}, here.snapshots, ids, clock_, [&] { return is_a_node; });
    const transport::Origin origin{2575, "127.0.0.1", {}};
    const auto refused = intake.receive(test::a_flow_message().text(), origin);
    EXPECT_TRUE(refused.not_stored);
    EXPECT_TRUE(refused.close);
    EXPECT_TRUE(refused.messages.empty());
    EXPECT_TRUE(intake.quarantine("\x0bMSH", Code::frame_too_large, origin).messages.empty());
    EXPECT_EQ(number("SELECT count(*) FROM message"), 0);
    is_a_node = true;
    EXPECT_FALSE(intake.receive(test::a_flow_message().text(), origin).not_stored);
    EXPECT_EQ(number("SELECT count(*) FROM message"), 1);
}

TEST_F(SharedStoreTest, MessagesStandInThePartitionOfTheirMonth) {
    make_partitions(*writer_, clock_.now());
    make_partitions(*writer_, clock_.now());
    MessageIdSource ids(clock_, 0);
    commit(StoreItem(ids.next().value, "A1").stored(1));
    EXPECT_EQ(number("SELECT count(*) FROM message"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM message_rest"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM observation_rest"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM message_raw_rest"), 0);
    commit(StoreItem(1, "A2").stored(2));  // of a time that nobody made a partition for
    EXPECT_EQ(number("SELECT count(*) FROM message_rest"), 1);
}

TEST_F(SharedStoreTest, StatisticsOfWholeTablesAreGatheredWhenTheyHaveGrown) {
    EXPECT_FALSE(gather_statistics(directory_->place())) << "next to nothing to know";
    store_->begin();
    constexpr std::int64_t kMessages = 1'200;
    for (std::int64_t n = 1; n <= kMessages; ++n) {
        StoreItem item(n, "A" + std::to_string(n));
        for (int one = 0; one < 10; ++one) item.held(Code::unknown_code);
        store_->write(item.item());
    }
    store_->commit();
    store_.reset();
    writer_.reset();  // a session's counts are told when it ends, and soon after
    bool gathered = false;
    for (int tries = 0; tries < 2'000 && !gathered; ++tries)
        gathered = gather_statistics(directory_->place());
    EXPECT_TRUE(gathered);
    EXPECT_GE(number("SELECT reltuples::bigint FROM pg_class WHERE relname = 'observation'"),
              kMessages * 10);
    EXPECT_FALSE(gather_statistics(directory_->place())) << "nothing came since";
}

}  // namespace
}  // namespace labrelay::store
