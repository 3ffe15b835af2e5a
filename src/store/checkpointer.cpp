#include "checkpointer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/sql/sqlite_engine.hpp"

namespace labrelay::store {
namespace {

/// SQLite's files take less than 128 KiB at a time.
constexpr std::size_t kPiece = std::size_t{64} << 10U;

}  // namespace

bool checkpoint(sqlite::Database& database, Checkpoint mode) {
    const int how =
        mode == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    int pages = 0;
    const int status = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, how, &pages, nullptr);
    // Without a WAL SQLite does nothing and calls it done.
    if (status == SQLITE_OK && pages < 0)
        throw pipeline::StoreFault("the store's write-ahead log is not open", false);
    if (status == SQLITE_OK) return true;
    if ((status & 0xff) == SQLITE_BUSY) return false;
    throw pipeline::StoreFault(sqlite3_errmsg(database.handle()), false);
}

void carry_at_close(sqlite::Database& database, bool carry) {
    sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, carry ? 0 : 1, nullptr);
}

void write_log_again(sqlite::Database& database) {
    const auto must = [&](int status) {
        if (status != SQLITE_OK)
            throw pipeline::StoreFault("the store's write-ahead log cannot be written again",
                                       false);
    };
    sqlite3_file* log = nullptr;
    must(sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log));
    if (log == nullptr || log->pMethods == nullptr)
        throw pipeline::StoreFault("the store's write-ahead log is not open", false);
    sqlite3_int64 size = 0;
    must(log->pMethods->xFileSize(log, &size));
    if (size == 0) return;
    std::vector<char> piece(kPiece);
    for (sqlite3_int64 at = 0; at < size;) {
        const auto count = static_cast<int>(std::min<sqlite3_int64>(size - at, std::ssize(piece)));
        must(log->pMethods->xRead(log, piece.data(), count, at));
        must(log->pMethods->xWrite(log, piece.data(), count, at));
        at += count;
    }
    must(log->pMethods->xSync(log, SQLITE_SYNC_FULL));
}

sqlite::Database& sqlite_of(Connection& database) {
    return static_cast<sql::SqliteEngine&>(database.engine()).database();
}

void settle_log(Connection& fresh) {
    sqlite::Database& file = sqlite_of(fresh);
    carry_at_close(file, false);
    fresh.begin_write(sql::Durability::full);
    write_log_again(file);
    fresh.rollback();
    carry_at_close(file, true);
}

Checkpointer::Checkpointer(std::filesystem::path file, std::string vfs, WriterGate& gate,
                           Limits limits)
    : file_(std::move(file)),
      vfs_(std::move(vfs)),
      gate_(gate),
      limits_(limits),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Checkpointer::~Checkpointer() {
    thread_.request_stop();
    thread_.join();
}

void Checkpointer::wal_has(std::int64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        // A WAL that shrank has begun anew.
        if (bytes < done_at_) done_at_ = 0;
        if (bytes - done_at_ < limits_.passive_bytes && bytes < limits_.restart_bytes) return;
        wanted_ = bytes;
    }
    changed_.notify_one();
}

void Checkpointer::run(const std::stop_token& stop) {
    while (true) {
        std::int64_t bytes = 0;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [&] { return wanted_ > 0; });
            if (stop.stop_requested()) return;
            bytes = std::exchange(wanted_, 0);
            done_at_ = bytes;
        }
        carry(bytes);
    }
}

void Checkpointer::carry(std::int64_t wal_bytes) {
    try {
        if (!database_) {
            database_ = sqlite::Database::open(file_, sqlite::OpenMode::read_write,
                                               std::chrono::milliseconds{2000}, vfs_);
            carry_at_close(*database_, false);  // the writer's is closed after it
            // A connection learns that there is a WAL when it first reads.
            database_->execute("SELECT count(*) FROM sqlite_schema");
            if (doubtful_) {
                const InsideGate inside(gate_);
                database_->execute("BEGIN IMMEDIATE");
                write_log_again(*database_);
                database_->execute("ROLLBACK");
                doubtful_ = false;
            }
        }
        checkpoint(*database_, Checkpoint::passive);
        if (wal_bytes < limits_.restart_bytes) return;
        const InsideGate inside(gate_);
        checkpoint(*database_, Checkpoint::restart);
    } catch (const std::runtime_error&) {
        // Nothing is lost: the WAL still holds every page. A fault of the disk itself reaches the
        // writer at its next sync. The connection is not used again after it.
        database_.reset();
        doubtful_ = true;
    }
}

}  // namespace labrelay::store
