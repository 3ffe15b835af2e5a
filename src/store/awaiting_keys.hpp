#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::store {

/// The keys under which a message stands in table awaiting, as its own row keeps them: 8 bytes
/// each, least significant first.
std::string pack_keys(const std::vector<std::int64_t>& keys);
std::vector<std::int64_t> unpack_keys(std::string_view packed);

}  // namespace labrelay::store
