#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// From where a configuration came: a directory, the page's workbench, a lesson on a problem.
enum class ConfigurationOrigin : std::uint8_t { files, page, taught };
std::string_view to_string(ConfigurationOrigin origin);

enum class ConfigurationState : std::uint8_t {
    proposed,  ///< was never in force
    active,    ///< is in force
    past,      ///< was
};
std::string_view to_string(ConfigurationState state);

/// One stored configuration, without its files. Rows are added and never changed.
struct ConfigurationRow {
    std::int64_t id = 0;
    std::string hash;
    std::optional<std::int64_t> parent;
    std::string author;
    Instant at;
    std::string reason;
    ConfigurationOrigin origin = ConfigurationOrigin::files;
    ConfigurationState state = ConfigurationState::proposed;
};

/// One time that a configuration came into force.
struct ConfigurationActivation {
    std::int64_t id = 0;  ///< counts up with every activation
    std::int64_t version = 0;
    Instant at;
    std::string actor;
    std::string reason;
    std::optional<std::int64_t> signature;
};

/// Newest first, those with an id below `before`.
std::vector<ConfigurationRow> configurations(ReadSession& session,
                                             std::optional<std::int64_t> before, std::size_t limit);
std::optional<ConfigurationRow> configuration(ReadSession& session, std::int64_t id);
/// The ones whose hash begins so, newest first.
std::vector<ConfigurationRow> configurations_of_hash(ReadSession& session,
                                                     std::string_view beginning);
/// What is in force; nothing in a store that no server with a directory ran on yet.
std::optional<ConfigurationActivation> active_configuration(ReadSession& session);
/// The one that was last taken from a directory, in force or not.
std::optional<std::int64_t> configuration_last_taken(ReadSession& session);
/// As they were given, byte for byte, by name; nothing where there is no such configuration.
std::optional<std::vector<mapping::ConfigurationFile>> configuration_files(ReadSession& session,
                                                                           std::int64_t id);

}  // namespace labrelay::store
