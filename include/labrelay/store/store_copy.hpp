#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/data_directory.hpp"

namespace labrelay::store {

struct CopiedTable {
    std::string table;
    std::int64_t rows = 0;
};

/// Told after each table and now and then within a large one.
using CopyProgress = std::function<void(const CopiedTable&)>;

/// Moves the store of a data directory, opened for writing, from its SQLite file into an empty
/// PostgreSQL database: every row, with its ids, in one transaction; then each table is counted on
/// both sides, the file is put aside as `store.db.copied`, and the directory names the database
/// from then on. Before that moment nothing has changed here.
///
/// Errors: setting-bad where the URL is none, the store is on PostgreSQL already or the database
/// has messages; store-io for everything that either database says.
Result<std::vector<CopiedTable>> copy_store(DataDirectory& directory, const std::string& url,
                                            Instant now, const CopyProgress& progress = {});

}  // namespace labrelay::store
