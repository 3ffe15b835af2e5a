#pragma once

#include <cstddef>

#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// Groups what was held or released since the last call into problems, and counts: the one place
/// that does, so that no counter is touched by a commit. A problem whose last hold was released is
/// resolved; a resolved or dismissed one that comes back is open again. Short transactions of its
/// own, at most `limit` holds each; returns how many holds and notices were grouped. Call it after
/// commits, from one thread.
std::size_t group_holds(StoreWriter& writer, std::size_t limit = 500);

}  // namespace labrelay::store
