// A target that was away for long: what waited costs nothing meanwhile and goes out at full speed
// afterwards, beside live traffic.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "labrelay/delivery/worker.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "labrelay/store/store_writer.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "store_items.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

namespace fs = std::filesystem;
using labrelay::testing::StoreItem;
using std::chrono::steady_clock;

constexpr std::int64_t kBacklog = 3000;
constexpr std::int64_t kLive = 1000;

TEST(Drain, ABacklogGoesOutBesideLiveTrafficAndNothingIsLostOrDoubled) {
    test::TemporaryDirectory temporary;
    const SystemClock clock;
    auto directory =
        store::DataDirectory::open(temporary.path() / "data", store::DataDirectory::Use::write)
            .value();
    store::WriterOptions options;
    options.targets = {"study"};
    auto writer = store::StoreWriter::open(directory, clock, options).value();
    store::SqlCommitStore store(*writer);
    store::SqlOutbox outbox(*writer);
    store.begin();
    const auto registry = store.write_registry(
        {}, {{labrelay::testing::a_subject("S-004", "00481523")}, {}, "import"});
    store.commit();
    const SubjectId subject = registry.subjects_by_number("S-004").front()->id;
    const auto commit = [&](std::int64_t from, std::int64_t until, std::int64_t batch) {
        for (std::int64_t id = from; id <= until;) {
            store.begin();
            for (std::int64_t n = 0; n < batch && id <= until; ++n, ++id) {
                store.write(StoreItem(id, "A" + std::to_string(id)).stored(id, subject).item());
            }
            store.commit();
        }
    };
    SqlTargetSettings settings;
    settings.place.path = temporary.path() / "disk" / "study.db";
    SqlTarget target(settings, {});
    std::vector<delivery::WorkerTrouble> troubles;
    delivery::WorkerSettings quick;
    quick.first_backoff = std::chrono::milliseconds{5};
    quick.longest_backoff = std::chrono::milliseconds{20};
    delivery::Worker worker(outbox, target, clock, quick,
                            [&](const delivery::WorkerTrouble& told) { troubles.push_back(told); });
    std::jthread thread([&](const std::stop_token& stop) { worker.run(stop); });

    commit(1, kBacklog, 200);  // the disk of the study database is not there
    EXPECT_EQ(outbox.waiting("study"), kBacklog);
    while (worker.counters().incidents == 0) {
        worker.wake();
        std::this_thread::yield();
    }
    fs::create_directory(settings.place.path.parent_path());
    const auto began = steady_clock::now();
    commit(kBacklog + 1, kBacklog + kLive, 20);  // as the laboratory goes on sending
    while (outbox.waiting("study") > 0) {
        worker.wake();
        std::this_thread::yield();
    }
    const auto took = std::chrono::duration<double>(steady_clock::now() - began).count();
    thread.request_stop();
    worker.wake();
    thread.join();

    const auto rows = StudyReader::open(settings.place.path).value().results();
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), static_cast<std::size_t>(kBacklog + kLive));
    EXPECT_EQ(StudyReader::open(settings.place.path).value().versions()->size(), rows->size())
        << "no version twice";
    ASSERT_EQ(troubles.size(), 2U) << "one incident";
    EXPECT_EQ(troubles[0].kind, delivery::WorkerTrouble::Kind::away);
    EXPECT_EQ(troubles[1].kind, delivery::WorkerTrouble::Kind::recovered);
    std::cout << "drained at " << static_cast<int>(static_cast<double>(kBacklog + kLive) / took)
              << " deliveries/s beside live traffic\n";
}

}  // namespace
}  // namespace labrelay::targets
