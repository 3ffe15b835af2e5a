// Acknowledgements, counted sources and proposals in the store, through the committer.
#include <thread>

#include "labrelay/hl7/message.hpp"
#include "labrelay/pipeline/committer.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/sql_ack_outbox.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using mapping::SourceDefinition;
using pipeline::Answer;
using testing::a_subject;
using testing::StoreItem;

/// A committer on the test's store, with one source changed.
class AckTest : public StoreTest {
protected:
    Answer send(const std::string& bytes) {
        pipeline::Snapshots snapshots(
            std::make_shared<mapping::Configuration>(test::with_source("facs-lyric", source_)),
            store_->load_registry());
        pipeline::Committer committer(*store_, snapshots);
        std::jthread thread([&](const std::stop_token& stop) { committer.run(stop); });
        pipeline::Submission submission;
        submission.bytes = bytes;
        submission.arrival = test::an_arrival();
        submission.arrival.message_id = MessageId{next_++};
        submission.arrival.ack_id = to_base32(submission.arrival.message_id);
        submission.proposal = pipeline::process(bytes, submission.arrival,
                                                *snapshots.configuration(), snapshots.registry());
        pipeline::Committed committed = committer.submit(std::move(submission)).get();
        EXPECT_TRUE(committed.stored);
        return std::move(committed.answer);
    }
    static std::string enhanced(test::MessageBuilder message) {
        return std::move(message).with("MSH-15", "AL").with("MSH-16", "AL").text();
    }

    std::function<void(SourceDefinition&)> source_ = [](SourceDefinition&) {};
    std::int64_t next_ = 1000;
};

/// MSA-4.
std::string expected_in(const Answer& answer) {
    const auto message = hl7::Message::parse(answer.bytes);
    return message ? message->find("MSA")->field(4).text() : "";
}

TEST_F(AckTest, P47_ResendAndRestartGetTheStoredBytes) {
    for (const char* pair : {"AL AL", "NE AL", "AL NE", "SU ER", "NE NE"}) {
        SCOPED_TRACE(pair);
        const std::string accept(pair, 2);
        const std::string application(pair + 3);
        const auto message = [&](const char* sent_at) {
            return test::a_flow_message()
                .with("MSH-7", sent_at)
                .with("MSH-10", accept + application)
                .with("MSH-15", accept)
                .with("MSH-16", application)
                .text();
        };
        const Answer first = send(message("20240422143000"));
        EXPECT_NE(first.accept.empty(), accept != "NE");
        {
            auto database = direct();
            auto stored = database.prepare("SELECT accept_ack FROM message");
            while (stored.step())
                EXPECT_TRUE(stored.blob(0).empty() ||
                            stored.blob(0).find("MSA|CA|") != std::string_view::npos);
        }
        const Answer resent = send(message("20240422150000"));
        reopen();
        const Answer after_restart = send(message("20240422160000"));
        for (const Answer* again : {&resent, &after_restart}) {
            EXPECT_EQ(again->accept, first.accept);
            EXPECT_EQ(again->bytes, first.bytes);
            EXPECT_EQ(again->code, hl7::AckCode::aa);
        }
    }
    EXPECT_EQ(number("SELECT count(*) FROM message WHERE state = 'duplicate'"), 10);
}

