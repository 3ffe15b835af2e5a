#include "awaiting_keys.hpp"

#include <cstddef>

namespace labrelay::store {

std::string pack_keys(const std::vector<std::int64_t>& keys) {
    std::string packed;
    packed.reserve(keys.size() * 8);
    for (const std::int64_t key : keys)
        for (int shift = 0; shift < 64; shift += 8)
            packed += static_cast<char>((static_cast<std::uint64_t>(key) >> shift) & 0xff);
    return packed;
}

std::vector<std::int64_t> unpack_keys(std::string_view packed) {
    std::vector<std::int64_t> keys(packed.size() / 8);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::uint64_t key = 0;
        for (std::size_t byte = 8; byte-- > 0;)
            key = (key << 8) | static_cast<unsigned char>(packed[i * 8 + byte]);
        keys[i] = static_cast<std::int64_t>(key);
    }
    return keys;
}

}  // namespace labrelay::store
