#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/raw_format.hpp"

namespace labrelay::store {

struct WriterOptions {
    RawFormat raw = RawFormat::sealed;
    /// Every live result gets an outbox row for each of them. Empty: those of the server that ran
    /// last.
    std::vector<std::string> targets;
    std::uint8_t node = 0;
    std::int64_t checkpoint_bytes = 16LL << 20;          ///< from here: as much as readers allow
    std::int64_t checkpoint_restart_bytes = 64LL << 20;  ///< from here: the writer waits for it
    std::string vfs;                                     ///< fault injection; empty: SQLite's own
};

/// A writing connection to a store: on SQLite the only one at all, with its checkpoint thread; on
/// PostgreSQL one for each committer of the process. CommitStore, Outbox and the background
/// functions are made on top of it and take turns, in order of arrival; each of them opens and
/// closes its own transactions. It outlives them. Opening applies the migrations.
class StoreWriter {
public:
    /// Errors: store-newer, store-io, store-key-missing (the key is not this store's).
    static Result<std::unique_ptr<StoreWriter>> open(const DataDirectory& directory,
                                                     const Clock& clock, WriterOptions options);
    StoreWriter(const StoreWriter&) = delete;
    StoreWriter& operator=(const StoreWriter&) = delete;
    ~StoreWriter();

    /// Number of this process among those that share the store.
    std::uint8_t node() const;

    struct Core;
    Core& core() { return *core_; }

private:
    explicit StoreWriter(std::unique_ptr<Core> core);
    std::unique_ptr<Core> core_;
};

}  // namespace labrelay::store
