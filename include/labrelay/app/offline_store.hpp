#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "labrelay/app/registry_import.hpp"

namespace labrelay::app {

/// The registry as a store has it, read beside a running server.
Result<study::Registry> read_registry(const std::filesystem::path& data);

/// Imports a registry file into a store that no server runs on; the next serve does the work that the new
/// facts call for. Errors: store-locked, and those of the plan.
Result<std::string> import_offline(const std::filesystem::path& data, std::string_view csv,
                                   const std::string& name,
                                   Result<PlannedImport> (*plan)(std::string_view, const std::string&,
                                                                 const study::Registry&));

}  // namespace labrelay::app
