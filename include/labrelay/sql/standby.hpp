#pragma once

#include "labrelay/sql/connection.hpp"

namespace labrelay::sql {

/// PostgreSQL may have committed on its own machine and not on the standby that its settings ask
/// for (a COMMIT that was `lost`). A commit after it waits for both: after this, what is found is
/// kept. Nothing on other databases. Fault `lost` where it is not sure either.
void make_sure_of_standby(Connection& database);

}  // namespace labrelay::sql
