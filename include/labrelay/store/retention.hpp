#pragma once

#include <cstddef>

#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// Messages of patients who are in no trial, past their source's retention: bytes and lineage go,
/// digest and counts stay, and nothing brings them back any more. At most `limit` a transaction;
/// returns how many.
std::size_t purge_ignored(StoreWriter& writer, Instant now, std::size_t limit = 200);

}  // namespace labrelay::store
