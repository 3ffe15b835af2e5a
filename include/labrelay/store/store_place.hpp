#pragma once

#include <filesystem>
#include <string>

namespace labrelay::store {

/// Where an engine's store is: a SQLite file, or a PostgreSQL URL that several nodes share.
struct StorePlace {
    std::filesystem::path file;
    std::string url;  ///< not empty: PostgreSQL, and `file` is not used

    bool shared() const { return !url.empty(); }
};

}  // namespace labrelay::store
