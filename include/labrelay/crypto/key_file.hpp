#pragma once

#include <filesystem>

#include "labrelay/core/result.hpp"
#include "labrelay/crypto/secret_key.hpp"

namespace labrelay::crypto {

/// Makes a key file of mode 0600 with a fresh key, on stable storage when it returns. Fails
/// (store-io) where one exists already: a key is never replaced.
Result<SecretKey> create_key_file(const std::filesystem::path& path);

/// Reads a key file. Fails (store-key-missing) where it is absent, unreadable or not of a key's
/// size.
Result<SecretKey> read_key_file(const std::filesystem::path& path);

}  // namespace labrelay::crypto
