#include "study_connection.hpp"

#include <fmt/format.h>

#include "labrelay/sql/postgres_engine.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "study_schema.hpp"

namespace labrelay::targets {
namespace {

constexpr std::string_view kSqliteScheme = "sqlite:///";
/// What nodes that start at the same moment wait for.
constexpr std::string_view kSchemaLock = "SELECT pg_advisory_xact_lock(7165913264407202)";

bool is_postgres(sql::Connection& database) {
    return database.engine().dialect() == sql::Dialect::postgres;
}

std::int64_t version_of(sql::Connection& database) {
    const char* const sql = is_postgres(database)
                                ? "SELECT coalesce(max(version), 0) FROM lab_schema"
                                : "PRAGMA user_version";
    auto query = database.prepare(sql);
    query.step();
    return query.integer(0);
}

void migrate(sql::Connection& database) {
    const bool postgres = is_postgres(database);
    if (!postgres && version_of(database) == kStudySchemaVersion) {
        return;
    }
    database.begin_write();
    if (postgres) {
        database.execute(kSchemaLock);
        database.execute("CREATE TABLE IF NOT EXISTS lab_schema(version BIGINT PRIMARY KEY)");
    }
    const std::int64_t found = version_of(database);
    if (found > kStudySchemaVersion) {
        database.rollback();
        throw sql::Fault(sql::FaultKind::lost,
                         fmt::format("the study database has schema {}, this labrelay knows {}",
                                     found, kStudySchemaVersion));
    }
    if (found == 0) {
        database.execute(study_schema(database.engine().dialect()));
        database.execute(postgres ? fmt::format("INSERT INTO lab_schema(version) VALUES ({})",
                                                kStudySchemaVersion)
                                  : fmt::format("PRAGMA user_version = {}", kStudySchemaVersion));
    }
    database.commit();
}

sql::Connection connect(const StudyPlace& place, sql::Access access) {
    if (!place.url.empty()) {
        return sql::Connection(std::make_unique<sql::PostgresEngine>(place.url));
    }
    sql::SqliteOptions options;
    options.access = access;
    options.busy_timeout = place.busy_timeout;
    options.vfs = place.vfs;
    return sql::Connection(std::make_unique<sql::SqliteEngine>(place.path, options));
}

}  // namespace

sql::Connection open_study(const StudyPlace& place) {
    sql::Connection database = connect(place, sql::Access::write);
    migrate(database);
    return database;
}

sql::Connection read_study(const StudyPlace& place) {
    return connect(place, sql::Access::read);
}

std::optional<StudyPlace> study_place(std::string_view url) {
    StudyPlace place;
    if (sql::is_postgres_url(url)) {
        place.url = url;
        return place;
    }
    if (!url.starts_with(kSqliteScheme) || url.size() == kSqliteScheme.size()) {
        return std::nullopt;
    }
    place.path = url.substr(kSqliteScheme.size() - 1);
    return place;
}

}  // namespace labrelay::targets
