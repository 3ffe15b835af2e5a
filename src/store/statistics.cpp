#include "labrelay/store/statistics.hpp"

#include <algorithm>

#include "connection.hpp"
#include "shared_store.hpp"

namespace labrelay::store {
namespace {

/// The counts are PostgreSQL's estimates; that of the whole is from when it was looked at last.
bool due(Connection& database) {
    auto query = database.prepare(
        "SELECT (SELECT reltuples FROM pg_class WHERE oid = 'observation'::regclass)::bigint, "
        "(SELECT coalesce(sum(n_live_tup), 0) FROM pg_stat_user_tables WHERE relid IN (SELECT "
        "inhrelid FROM pg_inherits WHERE inhparent = 'observation'::regclass))::bigint");
    query.step();
    constexpr std::int64_t kSmall = 10'000;
    const std::int64_t known = std::max<std::int64_t>(query.integer(0), 0);
    const std::int64_t now = query.integer(1);
    return now > known + known / 5 + kSmall;
}

}  // namespace

bool gather_statistics(const StorePlace& place) {
    if (!place.shared()) return false;
    const std::unique_ptr<Connection> database = open_store(place, sql::Access::write);
    if (!try_session_lock(*database, "statistics") || !due(*database)) return false;
    database->execute("ANALYZE message, message_raw, observation");
    return true;
}

}  // namespace labrelay::store
