#include <fmt/format.h>

#include <chrono>
#include <random>
#include <set>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/ledger_query.hpp"
#include "labrelay/store/message_query.hpp"
#include "labrelay/store/problem_grouping.hpp"
#include "store_fixture.hpp"
#include "unsynced_vfs.hpp"

namespace labrelay::store {
namespace {

using test::TemporaryDirectory;
using testing::StoreItem;
using testing::UnsyncedVfs;

/// The n-th message of a run: three results of one of four subjects, and one that is held.
StoreItem nth_message(std::int64_t n) {
    StoreItem item(n, fmt::format("A{}", n));
    const SubjectId subject{1 + n % 4};
    const std::int64_t first = (n / 4) * 3 + 1;
    item.stored(first, subject).stored(first + 1, subject).stored(first + 2, subject);
    item.held(Code::unknown_code);
    item.awaiting(fmt::format("specimen:QILU-ACC:{}", n));
    return item;
}

/// A run of the store on a disk that may fail: what was acknowledged, and what was tried.
struct DiskRun {
    std::set<std::int64_t> acknowledged;
    std::int64_t tried = 0;
    bool finished = false;
};

WriterOptions on(const UnsyncedVfs& vfs) {
    WriterOptions options;
    options.targets = {"study"};
    options.vfs = vfs.name();
    options.checkpoint_bytes = 100'000;
    options.checkpoint_restart_bytes = 250'000;
    return options;
}

/// Commits batches until all are in or the disk is gone for good. After a fault it does what the
/// committer does: reopen, look the ids up, send again what is not there. As long as the thread
/// that carries the log is at it the store cannot be opened again, however long that thread has to
/// wait.
DiskRun run_batches(const DataDirectory& directory, const UnsyncedVfs& vfs, const Clock& clock,
                    std::int64_t messages, std::size_t batch) {
    DiskRun run;
    auto writer = StoreWriter::open(directory, clock, on(vfs));
    if (!writer) writer = StoreWriter::open(directory, clock, on(vfs));  // a passing failure
    if (!writer) return run;
    SqlCommitStore store(**writer);
    std::int64_t next = 1;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (next <= messages) {
        const std::int64_t end = std::min(messages, next + static_cast<std::int64_t>(batch) - 1);
        try {
            store.begin();
            for (std::int64_t n = next; n <= end; ++n) {
                run.tried = std::max(run.tried, n);
                store.write(nth_message(n).item());
            }
            store.commit();
            for (std::int64_t n = next; n <= end; ++n) run.acknowledged.insert(n);
            next = end + 1;
        } catch (const pipeline::StoreFault&) {
            if (vfs.crashed() || std::chrono::steady_clock::now() > limit) return run;
            try {
                store.reopen();
                while (next <= end && store.find(MessageId{next}, nth_message(next).bytes))
                    run.acknowledged.insert(next++);
            } catch (const pipeline::StoreFault&) {
                // tried again with the next batch
            }
        }
    }
    run.finished = true;
    return run;
}

void expect_whole(ReadSession& reading, std::int64_t n) {
    const auto found = message(reading, MessageId{n});
    ASSERT_TRUE(found) << n;
    const StoreItem sent = nth_message(n);
    EXPECT_EQ(found->bytes, sent.bytes) << n;
    EXPECT_EQ(found->answer.bytes, sent.answer.bytes) << n;
    EXPECT_EQ(found->observations.size(), 4U) << n;
    EXPECT_TRUE(found->counts.balanced()) << n;
}

/// What must be true of a store after whatever happened to it.
void expect_sound(const std::filesystem::path& path, const DiskRun& run, const Clock& clock) {
    auto directory = DataDirectory::open(path, DataDirectory::Use::write);
    ASSERT_TRUE(directory);
    WriterOptions options;
    options.targets = {"study"};
    auto writer = StoreWriter::open(*directory, clock, options);
    ASSERT_TRUE(writer) << describe(writer.error());
    auto database = sqlite::Database::open(directory->store_file(), sqlite::OpenMode::read_only);
    auto check = database.prepare("PRAGMA integrity_check");
    ASSERT_TRUE(check.step());
    ASSERT_EQ(check.text(0), "ok");

    auto reading = ReadSession::open(*directory).value();
    std::set<std::int64_t> there;
    for (const LedgerMessage& row : ledger_messages(reading, {}, {}, 100'000)) {
        EXPECT_TRUE(there.insert(row.id.value).second);
        EXPECT_LE(row.id.value, run.tried) << "nothing that was not sent";
        expect_whole(reading, row.id.value);
    }
    for (const std::int64_t n : run.acknowledged) EXPECT_TRUE(there.contains(n)) << n;

    const auto count = [&](std::string_view sql) {
        auto query = database.prepare(sql);
        query.step();
        return query.integer(0);
    };
    const auto messages = static_cast<std::int64_t>(there.size());
    EXPECT_EQ(count("SELECT count(*) FROM result"), messages * 3);
    EXPECT_EQ(count("SELECT count(*) FROM outbox"), messages);
    EXPECT_EQ(count("SELECT count(*) FROM hold"), messages);
    EXPECT_EQ(count("SELECT count(*) FROM awaiting"), messages);
    EXPECT_EQ(count("SELECT count(*) FROM message_key"), messages);
}

void group_all_holds(StoreWriter& writer) {
    while (group_holds(writer) > 0) {
    }
}

void expect_holds_grouped_once(const std::filesystem::path& path, const Clock& clock) {
    auto directory = DataDirectory::open(path, DataDirectory::Use::write).value();
    auto writer = StoreWriter::open(directory, clock, WriterOptions{}).value();
    group_all_holds(*writer);
    auto database = sqlite::Database::open(directory.store_file(), sqlite::OpenMode::read_only);
    auto query = database.prepare(
        "SELECT (SELECT sum(open_count) FROM problem), (SELECT count(*) FROM hold)");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.integer(0), query.integer(1));
}

class StoreCrash : public ::testing::TestWithParam<double> {};

TEST_P(StoreCrash, PowerLostAtAnyWriteLosesNothingThatWasAcknowledged) {
    const testing::FixedClock clock;
    std::mt19937 random(17);
    std::size_t acknowledged = 0;
    // How much is written between two messages is also up to the thread that carries the log.
    const auto too_few = [&] { return acknowledged <= 200U; };
    for (std::uint32_t seed = 1; seed <= 40 || (seed <= 200 && too_few()); ++seed) {
        SCOPED_TRACE(seed);
        const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
        DiskRun run;
        {
            UnsyncedVfs vfs;
            vfs.let_survive(GetParam(), seed);
            vfs.crash_at(std::uniform_int_distribution<std::int64_t>(1, 1500)(random));
            auto directory =
                DataDirectory::open(temporary.path(), DataDirectory::Use::write).value();
            run = run_batches(directory, vfs, clock, 60, 1 + seed % 5);
            vfs.crash();
        }
        acknowledged += run.acknowledged.size();
        expect_sound(temporary.path(), run, clock);
        if (HasFailure()) return;
    }
    EXPECT_FALSE(too_few()) << "the crashes came too early to show anything: " << acknowledged;
}

INSTANTIATE_TEST_SUITE_P(UnsyncedWrites, StoreCrash, ::testing::Values(0.0, 0.5, 0.95));

TEST(StoreFailure, AnyFailingWriteOrSyncLosesNothingAndTheStoreGoesOn) {
    const testing::FixedClock clock;
    constexpr std::int64_t kMessages = 8;
    std::int64_t operations = 0;
    {
        const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
        const UnsyncedVfs vfs;
        auto directory = DataDirectory::open(temporary.path(), DataDirectory::Use::write).value();
        ASSERT_TRUE(run_batches(directory, vfs, clock, kMessages, 2).finished);
        operations = vfs.operations();
    }
    ASSERT_GT(operations, 20);
    std::int64_t stopped_early = 0;
    for (const auto failure :
         {UnsyncedVfs::Failure::write_error, UnsyncedVfs::Failure::disk_full}) {
        for (std::int64_t n = 1; n <= operations; ++n) {
            SCOPED_TRACE(n);
            const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
            DiskRun run;
            {
                UnsyncedVfs vfs;
                vfs.fail_at(n, failure);
                auto directory =
                    DataDirectory::open(temporary.path(), DataDirectory::Use::write).value();
                run = run_batches(directory, vfs, clock, kMessages, 2);
                vfs.crash();
            }
            // The checkpoint thread takes its own writes, so that now and then the failure hits the
            // recovery itself and ends the run; what was acknowledged must be there all the same.
            if (!run.finished || run.acknowledged.size() != static_cast<std::size_t>(kMessages)) {
                ++stopped_early;
            }
            expect_sound(temporary.path(), run, clock);
            if (HasFailure()) return;
        }
    }
    EXPECT_LE(stopped_early, operations / 20);
}

// What other transactions left to a later sync goes with a failed one: it was written to the log,
// is read there, and is not on the disk.
TEST(StoreFailure, NoFailureLeavesALogWithAHoleBesideADatabaseThatIsBeyondIt) {
    const testing::FixedClock clock;
    bool whole = false;
    const auto on_one_thread = [](const UnsyncedVfs& vfs) {
        WriterOptions options = on(vfs);
        options.checkpoint_bytes = options.checkpoint_restart_bytes = std::int64_t{1} << 30U;
        return options;
    };
    for (std::int64_t n = 1; !whole; ++n) {
        SCOPED_TRACE(n);
        const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
        DiskRun run;
        run.tried = 2;
        {
            UnsyncedVfs vfs;
            auto directory =
                DataDirectory::open(temporary.path(), DataDirectory::Use::write).value();
            auto writer = StoreWriter::open(directory, clock, on_one_thread(vfs)).value();
            SqlCommitStore store(*writer);
            // Whoever closes the last connection takes the log away.
            auto reader =
                sqlite::Database::open(directory.store_file(), sqlite::OpenMode::read_only,
                                       std::chrono::milliseconds{10}, vfs.name());
            reader.execute("SELECT count(*) FROM sqlite_schema");
            const auto commit = [&](std::int64_t message) {
                store.begin();
                store.write(nth_message(message).item());
                store.commit();
                run.acknowledged.insert(message);
            };
            commit(1);
            group_all_holds(*writer);  // in transactions that leave their sync to a later one
            vfs.fail_at(vfs.operations() + n, UnsyncedVfs::Failure::write_error);
            try {
                commit(2);
                whole = true;
            } catch (const pipeline::StoreFault&) {
                store.reopen();
            }
            vfs.crash();
        }
        expect_sound(temporary.path(), run, clock);
        expect_holds_grouped_once(temporary.path(), clock);
        if (HasFailure()) return;
    }
}

TEST(StoreFailure, TheShimForgetsWhatWasNotSynced) {
    const TemporaryDirectory temporary(TemporaryDirectory::On::memory);
    const auto file = temporary.path() / "x.db";
    {
        UnsyncedVfs vfs;
        auto database = sqlite::Database::open(file, sqlite::OpenMode::create,
                                               std::chrono::milliseconds{10}, vfs.name());
        database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x)");
        database.execute("INSERT INTO t VALUES (1)");
        database.execute("PRAGMA synchronous=OFF");
        database.execute("INSERT INTO t VALUES (2)");
        auto both = database.prepare("SELECT count(*) FROM t");
        both.step();
        EXPECT_EQ(both.integer(0), 2);
        vfs.crash();
    }
    auto database = sqlite::Database::open(file, sqlite::OpenMode::read_write);
    auto one = database.prepare("SELECT count(*) FROM t");
    one.step();
    EXPECT_EQ(one.integer(0), 1);
}

}  // namespace
}  // namespace labrelay::store
