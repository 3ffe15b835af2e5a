#include "migrations.hpp"

#include <fmt/format.h>

#include "migration_scripts.hpp"

namespace labrelay::store {
namespace {

/// What nodes that start at the same moment wait for: the first applies, the others find it done.
constexpr std::string_view kPostgresLock = "SELECT pg_advisory_xact_lock(7165913264407201)";

constexpr std::string_view kVersionsOfSqlite =
    "CREATE TABLE IF NOT EXISTS schema_migration("
    "version INTEGER PRIMARY KEY, applied_us INTEGER NOT NULL) STRICT";
constexpr std::string_view kVersionsOfPostgres =
    "CREATE TABLE IF NOT EXISTS schema_migration("
    "version BIGINT PRIMARY KEY, applied_us BIGINT NOT NULL)";

int version_of(Connection& database) {
    auto query = database.prepare("SELECT coalesce(max(version), 0) FROM schema_migration");
    query.step();
    return query.small(0);
}

}  // namespace

int newest_schema() {
    return static_cast<int>(migration_scripts(sql::Dialect::sqlite).size());
}

Result<int> migrate(Connection& database, Instant now) {
    const sql::Dialect dialect = database.engine().dialect();
    const bool postgres = dialect == sql::Dialect::postgres;
    database.begin_write();
    if (postgres) database.execute(kPostgresLock);
    database.execute(postgres ? kVersionsOfPostgres : kVersionsOfSqlite);
    int version = version_of(database);
    if (version > newest_schema()) {
        database.rollback();
        return fail(Code::store_newer, {},
                    fmt::format("schema {}, this build knows {}", version, newest_schema()));
    }
    for (; version < newest_schema(); ++version) {
        database.execute(migration_scripts(dialect)[static_cast<std::size_t>(version)]);
        database.prepare("INSERT INTO schema_migration(version, applied_us) VALUES (?, ?)")
            .bind(version + 1, now.microseconds)
            .run();
    }
    database.commit();
    return version;
}

}  // namespace labrelay::store
