#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/store/configuration_query.hpp"

namespace labrelay::store {

/// The files of a configuration as table configuration_version keeps them: JSON, name to text,
/// compressed.
std::string pack_files(const std::vector<mapping::ConfigurationFile>& files);
/// Throws pipeline::StoreFault where the bytes are none of ours.
std::vector<mapping::ConfigurationFile> unpack_files(std::string_view packed);

std::optional<ConfigurationRow> read_configuration(Connection& database, std::int64_t id);
std::optional<ConfigurationActivation> newest_activation(Connection& database);
std::optional<ConfigurationActivation> last_taking(Connection& database);
std::optional<std::vector<mapping::ConfigurationFile>> read_configuration_files(
    Connection& database, std::int64_t id);

/// Reads a row: id, hash, parent, author, time, reason, origin, and whether it was ever in force.
ConfigurationRow configuration_row(const Query& query, std::int64_t active);

}  // namespace labrelay::store
