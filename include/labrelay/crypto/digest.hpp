#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace labrelay::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) of all bytes; thread-safe. A failing library is a fault and throws.
Sha256 sha256(std::string_view bytes);

/// Lower-case hexadecimal, 64 characters.
/// HMAC (RFC 2104) under a key of any length: by it a receiver knows that bytes are from here.
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
std::string to_hex(const Sha256& digest);

}  // namespace labrelay::crypto
