#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "labrelay/api/http_server.hpp"
#include "labrelay/core/result.hpp"

namespace labrelay::app {

// How a command reaches a server that runs on the data directory: a file there, of mode 0600, from
// the server's start to its end.

using api::ServerAddress;

/// Error: store-io.
Result<void> write_server_address(const std::filesystem::path& data, const ServerAddress& address);
/// Errors: file-unreadable, also where no server runs.
Result<ServerAddress> read_server_address(const std::filesystem::path& data);
void remove_server_address(const std::filesystem::path& data);

/// Posts to the server that runs on the data directory: its line, or its error. Nothing where none
/// runs.
std::optional<Result<std::string>> ask_running_server(const std::filesystem::path& data,
                                                      const std::string& resource,
                                                      const std::string& body);

}  // namespace labrelay::app
