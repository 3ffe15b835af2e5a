// A row that cannot be read costs whoever needs it, and nobody else.
#include <fmt/format.h>

#include <thread>

#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

constexpr const char* kAnna = "00481523";
constexpr const char* kBert = "00481599";

study::Subject a_patient(std::string number, std::string mrn) {
    study::Subject subject = testing::a_subject(std::move(number), std::move(mrn));
    subject.birth_date = parse_iso_time("1978-03-12").value();
    subject.consent_date = parse_iso_time("2024-01-08").value();
    subject.first_infusion = parse_iso_time("2024-01-22T10:30").value();
    return subject;
}

class UnreadableRowTest : public StoreTest {
protected:
    /// A server's life on the store: what was remembered before is read anew.
    struct Life {
        explicit Life(SqlCommitStore& store)
            : snapshots(std::make_shared<mapping::Configuration>(test::shipped_configuration()),
                        store.load_registry()),
              committer(store, snapshots),
              thread([this](const std::stop_token& stop) { committer.run(stop); }) {}

        void enter(const study::Subject& subject) {
            committer.change_registry([&](const study::Registry&) {
                return pipeline::RegistryChange{{subject}, {}, "import subjects.csv"};
            });
        }
        /// Turns enough for every job of these tests; each task has one after it.
        void take_turns() {
            for (int turn = 0; turn < 12; ++turn) committer.follow_configuration();
        }

        pipeline::Snapshots snapshots;
        pipeline::Committer committer;
        std::jthread thread;
    };

    std::future<pipeline::Committed> submit(Life& life, const char* control_id, const char* mrn) {
        pipeline::Submission submission;
        submission.bytes = test::a_flow_message()
                               .with("MSH-10", control_id)
                               .with("PID-3", fmt::format("{}^^^QILU^MR", mrn))
                               .with("SPM-2", control_id)
                               .with("OBR-3", control_id)
                               .text();
        submission.arrival = test::an_arrival();
        submission.arrival.message_id = MessageId{next_++};
        submission.arrival.ack_id = to_base32(submission.arrival.message_id);
        submission.proposal =
            pipeline::process(submission.bytes, submission.arrival, *life.snapshots.configuration(),
                              life.snapshots.registry());
        return life.committer.submit(std::move(submission));
    }
    void send(Life& life, const char* control_id, const char* mrn) {
        ASSERT_TRUE(submit(life, control_id, mrn).get().stored);
    }
    std::string state_of(const char* control_id) {
        auto database = direct();
        auto query = database.prepare(
            "SELECT m.state FROM message m JOIN message_key k ON k.message_id = m.message_id "
            "WHERE k.control_id = ?");
        query.bind(control_id);
        return query.step() ? query.string(0) : "none";
    }
    std::int64_t open_jobs() { return number("SELECT count(*) FROM job WHERE done_us IS NULL"); }
    /// A message that needs the row is stored and held by a rule's name; the others go through.
    void expect_contained(const char* spoil) {
        {
            Life life(*store_);
            life.enter(a_patient("SCR-004", kAnna));
            life.enter(a_patient("SCR-005", kBert));
            send(life, "A1", kAnna);
            ASSERT_EQ(state_of("A1"), "processed");
        }
        direct().execute(spoil);
        Life life(*store_);
        auto anna = submit(life, "A2", kAnna);
        auto bert = submit(life, "B1", kBert);
        EXPECT_TRUE(anna.get().stored);
        EXPECT_TRUE(bert.get().stored);
        EXPECT_TRUE(life.committer.healthy());
        EXPECT_EQ(state_of("A2"), "held");
        EXPECT_EQ(state_of("B1"), "processed");
        EXPECT_EQ(number(fmt::format(
                      "SELECT count(*) FROM observation WHERE disposition = 'H' AND rule = {}",
                      static_cast<int>(Code::internal_fault))),
                  1);
    }

    std::int64_t next_ = 1000;
};

TEST_F(UnreadableRowTest, ANumberCostsTheMessagesOfItsSubject) {
    expect_contained("UPDATE observation SET value_num = 'x' WHERE message_id = 1000");
}

TEST_F(UnreadableRowTest, AListOfVersionsCostsTheMessagesOfItsSubject) {
    expect_contained("UPDATE result SET versions = 'x' WHERE current_message = 1000");
}

TEST_F(UnreadableRowTest, AVersionThatIsGoneCostsTheMessagesOfItsSubject) {
    expect_contained("UPDATE result SET current_ordinal = 9 WHERE current_message = 1000");
}

class UnreadableDeliveryTest : public UnreadableRowTest {
protected:
    /// Two deliveries of one subject and one of another, by messages 1000, 1001 and 1002.
    UnreadableDeliveryTest() {
        Life life(*store_);
        life.enter(a_patient("SCR-004", kAnna));
        life.enter(a_patient("SCR-005", kBert));
        send(life, "A1", kAnna);
        send(life, "A2", kAnna);
        send(life, "B1", kBert);
    }
    std::int64_t delivery_of(int message) {
        return number(fmt::format("SELECT delivery_id FROM outbox WHERE message_id = {}", message));
    }
    static std::vector<std::int64_t> ids(const std::vector<delivery::Delivery>& deliveries) {
        std::vector<std::int64_t> found;
        for (const delivery::Delivery& each : deliveries) found.push_back(each.id);
        return found;
    }
    std::int64_t told() {
        return number("SELECT count(*) FROM notice WHERE detail LIKE '%cannot be read%'");
    }

