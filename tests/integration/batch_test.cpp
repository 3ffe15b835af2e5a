// Batches through a whole server: stored whole, split, each member by itself, one reply at the end.
// Point 46 of the receiving rules.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "labrelay/app/server.hpp"
#include "labrelay/hl7/batch.hpp"
#include "labrelay/simulate/traffic.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "shipped_mapping.hpp"
#include "temporary_directory.hpp"
#include "unsynced_vfs.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using study::MessageState;
using test::TemporaryDirectory;
using testing::UnsyncedVfs;

const simulate::Traffic kTraffic(simulate::TrafficSource::facs_lyric, 5872659, 8);

const std::string kFhs = "FHS|^~\\&|SENDER|LAB|US|HERE|20260101||||F1\r";
const std::string kBhs = "BHS|^~\\&|SENDER|LAB|US|HERE|20260101||||B1\r";

std::string batch_of(std::uint64_t first, std::size_t count, std::size_t said) {
    std::string bytes = kBhs;
    for (std::uint64_t number = first; number < first + count; ++number) {
        bytes += kTraffic.message(number);
    }
    return bytes + fmt::format("BTS|{}\r", said);
}

/// MSA-1 of every acknowledgement in the answer, in order.
std::vector<std::string> codes_in(std::string_view answer) {
    std::vector<std::string> codes;
    for (std::size_t at = answer.find("\rMSA|"); at != answer.npos;
         at = answer.find("\rMSA|", at + 1)) {
        codes.emplace_back(answer.substr(at + 5, 2));
    }
    return codes;
}

class BatchTest : public ::testing::Test {
protected:
    BatchTest() { spdlog::set_level(spdlog::level::off); }
    ~BatchTest() override { spdlog::set_level(spdlog::level::info); }

    void start(const std::function<void(mapping::SourceDefinition&)>& change =
                   [](mapping::SourceDefinition&) {}) {
        ServerSettings settings;
        settings.data = temporary_.path();
        settings.mllp.port = 0;
        settings.http_port = 0;
        server_.emplace(Server::start(settings, std::make_shared<const mapping::Configuration>(
                                                    test::with_source("facs-lyric", change)))
                            .value());
        ASSERT_TRUE(server_->import_subjects(kTraffic.subjects_csv(), "subjects.csv"));
        client_.emplace(
            transport::MllpClient::connect("127.0.0.1", server_->mllp_port(), 20s).value());
    }
    void stop() {
        server_->drain();
        server_->stop();
        server_.reset();
    }
    std::string send(const std::string& bytes) { return client_->send(bytes).value(); }

    /// What the ledger holds, oldest first; the server must be stopped.
    std::vector<store::LedgerMessage> ledger() {
        const auto directory =
            store::DataDirectory::open(temporary_.path(), store::DataDirectory::Use::read);
        auto session = store::ReadSession::open(*directory).value();
        std::vector<store::LedgerMessage> rows = store::ledger_messages(session, {}, {}, 100'000);
        std::ranges::sort(rows, {}, [](const store::LedgerMessage& row) { return row.id.value; });
        return rows;
    }
    store::MessageDetail detail(MessageId id) {
        const auto directory =
            store::DataDirectory::open(temporary_.path(), store::DataDirectory::Use::read);
        auto session = store::ReadSession::open(*directory).value();
        return store::message(session, id).value();
    }

    TemporaryDirectory temporary_{TemporaryDirectory::On::memory};
    std::optional<Server> server_;
    std::optional<transport::MllpClient> client_;
};

TEST_F(BatchTest, P46_IsStoredWholeAndEachMemberIsAMessage) {
    start();
    const std::string bytes = kFhs + batch_of(1, 3, 3) + "FTS|1\r";
    const std::string answer = send(bytes);
    EXPECT_EQ(answer.substr(0, 4), "FHS|");
    EXPECT_EQ(codes_in(answer), (std::vector<std::string>{"AA", "AA", "AA"}));
    EXPECT_NE(answer.find("\rBTS|3\rFTS|1\r"), std::string::npos);
    EXPECT_NE(answer.find("|US|HERE|SENDER|LAB|"), std::string::npos);
    stop();

    const std::vector<store::LedgerMessage> rows = ledger();
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].state, MessageState::batch);
    EXPECT_EQ(rows[0].counts.received, 0);
    const store::MessageDetail whole = detail(rows[0].id);
    EXPECT_EQ(whole.bytes, bytes);
    EXPECT_EQ(whole.answer.bytes, answer);
    ASSERT_EQ(whole.members.size(), 3U);
    for (std::size_t index = 0; index < 3; ++index) {
        const store::MessageDetail member = detail(whole.members[index]);
        EXPECT_EQ(member.arrival.message_id, rows[index + 1].id) << "the order is kept";
        EXPECT_EQ(member.bytes, kTraffic.message(index + 1)) << "its slice of the batch";
        EXPECT_EQ(member.state, MessageState::processed);
        EXPECT_EQ(member.arrival.batch->message_id, rows[0].id);
        EXPECT_EQ(member.counts.stored, simulate::Traffic::kObservations);
        EXPECT_TRUE(member.counts.balanced());
    }
}

