#include "labrelay/store/configuration_desk.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "configuration_tables.hpp"
#include "desk_open.hpp"
#include "job_queue.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "shared_store.hpp"

namespace labrelay::store {
namespace {

std::string described(std::int64_t id, std::string_view hash) {
    return nlohmann::ordered_json{{"id", id}, {"hash", hash}}.dump();
}

std::string about(Connection& database, std::optional<std::int64_t> id) {
    if (!id) return {};
    const auto row = read_configuration(database, *id);
    return row ? described(row->id, row->hash) : std::string();
}

ConfigurationInForce with_files(Connection& database, ConfigurationActivation activation) {
    ConfigurationInForce found;
    const auto row = read_configuration(database, activation.version);
    auto files = read_configuration_files(database, activation.version);
    if (!row || !files) throw pipeline::StoreFault("the active configuration is missing", false);
    found.activation = std::move(activation);
    found.hash = row->hash;
    found.files = std::move(*files);
    return found;
}

std::set<std::int64_t> held_messages(Connection& database, std::int64_t source) {
    std::set<std::int64_t> messages;
    {
        auto query = database.prepare(
            "SELECT DISTINCT h.message_id FROM problem p JOIN hold h ON h.problem_id = "
            "p.problem_id "
            "WHERE p.source_id = ? AND p.open_count > 0 AND h.released_us IS NULL");
        query.bind(source);
        while (query.step()) messages.insert(query.integer(0));
    }
    // What has not been grouped into problems yet.
    auto query = database.prepare(
        "SELECT DISTINCT message_id FROM hold WHERE pending IS NOT NULL AND source_id = ? "
        "AND released_us IS NULL");
    query.bind(source);
    while (query.step()) messages.insert(query.integer(0));
    return messages;
}

std::set<std::int64_t> sources_with_holds(Connection& database) {
    std::set<std::int64_t> sources;
    {
        auto query =
            database.prepare("SELECT DISTINCT source_id FROM problem WHERE open_count > 0");
        while (query.step()) sources.insert(query.integer(0));
    }
    auto query = database.prepare("SELECT DISTINCT source_id FROM hold WHERE pending IS NOT NULL");
    while (query.step()) sources.insert(query.integer(0));
    return sources;
}

/// Messages of which something is held now at these sources; how many.
std::int64_t process_held_again(Desk& desk, const Act& act,
                                const mapping::TouchedSources& sources) {
    Connection& database = desk.open().db();
    std::set<std::int64_t> ids;
    if (sources.all) {
        ids = sources_with_holds(database);
    } else {
        for (const std::string& source : sources.sources)
            if (const auto id = desk.open().core.terms.find(database, source)) ids.insert(*id);
    }
    std::set<std::int64_t> messages;
    for (const std::int64_t source : ids) messages.merge(held_messages(database, source));
    const auto count = static_cast<std::int64_t>(messages.size());
    queue_jobs(database, desk.now(), act.actor, {std::move(messages), {}, std::nullopt});
    return count;
}

/// What is stored stands where the windows of now put it, whenever it came.
void place_subjects_again(Desk& desk, const Act& act, const std::vector<std::string>& studies) {
    std::set<std::int64_t> subjects;
    for (const std::string& study : studies) {
        auto query = desk.open().db().prepare("SELECT subject_id FROM subject WHERE study = ?");
        query.bind(study);
        while (query.step()) subjects.insert(query.integer(0));
    }
    queue_jobs(desk.open().db(), desk.now(), act.actor, {{}, std::move(subjects), std::nullopt});
}

}  // namespace

std::optional<ConfigurationInForce> configuration_in_force(Desk& desk) {
    Connection& database = desk.open().db();
    auto newest = newest_activation(database);
    if (!newest) return std::nullopt;
    return with_files(database, std::move(*newest));
}

std::optional<ConfigurationInForce> configuration_last_taken(Desk& desk) {
    Connection& database = desk.open().db();
    auto taken = last_taking(database);
    if (!taken) return std::nullopt;
    return with_files(database, std::move(*taken));
}

std::optional<std::int64_t> configuration_before(Desk& desk) {
    const auto newest = newest_activation(desk.open().db());
    if (!newest) return std::nullopt;
    auto query = desk.open().db().prepare(
        "SELECT version_id FROM configuration_activation WHERE version_id <> ? "
        "ORDER BY activation_id DESC LIMIT 1");
    query.bind(newest->version);
    if (!query.step()) return std::nullopt;
    return query.integer(0);
}

std::optional<ConfigurationRow> configuration(Desk& desk, std::int64_t id) {
    return read_configuration(desk.open().db(), id);
}

std::vector<mapping::ConfigurationFile> configuration_files(Desk& desk, std::int64_t id) {
    auto files = read_configuration_files(desk.open().db(), id);
    return files ? std::move(*files) : std::vector<mapping::ConfigurationFile>{};
}

std::int64_t propose_configuration(Desk& desk, const Act& act, const ProposedConfiguration& what) {
    Connection& database = desk.open().db();
    {
        auto known = database.prepare(
            "SELECT v.version_id FROM configuration_version v WHERE v.hash = ? AND v.origin = ? "
            "AND coalesce(v.parent_id, 0) = ? AND NOT EXISTS (SELECT 1 FROM "
            "configuration_activation a WHERE a.version_id = v.version_id)");
        known.bind(what.hash, to_string(what.origin), what.parent.value_or(0));
        if (known.step()) return known.integer(0);
    }
    const std::string packed = pack_files(what.files);
    std::int64_t id = 0;
    {
        auto added = database.prepare(
            "INSERT INTO configuration_version(hash, parent_id, author, at_us, reason, origin, "
            "files) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING version_id");
        added.bind(what.hash, what.parent, act.actor, desk.now().microseconds, act.reason,
                   to_string(what.origin), Blob{packed});
        added.step();
        id = added.integer(0);
    }
    const std::string object = std::to_string(id);
    const std::string before = about(database, what.parent);
    const std::string after = described(id, what.hash);
    const std::string sentence = fmt::format("configuration {} ({}) was proposed, from {}", id,
                                             what.hash.substr(0, 12), to_string(what.origin));
    desk.audit(act, {"configuration", sentence, "configuration", object, before, after});
    return id;
}

Result<std::int64_t> activate_configuration(Desk& desk, const Act& act,
                                            const Activation& activation) {
    Connection& database = desk.open().db();
    // No batch of any node is under way, and none begins before this is committed.
    if (is_shared(database)) {
        database.execute("SET LOCAL lock_timeout = '90s'");
        lock_registry_alone(database);
    }
    const Place place{fmt::format("configuration:{}", activation.version)};
    const auto row = read_configuration(database, activation.version);
    if (!row) return fail(Code::config_unknown, place);
    const auto before = newest_activation(database);
    if (activation.instead_of && before && before->version != *activation.instead_of)
        return fail(Code::config_parent_old, place,
                    fmt::format("Configuration {} is active.", before->version));
    database
        .prepare(
            "INSERT INTO configuration_activation(version_id, at_us, actor, reason, signature_id) "
            "VALUES (?, ?, ?, ?, ?)")
        .bind(activation.version, desk.now().microseconds, act.actor, act.reason,
              activation.signature)
        .run();
    const std::string object = std::to_string(row->id);
    const std::string was = about(database, before ? std::optional(before->version) : std::nullopt);
    const std::string now = described(row->id, row->hash);
    const std::string sentence =
        fmt::format("configuration {} ({}) was activated", row->id, row->hash.substr(0, 12));
    desk.audit(act, {"configuration", sentence, "configuration", object, was, now});
    if (!before) return 0;
    const std::vector<mapping::ConfigurationChange> changes = mapping::difference(
        configuration_files(desk, before->version), configuration_files(desk, activation.version));
    const mapping::TouchedSources touched = mapping::touched_sources(changes);
    const std::int64_t messages = process_held_again(desk, act, touched);
    place_subjects_again(desk, act, touched.studies);
    return messages;
}

}  // namespace labrelay::store
