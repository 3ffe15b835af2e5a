#pragma once

#include <filesystem>

#include "labrelay/core/result.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/store/store_place.hpp"

namespace labrelay::store {

/// The directory that holds an engine's store: `store.db`, `store.key`, `lock`. Directory 0700,
/// files 0600. Where the store is a PostgreSQL database, `store.url` stands in the place of
/// `store.db`: it is written when a server first runs with `store.url`, and the commands find the
/// store by it. Each node has a directory of its own, with the same key.
///
/// Opened for writing it holds a lock (flock) for as long as the value lives, so that a second
/// server or a writing command is refused; opened for reading it does not. The key file is made at
/// the first start, before the store; a store without its key is never opened.
class DataDirectory {
public:
    enum class Use : std::uint8_t { write, read };

    /// Errors: store-locked, store-key-missing, store-io; for reading, not-found where there is no
    /// store.
    static Result<DataDirectory> open(const std::filesystem::path& directory, Use use);
    /// Opened for writing: from now on the store is at `url`. Errors: store-io; setting-bad where a
    /// store.db stands here already, which `store copy` would move.
    Result<void> set_url(const std::string& url);

    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&& other) noexcept;
    DataDirectory(const DataDirectory&) = delete;
    DataDirectory& operator=(const DataDirectory&) = delete;
    ~DataDirectory();

    const std::filesystem::path& path() const { return path_; }
    /// Where the store is: the file here, or what `store.url` says.
    StorePlace place() const { return {store_file(), url_}; }
    std::filesystem::path url_file() const { return path_ / "store.url"; }
    std::filesystem::path store_file() const { return path_ / "store.db"; }
    std::filesystem::path key_file() const { return path_ / "store.key"; }
    const crypto::SecretKey& key() const { return key_; }

private:
    DataDirectory() = default;

    std::filesystem::path path_;
    std::string url_;
    crypto::SecretKey key_;
    int lock_ = -1;
};

}  // namespace labrelay::store