TEST_F(BatchTest, P46_AResentBatchIsAllDuplicatesWithTheSameAnswers) {
    start();
    const std::string first = send(batch_of(1, 3, 3));
    const std::string second = send(batch_of(1, 3, 3));
    const auto members = [](const std::string& answer) {
        return answer.substr(answer.find("\rMSH|"), answer.find("\rBTS|") - answer.find("\rMSH|"));
    };
    EXPECT_EQ(members(first), members(second));
    // In an envelope or not: a member is a message.
    EXPECT_EQ(codes_in(send(kTraffic.message(2))), std::vector<std::string>{"AA"});
    stop();
    const std::vector<store::LedgerMessage> rows = ledger();
    ASSERT_EQ(rows.size(), 9U);
    for (std::size_t index = 5; index < 9; ++index) {
        EXPECT_EQ(rows[index].state, MessageState::duplicate) << index;
    }
    EXPECT_EQ(rows[4].state, MessageState::batch);
    EXPECT_EQ(detail(rows[4].id).bytes, std::nullopt) << "kept once";
}

TEST_F(BatchTest, P46_AWrongCountHoldsEveryMemberUntilTheBatchComesAgain) {
    start();
    EXPECT_EQ(codes_in(send(batch_of(1, 3, 4))), (std::vector<std::string>{"AA", "AA", "AA"}));
    EXPECT_EQ(codes_in(send(batch_of(1, 3, 4))), (std::vector<std::string>{"AA", "AA", "AA"}));
    EXPECT_EQ(codes_in(send(batch_of(1, 3, 3))), (std::vector<std::string>{"AA", "AA", "AA"}));
    stop();
    const std::vector<store::LedgerMessage> rows = ledger();
    ASSERT_EQ(rows.size(), 12U);
    for (std::size_t index = 1; index < 4; ++index) {
        const store::MessageDetail member = detail(rows[index].id);
        EXPECT_EQ(member.state, MessageState::held);
        EXPECT_EQ(member.counts.held, simulate::Traffic::kObservations);
        EXPECT_EQ(member.counts.stored, 0);
        for (const store::ObservationLine& line : member.observations) {
            EXPECT_EQ(line.rule, Code::batch_count_wrong);
        }
        EXPECT_EQ(rows[index + 4].state, MessageState::duplicate);
        EXPECT_EQ(rows[index + 8].state, MessageState::processed) << "the right count is new";
    }
}

TEST_F(BatchTest, P46_ABrokenMemberCostsItselfOnly) {
    start();
    const std::string bytes = kBhs + kTraffic.message(1) + "MSH|^^^^|FACSLYRIC\rPID|1\r" +
                              kTraffic.message(2) + "BTS|3\r";
    EXPECT_EQ(codes_in(send(bytes)), (std::vector<std::string>{"AA", "AR", "AA"}));
    EXPECT_EQ(codes_in(send(kBhs + "PID|lost\r" + kTraffic.message(3) + "BTS|1\r")),
              (std::vector<std::string>{"AR", "AA"}));
    stop();
    const std::vector<store::LedgerMessage> rows = ledger();
    ASSERT_EQ(rows.size(), 7U);
    EXPECT_EQ(rows[1].state, MessageState::processed);
    EXPECT_EQ(rows[2].state, MessageState::refused);
    EXPECT_EQ(rows[3].state, MessageState::processed);
    EXPECT_EQ(detail(rows[2].id).bytes, "MSH|^^^^|FACSLYRIC\rPID|1\r");
}

