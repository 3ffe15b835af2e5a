#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "connection.hpp"
#include "labrelay/sqlite/database.hpp"
#include "writer_gate.hpp"

namespace labrelay::store {

enum class Checkpoint : std::uint8_t { passive, restart };

/// Carries the WAL into the database file. False where readers or a writer kept it from finishing.
/// Throws pipeline::StoreFault.
bool checkpoint(sqlite::Database& database, Checkpoint mode);

/// Whether the connection carries the WAL where it is the last to close, and takes it away. Not one
/// that has not been sure of the log yet, or is no more.
void carry_at_close(sqlite::Database& database, bool carry);
/// What a connection to an SQLite file is made on.
sqlite::Database& sqlite_of(Connection& database);

/// Writes the WAL's bytes once more and syncs them. After a failed sync the kernel holds for clean
/// what it never wrote: read, it is there, and after a power failure it is not, so that a log with
/// a hole would stand beside a database that was carried beyond it. To be called in a transaction
/// that keeps other writers out. Throws pipeline::StoreFault.
void write_log_again(sqlite::Database& database);

/// write_log_again() for a connection that was just opened, in a transaction of its own. Where it
/// fails the connection carries nothing as it closes.
void settle_log(Connection& fresh);

/// Carries the WAL into the database file on its own thread and connection, so that no commit pays
/// for it. From `passive_bytes` as far as readers allow, beside the writer; from `restart_bytes`
/// with the writer's gate held, so that the WAL begins anew.
class Checkpointer {
public:
    struct Limits {
        std::int64_t passive_bytes;
        std::int64_t restart_bytes;
    };
    Checkpointer(std::filesystem::path file, std::string vfs, WriterGate& gate, Limits limits);
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;
    ~Checkpointer();

    /// From the writer's thread, after each commit.
    void wal_has(std::int64_t bytes);

private:
    void run(const std::stop_token& stop);
    void carry(std::int64_t wal_bytes);

    std::filesystem::path file_;
    std::string vfs_;
    WriterGate& gate_;
    Limits limits_;
    std::optional<sqlite::Database> database_;
    bool doubtful_ = true;  // the log may have a hole that only a failed sync of others' knows
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::int64_t wanted_ = 0;
    std::int64_t done_at_ = 0;  // WAL size at the last passive checkpoint
    std::jthread thread_;
};

}  // namespace labrelay::store
