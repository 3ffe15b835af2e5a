#pragma once

#include <cstdint>

namespace labrelay::store {

/// How a message's bytes stand in the store.
enum class RawFormat : std::int8_t {
    purged = -1,  ///< gone by the source's retention; digest and counts stay
    plain = 0,
    zstd = 1,
    sealed = 2,  ///< zstd, then AEAD
};

}  // namespace labrelay::store