TEST_F(BatchTest, P29_WithoutEnvelopeEachMemberIsAnsweredByItself) {
    start();
    ASSERT_TRUE(client_->write(kTraffic.message(1) + kTraffic.message(2)));
    for (const std::uint64_t number : {1U, 2U}) {
        const std::string answer = client_->read_answer().value();
        EXPECT_EQ(answer.substr(0, 4), "MSH|");
        EXPECT_EQ(codes_in(answer), std::vector<std::string>{"AA"});
        EXPECT_NE(answer.find("|" + kTraffic.control_id(number)), std::string::npos);
    }
    stop();
    EXPECT_EQ(ledger().size(), 3U);
}

TEST_F(BatchTest, P46_TheReplyIsWhatTheSourceAsksFor) {
    struct Row {
        mapping::BatchReply reply;
        std::vector<std::string> codes;
        std::string begin;
    };
    const Row rows[] = {{mapping::BatchReply::errors, {"AR"}, "BHS|"},
                        {mapping::BatchReply::single, {"AE"}, "MSH|"}};
    std::uint64_t number = 1;
    for (const Row& row : rows) {
        start([&](mapping::SourceDefinition& source) { source.batch_reply = row.reply; });
        const std::string answer = send(kBhs + kTraffic.message(number) + "MSH|^^^^|x\rPID|1\r" +
                                        kTraffic.message(number + 1) + "BTS|3\r");
        number += 2;
        EXPECT_EQ(answer.substr(0, 4), row.begin);
        EXPECT_EQ(codes_in(answer), row.codes);
        if (row.reply == mapping::BatchReply::single) {
            EXPECT_NE(answer.find("\rMSA|AE|B1|"), std::string::npos) << "MSA-2 is BHS-11";
            const std::string good = send(batch_of(50, 2, 2));
            EXPECT_NE(good.find("\rMSA|AA|B1"), std::string::npos);
        } else {
            EXPECT_NE(send(batch_of(60, 2, 2)).find("\rBTS|0\r"), std::string::npos);
        }
        stop();
    }
    start(
        [&](mapping::SourceDefinition& source) { source.batch_reply = mapping::BatchReply::none; });
    ASSERT_TRUE(client_->write(batch_of(70, 2, 2)));
    const std::string next = send(kTraffic.message(80));
    EXPECT_NE(next.find("|" + kTraffic.control_id(80)), std::string::npos) << "nothing came before";
    stop();
}

TEST_F(BatchTest, P46_AMemberInEnhancedModeHasWhatItWantsInTheReply) {
    start();
    const auto wanting = [](std::uint64_t number, std::string_view conditions) {
        std::string message = kTraffic.message(number);
        return message.insert(message.find('\r'), conditions);
    };
    EXPECT_EQ(codes_in(send(kBhs + wanting(1, "|||AL|AL") + wanting(2, "|||AL|NE") +
                            wanting(3, "|||NE|NE") + kTraffic.message(4) + "BTS|4\r")),
              (std::vector<std::string>{"CA", "AA", "CA", "AA"}));
    stop();
    EXPECT_EQ(ledger().size(), 5U);
}

TEST_F(BatchTest, P46_APowerFailureLeavesABatchWholeOrNotThere) {
    constexpr std::size_t kMembers = 5;
    start();
    stop();
    std::mt19937 random(46);
    std::uint64_t number = 1;
    std::size_t answered = 0;
    for (int round = 1; round <= 3; ++round) {
        UnsyncedVfs disk(UnsyncedVfs::Register::as_default);
        disk.let_survive(0.5, static_cast<std::uint32_t>(round));
        start();
        disk.crash_at(disk.operations() +
                      std::uniform_int_distribution<std::int64_t>(100, 600)(random));
        while (client_->send(batch_of(number, kMembers, kMembers))) {
            number += kMembers;
            ++answered;
            ASSERT_LT(answered, 2000U);
        }
        number += kMembers;
        server_->stop();
        server_.reset();
    }
    start();
    stop();
    std::size_t batches = 0;
    std::size_t members = 0;
    for (const store::LedgerMessage& row : ledger()) {
        if (row.state == MessageState::batch) {
            ++batches;
            const store::MessageDetail whole = detail(row.id);
            EXPECT_EQ(whole.members.size(), kMembers);
            for (const MessageId member : whole.members) {
                EXPECT_TRUE(detail(member).bytes) << "its bytes stand in the batch";
            }
        } else {
            ++members;
        }
    }
    EXPECT_GE(batches, answered);
    EXPECT_EQ(members, batches * kMembers);
}

}  // namespace
}  // namespace labrelay::app
