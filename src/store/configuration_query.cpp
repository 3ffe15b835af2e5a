#include "labrelay/store/configuration_query.hpp"

#include <limits>

#include "configuration_tables.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

std::vector<ConfigurationRow> rows_of(Query& query, std::int64_t active) {
    std::vector<ConfigurationRow> rows;
    while (query.step()) rows.push_back(configuration_row(query, active));
    return rows;
}

std::int64_t active_version(Connection& database) {
    const auto newest = newest_activation(database);
    return newest ? newest->version : 0;
}

}  // namespace

std::vector<ConfigurationRow> configurations(ReadSession& session,
                                             std::optional<std::int64_t> before,
                                             std::size_t limit) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    const std::int64_t active = active_version(database);
    auto query = database.prepare(
        "SELECT v.version_id, v.hash, v.parent_id, v.author, v.at_us, v.reason, v.origin, "
        "CASE WHEN EXISTS (SELECT 1 FROM configuration_activation a "
        "WHERE a.version_id = v.version_id) THEN 1 ELSE 0 END "
        "FROM configuration_version v WHERE v.version_id < ? ORDER BY v.version_id DESC LIMIT ?");
    query.bind(before.value_or(std::numeric_limits<std::int64_t>::max()),
               static_cast<std::int64_t>(limit));
    return rows_of(query, active);
}

std::optional<ConfigurationRow> configuration(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_configuration(session.core().database, id);
}

std::vector<ConfigurationRow> configurations_of_hash(ReadSession& session,
                                                     std::string_view beginning) {
    std::vector<ConfigurationRow> found;
    for (ConfigurationRow& row :
         configurations(session, std::nullopt, std::numeric_limits<std::int32_t>::max()))
        if (row.hash.starts_with(beginning)) found.push_back(std::move(row));
    return found;
}

std::optional<ConfigurationActivation> active_configuration(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    return newest_activation(session.core().database);
}

std::optional<std::int64_t> configuration_last_taken(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    const auto taken = last_taking(session.core().database);
    return taken ? std::optional(taken->version) : std::nullopt;
}

std::optional<std::vector<mapping::ConfigurationFile>> configuration_files(ReadSession& session,
                                                                           std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_configuration_files(session.core().database, id);
}

}  // namespace labrelay::store
