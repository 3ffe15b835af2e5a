// The power fails under a whole server with clients: what it had not synced is gone, in part or
// whole. What it acknowledged is there, once, in the ledger and in the study database.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "labrelay/app/server.hpp"
#include "labrelay/simulate/traffic.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "temporary_directory.hpp"
#include "unsynced_vfs.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using test::TemporaryDirectory;
using testing::UnsyncedVfs;

constexpr std::size_t kConnections = 4;
constexpr std::size_t kSubjects = 8;
const simulate::Traffic kTraffic(simulate::TrafficSource::facs_lyric, 5872659, kSubjects);

std::shared_ptr<const mapping::Configuration> shipped() {
    static const mapping::Loaded kLoaded =
        mapping::load_configuration(LABRELAY_SOURCE_DIR "/mappings");
    return kLoaded.configuration;
}

Server start(const std::filesystem::path& data) {
    ServerSettings settings;
    settings.data = data;
    settings.mllp.port = 0;
    settings.http_port = 0;
    return Server::start(settings, shipped()).value();
}

/// Senders that number their messages through; a number is sent once.
class Senders {
public:
    /// Each on a connection of its own, until it is cut off or `last` was sent.
    void send(std::uint16_t port, std::uint64_t last) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < kConnections; ++i) {
            threads.emplace_back([this, port, last] { send_until_cut_off(port, last); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
    bool send_one(transport::MllpClient& client, std::uint64_t number) {
        const Result<std::string> answer = client.send(kTraffic.message(number));
        if (!answer) {
            return false;
        }
        EXPECT_NE(answer->find("\rMSA|AA|" + kTraffic.control_id(number)), std::string::npos)
            << *answer;
        const std::lock_guard lock(mutex_);
        acknowledged.insert(number);
        return true;
    }

    std::atomic<std::uint64_t> sent{0};
    std::set<std::uint64_t> acknowledged;

private:
    void send_until_cut_off(std::uint16_t port, std::uint64_t last) {
        auto client = transport::MllpClient::connect("127.0.0.1", port, 20s);
        while (client && sent < last && send_one(*client, ++sent)) {
        }
    }

    std::mutex mutex_;
};

/// Control id -> the message's id, of what is in the ledger and is no duplicate; each id once.
std::map<std::string, std::string> ledger_of(const std::filesystem::path& data) {
    std::map<std::string, std::string> rows;
    const auto directory = store::DataDirectory::open(data, store::DataDirectory::Use::read);
    auto session = store::ReadSession::open(*directory).value();
    for (const store::LedgerMessage& row : store::ledger_messages(session, {}, {}, 100'000)) {
        if (row.state == study::MessageState::duplicate) {
            continue;
        }
        EXPECT_EQ(row.state, study::MessageState::processed);
        EXPECT_EQ(row.counts.received, simulate::Traffic::kObservations);
        EXPECT_TRUE(row.counts.balanced());
        EXPECT_TRUE(rows.emplace(row.control_id, to_base32(row.id)).second)
            << "twice in the ledger: " << row.control_id;
    }
    return rows;
}

/// Each message of the ledger has its results in the study database once, and nothing else has any.
void expect_study(const std::filesystem::path& data,
                  const std::map<std::string, std::string>& ledger) {
    const auto study = targets::StudyReader::open(data / "study.db").value();
    std::map<std::string, int> versions;
    const std::vector<targets::LabRow> rows = study.versions().value();
    for (const targets::LabRow& row : rows) {
        if (row.derived_from.empty()) {
            ++versions[row.lineage_id];
        }
    }
    std::set<std::string> expected;
    for (const auto& [control_id, message] : ledger) {
        for (int ordinal = 1; ordinal <= simulate::Traffic::kObservations; ++ordinal) {
            const std::string lineage = message + "-" + std::to_string(ordinal);
            EXPECT_EQ(versions[lineage], 1) << control_id << ' ' << lineage;
            expected.insert(lineage);
        }
    }
    EXPECT_EQ(versions.size(), expected.size()) << "a value that no message of the ledger has";
}

class PowerFailure : public ::testing::TestWithParam<double> {
protected:
    void SetUp() override { spdlog::set_level(spdlog::level::off); }  // failures are what we make
    void TearDown() override { spdlog::set_level(spdlog::level::info); }
};

TEST_P(PowerFailure, UnderLoadLosesNothingThatWasAcknowledged) {
    const bool is_long = std::getenv("LABRELAY_LONG") != nullptr;
    const int failures = is_long ? 10 : 2;
    const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
    const auto& data = temporary.path();
    std::mt19937 random(23);
    Senders senders;
    {
        Server server = start(data);
        ASSERT_TRUE(server.import_subjects(kTraffic.subjects_csv(), "subjects.csv"));
        server.stop();
    }
    // How many messages come before a failure depends on how many share a commit: where they were
    // few, it fails once more.
    const auto too_few = [&] { return senders.acknowledged.size() <= 20U; };
    for (int round = 1; round <= failures || (round <= 10 && too_few()); ++round) {
        SCOPED_TRACE(round);
        {
            UnsyncedVfs disk(UnsyncedVfs::Register::as_default);
            disk.let_survive(GetParam(), static_cast<std::uint32_t>(round));
            Server server = start(data);
            disk.crash_at(disk.operations() +
                          std::uniform_int_distribution<std::int64_t>(200, 3000)(random));
            senders.send(server.mllp_port(), senders.sent + 2000);
            ASSERT_TRUE(disk.crashed()) << "the failure was to come before the last message";
            server.stop();
        }
        Server server = start(data);
        server.drain();
        server.stop();
        const auto ledger = ledger_of(data);
        for (const std::uint64_t number : senders.acknowledged) {
            EXPECT_TRUE(ledger.contains(kTraffic.control_id(number))) << number;
        }
        EXPECT_LE(ledger.size(), senders.sent.load());
        expect_study(data, ledger);
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_FALSE(too_few()) << "too few to show anything: " << senders.acknowledged.size();

    Server server = start(data);
    auto client = transport::MllpClient::connect("127.0.0.1", server.mllp_port(), 20s).value();
    for (std::uint64_t number = 1; number <= senders.sent; ++number) {
        if (!senders.acknowledged.contains(number)) {
            EXPECT_TRUE(senders.send_one(client, number)) << number;
        }
    }
    server.drain();
    server.stop();
    const auto ledger = ledger_of(data);
    EXPECT_EQ(ledger.size(), senders.sent.load()) << "what the clients sent again makes it whole";
    expect_study(data, ledger);
}

INSTANTIATE_TEST_SUITE_P(UnsyncedWrites, PowerFailure, ::testing::Values(0.0, 0.5));

}  // namespace
}  // namespace labrelay::app
