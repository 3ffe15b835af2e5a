#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::bench {

struct BareStoreRun {
    std::size_t messages = 0;
    std::size_t batches = 0;
    double seconds = 0;
    std::int64_t store_bytes = 0;  ///< the database file afterwards

    double messages_per_second() const {
        return seconds > 0 ? static_cast<double>(messages) / seconds : 0;
    }
};

/// What the engine is measured against: one thread that writes messages which are already decided,
/// into the real schema with its indexes and lookups, with one sync a batch. `batch_sizes` are
/// those seen in the engine's run; they are used in turn until the items are through. `directory`
/// is made anew; with `url` the store is on PostgreSQL there.
BareStoreRun run_bare_store(const std::filesystem::path& directory,
                            std::span<const pipeline::CommitItem> items,
                            std::span<const std::size_t> batch_sizes,
                            store::WriterOptions options = {}, const std::string& url = {});

}  // namespace labrelay::bench
