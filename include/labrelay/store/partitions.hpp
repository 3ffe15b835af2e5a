#pragma once

#include "labrelay/core/time.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// On PostgreSQL, the partitions of the tables that grow with every message, for the month of `now`
/// and the next; made where they are absent. Once a day is enough. Where rows of a month stand in
/// the rest already (its partition was not made in time), it stays without one: everything works,
/// and nothing is moved. Throws pipeline::StoreFault where the store is away.
void make_partitions(StoreWriter& writer, Instant now);

}  // namespace labrelay::store
