#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/store/configuration_desk.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::app {

/// What `labrelay config activate` and `config rollback` ask for, on this host.
struct ConfigurationRequest {
    enum class Action : std::uint8_t {
        activate_files,    ///< of a directory
        activate_version,  ///< that was proposed
        rollback,          ///< to one that was in force before
    };
    Action action = Action::activate_files;
    std::vector<mapping::ConfigurationFile> files;
    std::int64_t version = 0;  ///< 0 of a rollback: the one before
    std::string by;
    std::string reason;
    bool drop_taught = false;  ///< although the files lack what was taught on the page
};
std::string to_json(const ConfigurationRequest& request);
/// Errors: usage, reason-needed.
Result<ConfigurationRequest> configuration_request_from(std::string_view json);

/// Loads; every error of the files in one. Errors: configuration-bad.
Result<std::shared_ptr<const mapping::Configuration>> loaded_or_error(
    const std::vector<mapping::ConfigurationFile>& files);

/// Does it in one transaction and says it in one line. `fits`: whether the settings of the server
/// allow the configuration. Errors: configuration-bad, config-unknown, config-lacks-taught (the
/// sentences are the detail), config-parent-old, state-change-bad, those of `fits`.
using Fits = std::function<Result<void>(const mapping::Configuration&)>;
Result<std::string> change_configuration(store::StoreWriter& writer,
                                         const ConfigurationRequest& request, const Fits& fits);

/// What a server begins with: its directory, or what was activated since.
struct TakenConfiguration {
    std::shared_ptr<const mapping::Configuration> configuration;
    std::vector<std::string> said;  ///< for the log
};
/// The first start stores and activates the directory. Later: files that were not changed since
/// they were taken leave in force what is; changed ones are activated, unless they lack what was
/// taught since and `drop_taught` is not said. What does not fit the settings is not activated.
/// Where another node activates one meanwhile, it begins again. Errors: configuration-bad,
/// config-lacks-taught, those of `fits`.
Result<TakenConfiguration> take_configuration(
    store::StoreWriter& writer, const std::vector<mapping::ConfigurationFile>& directory,
    bool drop_taught, const Fits& fits);

}  // namespace labrelay::app
