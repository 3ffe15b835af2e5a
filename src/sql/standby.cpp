#include "labrelay/sql/standby.hpp"

namespace labrelay::sql {

void make_sure_of_standby(Connection& database) {
    if (database.engine().dialect() != Dialect::postgres) return;
    database.begin_write();
    {
        // In the log it is a commit like another, and it changes no row.
        auto message =
            database.prepare("SELECT pg_logical_emit_message(true, 'labrelay', '')::text");
        while (message.step()) {
        }
    }
    database.commit();
}

}  // namespace labrelay::sql