TEST_F(AckTest, P35_AfterAnErrorTheSameBytesAreProcessedAnew) {
    source_ = [](SourceDefinition& source) { source.strict = true; };
    const std::string bytes = enhanced(test::a_flow_message());
    const Answer refused = send(bytes);
    EXPECT_EQ(refused.code, hl7::AckCode::ae);
    EXPECT_NE(refused.accept.find("MSA|CA|FL1"), std::string::npos);
    EXPECT_NE(refused.bytes.find("MSA|AE|FL1"), std::string::npos);
    store_->begin();
    store_->write_registry(store_->load_registry(),
                           {{a_subject("SCR-004", "00481523")}, {}, "import"});
    store_->commit();
    const Answer again = send(bytes);
    EXPECT_NE(again.bytes, refused.bytes);
    EXPECT_EQ(number("SELECT count(*) FROM message WHERE state = 'refused' AND stored > 0"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM message WHERE state = 'duplicate'"), 0);
}

TEST_F(AckTest, P36_TheLastNumberSurvivesARestart) {
    source_ = [](SourceDefinition& source) { source.sequence = true; };
    const auto numbered = [](const char* id, const char* number) {
        return test::a_flow_message().with("MSH-10", id).with("MSH-13", number).text();
    };
    EXPECT_EQ(expected_in(send(numbered("N1", "41"))), "42");
    reopen();
    const Answer gap = send(numbered("N3", "43"));
    EXPECT_EQ(gap.code, hl7::AckCode::ae);
    EXPECT_EQ(expected_in(gap), "42");
    send(numbered("N3", "43"));
    EXPECT_EQ(send(numbered("N2", "42")).code, hl7::AckCode::aa);
    EXPECT_EQ(send(numbered("N3", "43")).code, hl7::AckCode::aa);
    // A resend of what was taken gets its answer again and counts nothing.
    EXPECT_EQ(expected_in(send(numbered("N2", "42"))), "43");
    EXPECT_EQ(number("SELECT last FROM source_sequence"), 43);
    group_holds(*writer_);
    auto reading = session();
    std::size_t gaps = 0;
    for (const ProblemRow& row : problems(reading, {})) {
        if (row.rule == Code::sequence_gap) {
            ++gaps;
            EXPECT_EQ(row.source, "facs-lyric");
            EXPECT_EQ(row.state, ProblemState::open);
        }
    }
    EXPECT_EQ(gaps, 1U);
}

TEST_F(AckTest, P39_AnAcknowledgementThatGoesApartWaitsInTheCommitOfItsMessage) {
    source_ = [](SourceDefinition& source) { source.replies_apart = true; };
    const Answer first = send(enhanced(test::a_flow_message()));
    EXPECT_TRUE(first.apart);
    send(enhanced(test::a_flow_message().with("MSH-10", "FL2")));
    send(test::a_flow_message().with("MSH-10", "ORIGINAL").text());
    reopen();
    SqlAckOutbox outbox(*writer_);
    const Instant now{1'790'000'000'000'000};
    const auto waiting = outbox.take("facs-lyric", now, 10);
    ASSERT_EQ(waiting.size(), 2U);
    EXPECT_EQ(waiting[0].bytes, first.bytes);
    EXPECT_EQ(waiting[0].ack_id, to_base32(MessageId{1000}));
    EXPECT_TRUE(outbox.take("lis-qilu", now, 10).empty());
    // The oldest waits: nothing overtakes it.
    outbox.mark_retry(waiting[0].message, Instant{now.microseconds + 5}, "connection-failed");
    EXPECT_TRUE(outbox.take("facs-lyric", now, 10).empty());
    const auto later = outbox.take("facs-lyric", Instant{now.microseconds + 5}, 10);
    ASSERT_EQ(later.size(), 2U);
    EXPECT_EQ(later[0].attempts, 1);
    outbox.mark_delivered(waiting[0].message);
    outbox.mark_delivered(waiting[1].message);
    EXPECT_EQ(outbox.waiting(), 0);
    // A resend brings its original's on its way again.
    const Answer resent = send(enhanced(test::a_flow_message().with("MSH-7", "20240422150000")));
    EXPECT_EQ(resent.accept, first.accept);
    const auto again = outbox.take("facs-lyric", now, 10);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].bytes, first.bytes);
    EXPECT_EQ(again[0].message, MessageId{1000});
}

TEST_F(AckTest, ProposalsAreProblemsInPlainWords) {
    store_->begin();
    const auto registry = store_->write_registry(
        store_->load_registry(), {{a_subject("SCR-004", "00481523")}, {}, "import"});
    store_->commit();
    const std::string message =
        "MSH|^~\\&|LIS|QILU|LABRELAY|QILU|20240422150000||ADT^A08|ADT1|P|2.4\r"
        "PID|1||00481523^^^QILU^MR~00777777^^^QILU^MR\r";
    EXPECT_EQ(send(message).code, hl7::AckCode::aa);
    EXPECT_EQ(send(message).code, hl7::AckCode::aa);
    std::string other = message;
    other.replace(other.find("ADT1"), 4, "ADT2");
    send(other);
    group_holds(*writer_);
    auto reading = session();
    const auto rows = problems(reading, {});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].rule, Code::identifier_proposed);
    EXPECT_NE(rows[0].object.find("QILU-MRN:00777777"), std::string::npos);
    EXPECT_EQ(rows[0].subjects, 1);
    // Proposed and nothing else: the registry knows what it knew.
    const auto after = store_->load_registry();
    EXPECT_TRUE(after.subjects_by_identifier({"QILU-MRN", "00777777"}).empty());
    EXPECT_EQ(after.version(), registry.version());
}

TEST_F(AckTest, APatientMessageAboutNobodyGoesWithItsRetention) {
    send(
        "MSH|^~\\&|LIS|QILU|LABRELAY|QILU|20240422150000||ADT^A08|ADT1|P|2.4\r"
        "PID|1||00999999^^^QILU^MR\r");
    EXPECT_EQ(number("SELECT purge_after_us - received_us FROM message"),
              std::int64_t{30} * 86'400'000'000);
    EXPECT_EQ(number("SELECT count(*) FROM awaiting"), 1);
}

}  // namespace
}  // namespace labrelay::store
