#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "labrelay/crypto/secret_key.hpp"

namespace labrelay::crypto {

/// Authenticated encryption: XChaCha20-Poly1305 (IETF), random 24-byte nonce in front of the
/// ciphertext, so that any number of texts may be sealed with one key. `associated` is not stored;
/// whoever opens must know it, which ties the text to its row. Thread-safe.
std::string seal(const SecretKey& key, std::string_view plain, std::string_view associated);

/// Nothing when the text was altered, belongs to another row or was sealed with another key.
std::optional<std::string> open_sealed(const SecretKey& key, std::string_view sealed,
                                       std::string_view associated);

}  // namespace labrelay::crypto
