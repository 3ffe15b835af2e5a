#include "configuration_tables.hpp"

#include <zstd.h>

#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {
namespace {

using pipeline::StoreFault;

constexpr int kLevel = 9;  // written once, kept for ever
constexpr unsigned long long kLargest = 256ULL << 20;

ConfigurationOrigin origin_from(std::string_view text) {
    for (const auto origin :
         {ConfigurationOrigin::files, ConfigurationOrigin::page, ConfigurationOrigin::taught})
        if (text == to_string(origin)) return origin;
    throw StoreFault("a configuration's origin cannot be read", false);
}

}  // namespace

std::string_view to_string(ConfigurationOrigin origin) {
    switch (origin) {
        case ConfigurationOrigin::files:
            return "files";
        case ConfigurationOrigin::page:
            return "page";
        case ConfigurationOrigin::taught:
            return "taught";
    }
    return {};
}

std::string_view to_string(ConfigurationState state) {
    switch (state) {
        case ConfigurationState::proposed:
            return "proposed";
        case ConfigurationState::active:
            return "active";
        case ConfigurationState::past:
            return "past";
    }
    return {};
}

std::string pack_files(const std::vector<mapping::ConfigurationFile>& files) {
    nlohmann::json json = nlohmann::json::object();
    for (const mapping::ConfigurationFile& file : files) json[file.name] = file.bytes;
    const std::string text = json.dump();
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    const std::size_t size =
        ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kLevel);
    if (ZSTD_isError(size) != 0)
        throw StoreFault(std::string("zstd: ") + ZSTD_getErrorName(size), true);
    packed.resize(size);
    return packed;
}

std::vector<mapping::ConfigurationFile> unpack_files(std::string_view packed) {
    const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (size > kLargest) throw StoreFault("a configuration's files cannot be read", false);
    std::string text(size, '\0');
    const std::size_t got = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != size)
        throw StoreFault("a configuration's files cannot be read", false);
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) throw StoreFault("a configuration's files cannot be read", false);
    std::vector<mapping::ConfigurationFile> files;
    for (const auto& [name, bytes] : json.items())
        files.push_back({name, bytes.get<std::string>()});
    return files;
}

ConfigurationRow configuration_row(const Query& query, std::int64_t active) {
    ConfigurationRow row;
    row.id = query.integer(0);
    row.hash = query.string(1);
    row.parent = query.optional_integer(2);
    row.author = query.string(3);
    row.at = Instant{query.integer(4)};
    row.reason = query.string(5);
    row.origin = origin_from(query.text(6));
    row.state = row.id == active ? ConfigurationState::active
                : query.flag(7)  ? ConfigurationState::past
                                 : ConfigurationState::proposed;
    return row;
}

std::optional<ConfigurationRow> read_configuration(Connection& database, std::int64_t id) {
    const auto newest = newest_activation(database);
    auto query = database.prepare(
        "SELECT v.version_id, v.hash, v.parent_id, v.author, v.at_us, v.reason, v.origin, "
        "CASE WHEN EXISTS (SELECT 1 FROM configuration_activation a "
        "WHERE a.version_id = v.version_id) THEN 1 ELSE 0 END "
        "FROM configuration_version v WHERE v.version_id = ?");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return configuration_row(query, newest ? newest->version : 0);
}

namespace {

ConfigurationActivation activation_of(const Query& query) {
    return {query.integer(0), query.integer(1), Instant{query.integer(2)},
            query.string(3),  query.string(4),  query.optional_integer(5)};
}

}  // namespace

std::optional<ConfigurationActivation> newest_activation(Connection& database) {
    auto query = database.prepare(
        "SELECT activation_id, version_id, at_us, actor, reason, signature_id "
        "FROM configuration_activation ORDER BY activation_id DESC LIMIT 1");
    if (!query.step()) return std::nullopt;
    return activation_of(query);
}

std::optional<ConfigurationActivation> last_taking(Connection& database) {
    auto query = database.prepare(
        "SELECT a.activation_id, a.version_id, a.at_us, a.actor, a.reason, a.signature_id "
        "FROM configuration_activation a JOIN configuration_version v "
        "ON v.version_id = a.version_id WHERE v.origin = 'files' "
        "ORDER BY v.version_id DESC, a.activation_id LIMIT 1");
    if (!query.step()) return std::nullopt;
    return activation_of(query);
}

std::optional<std::vector<mapping::ConfigurationFile>> read_configuration_files(
    Connection& database, std::int64_t id) {
    auto query = database.prepare("SELECT files FROM configuration_version WHERE version_id = ?");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return unpack_files(query.blob(0));
}

}  // namespace labrelay::store
