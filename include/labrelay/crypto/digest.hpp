#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace labrelay::crypto {

/// SHA-256 of some bytes. Thread-safe.
std::array<std::uint8_t, 32> sha256(std::string_view bytes);

}  // namespace labrelay::crypto
