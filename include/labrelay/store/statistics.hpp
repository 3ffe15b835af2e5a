#pragma once

#include "labrelay/store/store_place.hpp"

namespace labrelay::store {

/// On PostgreSQL, what its planner knows of the partitioned tables as wholes. Its autovacuum looks
/// after their partitions and never after them, and without it a query for one specimen reads every
/// observation. Done where none was gathered or the tables grew by a fifth since, by one node at a
/// time, over a connection of its own and beside the traffic; seconds for ten million observations.
/// True where it was done. Nothing on SQLite. Throws pipeline::StoreFault where the store is away.
bool gather_statistics(const StorePlace& place);

}  // namespace labrelay::store
