#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// A store to read, beside a running server or without one.
Result<store::ReadSession> open_for_reading(const std::filesystem::path& data);

/// The registry as a store has it.
Result<study::Registry> read_registry(const std::filesystem::path& data);

/// Imports a registry file into a store that no server runs on; the next serve does the work that
/// the new facts call for. Errors: store-locked, and those of the plan.
Result<std::string> import_offline(const std::filesystem::path& data, std::string_view csv,
                                   const std::string& name,
                                   const mapping::Configuration& configuration,
                                   const PlanImport& plan);

/// Sends a rejected delivery again with the next serve. Errors: store-locked, not-found, usage.
Result<std::string> resend_offline(const std::filesystem::path& data, std::string_view id);
/// Does `work` with the writer of a store that no server runs on, under its lock. Errors:
/// store-locked, and those of the work.
Result<std::string> write_offline(
    const std::filesystem::path& data,
    const std::function<Result<std::string>(store::StoreWriter&)>& work);

/// Posts a request to the server that runs on the store; where none runs, does `work` on the store
/// itself.
Result<std::string> write_by_server_or_offline(
    const std::filesystem::path& data, const std::string& resource, const std::string& body,
    const std::function<Result<std::string>(store::StoreWriter&)>& work);

/// Groups what was held into problems where no server does it. Nothing to do while one runs.
void group_problems_offline(const std::filesystem::path& data);

/// A dry run on what a store holds: registry and stored results. Errors go to stderr.
std::optional<DryRun> dry_run_on_store(const std::filesystem::path& data,
                                       std::shared_ptr<const mapping::Configuration> configuration);

}  // namespace labrelay::app
