#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/transport/mllp_server.hpp"

namespace labrelay::app {

/// Where the application acknowledgements of a source with `reply="apart"` go.
struct ReplyEndpoint {
    std::string host;
    std::uint16_t port = 0;
};

/// Settings of the server, apart from the configuration of sources and studies. From `labrelay.xml`
/// (`<labrelay><set name="mllp.port" value="2575"/></labrelay>`), then `--set name=value`.
struct ServerSettings {
    std::filesystem::path data = "data";
    std::filesystem::path mappings = "mappings";
    transport::MllpSettings mllp;
    std::string http_host = "127.0.0.1";
    std::uint16_t http_port = 8080;  ///< /healthz, /readyz, /metrics and the registry's API
    std::filesystem::path target;    ///< the study database; empty: study.db in the data directory
    bool target_paused = false;
    std::map<std::string, ReplyEndpoint> replies;  ///< by source

    std::filesystem::path target_file() const {
        return target.empty() ? data / "study.db" : target;
    }
};

/// One setting's name and what it means, for --help and docs/settings.md.
struct SettingDescription {
    std::string_view name;
    std::string_view meaning;
};
std::span<const SettingDescription> setting_descriptions();

/// Errors: setting-unknown, setting-bad.
Result<void> apply_setting(ServerSettings& settings, std::string_view name, std::string_view value);
/// `name=value`.
Result<void> apply_assignment(ServerSettings& settings, std::string_view assignment);
/// Every error of the file at once, each with file:line:column.
std::vector<Error> apply_file(ServerSettings& settings, const std::string& file);

}  // namespace labrelay::app