    const Instant now_{1'790'000'000'000'000};
};

TEST_F(UnreadableDeliveryTest, ABrokenListCostsTheDeliveriesOfItsSubject) {
    SqlOutbox outbox(*writer_);
    const auto all = outbox.take("study", now_, 100);
    ASSERT_EQ(all.size(), 3U);
    direct().execute("UPDATE outbox SET results = 'x' || results WHERE message_id = 1000");
    const auto others = outbox.take("study", now_, 1);
    EXPECT_EQ(ids(others), std::vector{delivery_of(1002)}) << "it takes nobody's place";
    EXPECT_EQ(others.at(0).fence, all[0].fence) << "the target stays this node's";
    EXPECT_EQ(told(), 1);
    EXPECT_EQ(outbox.take("study", now_, 100).size(), 1U);
    EXPECT_EQ(told(), 1) << "once";
    outbox.mark_delivered(others, now_);
    direct().execute("UPDATE outbox SET results = substr(results, 2) WHERE message_id = 1000");
    EXPECT_EQ(ids(outbox.take("study", now_, 100)), ids({all[0], all[1]}));
}

TEST_F(UnreadableDeliveryTest, AResultThatIsGoneCostsItsOwnDelivery) {
    SqlOutbox outbox(*writer_);
    direct().execute("UPDATE outbox SET results = '99' WHERE message_id = 1000");
    EXPECT_EQ(ids(outbox.take("study", now_, 100)),
              (std::vector{delivery_of(1001), delivery_of(1002)}));
    EXPECT_EQ(told(), 1);
}

TEST_F(UnreadableDeliveryTest, ANumberCostsTheDeliveriesOfItsSubject) {
    SqlOutbox outbox(*writer_);
    direct().execute("UPDATE observation SET value_num = 'x' WHERE message_id = 1000");
    EXPECT_EQ(ids(outbox.take("study", now_, 1)), std::vector{delivery_of(1002)});
}

TEST_F(UnreadableDeliveryTest, WhatIsUnknownAndCannotBeReadKeepsNoOtherWaiting) {
    SqlOutbox outbox(*writer_);
    const auto sent = outbox.take("study", now_, 1);
    ASSERT_EQ(ids(sent), std::vector{delivery_of(1000)});
    outbox.mark_sending(sent, {{}});
    outbox.mark_unknown(sent, "no answer");
    direct().execute("UPDATE outbox SET results = 'x' || results WHERE message_id = 1000");
    EXPECT_TRUE(outbox.unsettled("study", 100).empty());
    EXPECT_EQ(told(), 1);
    EXPECT_EQ(ids(outbox.take_settled("study", now_, 100)), std::vector{delivery_of(1002)})
        << "the subject's others stay behind it";
}

TEST_F(UnreadableRowTest, AJobPassesOverTheMessageAndTheJobsBehindItAreDone) {
    {
        Life life(*store_);
        send(life, "A1", kAnna);
        send(life, "A2", kAnna);
        send(life, "B1", kBert);
    }
    direct().execute(
        "UPDATE message SET sha256 = (SELECT sha256 FROM message WHERE message_id = 1001) "
        "WHERE message_id = 1000");
    Life life(*store_);
    life.enter(a_patient("SCR-004", kAnna));
    life.enter(a_patient("SCR-005", kBert));
    life.take_turns();
    EXPECT_EQ(open_jobs(), 0);
    EXPECT_EQ(state_of("A1"), "held") << "it stays as it is";
    EXPECT_EQ(state_of("A2"), "processed");
    EXPECT_EQ(state_of("B1"), "processed");
    EXPECT_GT(life.committer.counters().faults, 0U);
}

TEST_F(UnreadableRowTest, AJobPassesOverTheSubjectAndTheJobsBehindItAreDone) {
    {
        Life life(*store_);
        life.enter(a_patient("SCR-004", kAnna));
        send(life, "A1", kAnna);
        send(life, "B1", kBert);
    }
    direct().execute("UPDATE observation SET value_num = 'x' WHERE message_id = 1000");
    Life life(*store_);
    study::Subject anna = *life.snapshots.registry().subjects_by_number("SCR-004").front();
    anna.second_infusion = parse_iso_time("2024-02-19T10:00").value();
    life.enter(anna);
    life.enter(a_patient("SCR-005", kBert));
    life.take_turns();
    EXPECT_EQ(open_jobs(), 0);
    EXPECT_EQ(state_of("B1"), "processed");
}

TEST_F(UnreadableRowTest, AJobWhoseRowIsBrokenKeepsNoOtherWaiting) {
    {
        Life life(*store_);
        send(life, "B1", kBert);
    }
    direct().execute(
        "INSERT INTO job(created_us, actor, messages, subjects) VALUES (1, 'test', 'x', '')");
    Life life(*store_);
    life.enter(a_patient("SCR-005", kBert));
    life.take_turns();
    EXPECT_EQ(state_of("B1"), "processed");
    EXPECT_EQ(open_jobs(), 1);
}

}  // namespace
}  // namespace labrelay::store
