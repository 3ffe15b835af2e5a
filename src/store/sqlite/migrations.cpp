#include "migrations.hpp"

#include <fmt/format.h>

#include "migration_scripts.hpp"

namespace labrelay::store {

int newest_schema() {
    return static_cast<int>(kMigrationScripts.size());
}

Result<int> migrate(Connection& database, Instant now) {
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration("
        "version INTEGER PRIMARY KEY, applied_us INTEGER NOT NULL) STRICT");
    int version = 0;
    {
        auto query = database.prepare("SELECT coalesce(max(version), 0) FROM schema_migration");
        query.step();
        version = query.small(0);
    }
    if (version > newest_schema())
        return fail(Code::store_newer, {},
                    fmt::format("schema {}, this build knows {}", version, newest_schema()));
    for (; version < newest_schema(); ++version) {
        database.begin_write();
        database.execute(std::string(kMigrationScripts[static_cast<std::size_t>(version)]));
        database.prepare("INSERT INTO schema_migration(version, applied_us) VALUES (?, ?)")
            .bind(version + 1, now.microseconds)
            .run();
        database.commit();
    }
    return version;
}

}  // namespace labrelay::store
