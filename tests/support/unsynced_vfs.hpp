#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace labrelay::testing {

/// An SQLite VFS whose files forget what was not synced: the power failure that a test can cause,
/// and the disk that fails at a chosen moment.
///
/// Writes and truncations stay in memory until xSync carries them to the real file, so that reading
/// through this VFS sees them and reading the real file after crash() does not. Locks and the WAL's
/// shared memory are the real ones. A failed sync loses what it was to carry, as Linux does:
/// whoever else has the file open hears of it at the next sync of theirs, and later ones succeed
/// without it. Thread-safe; outlives every connection that uses it.
class UnsyncedVfs {
public:
    /// as_default: also for connections that name no VFS, until this object goes.
    enum class Register : std::uint8_t { by_name, as_default };
    explicit UnsyncedVfs(Register how = Register::by_name);
    UnsyncedVfs(const UnsyncedVfs&) = delete;
    UnsyncedVfs& operator=(const UnsyncedVfs&) = delete;
    ~UnsyncedVfs();

    const std::string& name() const;

    /// Writes, truncations and syncs so far.
    std::int64_t operations() const;
    /// The power fails at this operation, counted from the start: it and everything after it fails.
    void crash_at(std::int64_t operation);
    /// At the crash each unsynced write reaches the disk with this probability (0: none does), in
    /// part or whole, in any order: what disks do.
    void let_survive(double probability, std::uint32_t seed);
    void crash();
    bool crashed() const;

    enum class Failure : std::uint8_t { write_error, disk_full };
    /// This operation fails, counted from the start; what comes after it works again. A sync fails
    /// as a sync, whatever the failure.
    void fail_at(std::int64_t operation, Failure failure);

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace labrelay::testing
