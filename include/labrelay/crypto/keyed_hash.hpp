#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "labrelay/crypto/secret_key.hpp"

namespace labrelay::crypto {

/// 128 bits of keyed BLAKE2b over a list of fields. The fields are length-prefixed: ("ab", "c") and
/// ("a", "bc") differ. Without the key nobody can test a guess (a patient number, say) against it.
using KeyedHash = std::array<std::uint8_t, 16>;
KeyedHash keyed_hash(const SecretKey& key, std::initializer_list<std::string_view> fields);

/// The first 63 bits of it, as a table key.
std::int64_t keyed_hash_63(const SecretKey& key, std::string_view text);

}  // namespace labrelay::crypto
