#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

using testing::StoreItem;

using TurnsTest = StoreTest;

// The committer, the forwarding worker, the grouping and a reader at once, with checkpoints in
// between.
TEST_F(TurnsTest, EverybodyWhoWritesTakesTurnsAndReadersSeeWholeTransactions) {
    close();
    WriterOptions options;
    options.checkpoint_bytes = 50'000;
    options.checkpoint_restart_bytes = 200'000;
    open(options);
    store_->begin();
    (void)store_->write_registry({}, {{testing::a_subject("SCR-004", "1")}, {}, "import"});
    store_->commit();
    constexpr std::int64_t kMessages = 60;
    SqlOutbox outbox(*writer_);
    std::latch start(4);

    std::jthread committer([&] {
        start.arrive_and_wait();
        for (std::int64_t n = 1; n <= kMessages; ++n)
            commit(StoreItem(n, "A" + std::to_string(n))
                       .stored(n, SubjectId{1})
                       .held(Code::unknown_code, "NEW"));
    });
    std::jthread worker([&] {
        start.arrive_and_wait();
        for (std::size_t delivered = 0; delivered < kMessages;) {
            const auto deliveries = outbox.take("study", Instant{1}, 10);
            outbox.mark_delivered(deliveries, Instant{1});
            delivered += deliveries.size();
        }
    });
    std::jthread grouping([&] {
        start.arrive_and_wait();
        for (std::size_t grouped = 0; grouped < kMessages;) grouped += group_holds(*writer_);
    });
    start.arrive_and_wait();
    auto reading = session();
    for (std::size_t seen = 0; seen < kMessages;) {
        const auto rows = ledger(reading, {});
        if (rows.empty()) continue;
        ASSERT_TRUE(rows[0].balanced());
        seen = static_cast<std::size_t>(rows[0].messages);
    }
    committer.join();
    worker.join();
    grouping.join();
    EXPECT_EQ(outbox.waiting("study"), 0);
    EXPECT_EQ(problems(reading, {}).at(0).held, kMessages);
}

// How often the log began anew, as its header says (https://www.sqlite.org/fileformat2.html, the
// WAL).
std::uint32_t log_beginnings(const std::filesystem::path& log) {
    std::array<unsigned char, 16> header{};
    std::ifstream in(log, std::ios::binary);
    in.read(reinterpret_cast<char*>(header.data()), header.size());
    EXPECT_TRUE(in) << log;
    std::uint32_t sequence = 0;
    for (std::size_t at = 12; at < header.size(); ++at) sequence = sequence << 8U | header.at(at);
    return sequence;
}

// What is committed reaches the file while the server runs, and the WAL begins anew. How soon is up
// to the thread that carries it.
TEST_F(TurnsTest, TheLogIsCarriedIntoTheFileBesideTheWriter) {
    close();
    WriterOptions options;
    options.checkpoint_bytes = 50'000;
    options.checkpoint_restart_bytes = 200'000;
    open(options);
    if (directory_->place().shared()) GTEST_SKIP() << "PostgreSQL has its own";
    const std::filesystem::path file = directory_->store_file();
    const std::filesystem::path log = file.string() + "-wal";
    store_->begin();
    (void)store_->write_registry({}, {{testing::a_subject("SCR-004", "1")}, {}, "import"});
    store_->commit();
    const auto before = std::filesystem::file_size(file);
    const std::uint32_t begun = log_beginnings(log);
    const auto carried = [&] {
        return std::filesystem::file_size(file) >= before + 300'000 && log_beginnings(log) > begun;
    };
    constexpr std::int64_t kMost = 20'000;
    std::int64_t written = 0;
    while (!carried() && written < kMost) {
        ++written;
        commit(StoreItem(written, "A" + std::to_string(written)).stored(written, SubjectId{1}));
    }
    EXPECT_LT(written, kMost);
}

}  // namespace
}  // namespace labrelay::store
