#pragma once

#include "connection.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::store {

/// Brings a store to the newest schema, one transaction a migration. Fails (store-newer) where it
/// was written by a newer labrelay. The scripts stand in src/store/sql/ and are compiled in.
Result<int> migrate(Connection& database, Instant now);

/// The schema that this build knows.
int newest_schema();

}  // namespace labrelay::store
