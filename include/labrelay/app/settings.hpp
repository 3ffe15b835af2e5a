#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/transport/folder_pickup.hpp"
#include "labrelay/transport/http_intake.hpp"
#include "labrelay/transport/mllp_dialer.hpp"
#include "labrelay/transport/mllp_server.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::app {

/// Where the application acknowledgements of a source with `reply="apart"` go.
struct ReplyEndpoint {
    std::string host;
    std::uint16_t port = 0;
};

/// How a port is protected. What is wrong with it is found by check_settings().
struct Protection {
    bool tls = false;
    bool client_certificate = false;  ///< required
    std::string allow_plain;          ///< must be kAllowPlain to listen without TLS beyond loopback
};

/// What the configuration must say, in these words, before a port without TLS is opened to others.
inline constexpr std::string_view kAllowPlain = "patient data travels unencrypted on this network";

struct ListenerSettings : transport::MllpSettings {
    bool on = true;
    bool port_given = false;
    Protection protection;
};

struct HttpIntakeSettings : transport::HttpIntakeSettings {
    bool on = true;
    bool port_given = false;
    Protection protection;
};

struct DialSettings : transport::DialSettings {
    bool tls = false;
};

/// Settings of the server, apart from the configuration of sources and studies. From `labrelay.xml`
/// (`<labrelay><set name="mllp.port" value="2575"/></labrelay>`), then `--set name=value`.
/// docs/operating.md.
struct ServerSettings {
    std::filesystem::path data = "data";
    std::filesystem::path mappings = "mappings";
    ListenerSettings mllp;
    std::map<std::string, ListenerSettings> listeners;         ///< more of them, by name
    HttpIntakeSettings http_intake;                            ///< POST /hl7
    std::map<std::string, DialSettings> dials;                 ///< analyzers that we dial
    std::map<std::string, transport::FolderSettings> folders;  ///< watched
    transport::TlsFiles tls;                                   ///< of all TLS ports and dials
    std::string http_host = "127.0.0.1";
    std::uint16_t http_port = 8080;  ///< /healthz, /readyz, /metrics and the registry's API
    std::string http_allow_plain;
    std::filesystem::path target;  ///< the study database; empty: study.db in the data directory
    bool target_paused = false;
    std::map<std::string, ReplyEndpoint> replies;  ///< by source
    bool log_sources = true;  ///< silence, clocks and gaps; the demo's messages are years old

    std::filesystem::path target_file() const {
        return target.empty() ? data / "study.db" : target;
    }
};

/// One setting's name and what it means, for --help.
struct SettingDescription {
    std::string name;
    std::string meaning;
};
std::vector<SettingDescription> setting_descriptions();

/// Errors: setting-unknown, setting-bad. A hyphen in a name counts as an underscore.
Result<void> apply_setting(ServerSettings& settings, std::string_view name, std::string_view value);
/// `name=value`.
Result<void> apply_assignment(ServerSettings& settings, std::string_view assignment);
/// Every error of the file at once, each with file:line:column.
std::vector<Error> apply_file(ServerSettings& settings, const std::string& file);
/// What no setting alone shows: a plain port beyond loopback, TLS without files, a name without its
/// port or folder. Fills in the ports that depend on other settings.
std::vector<Error> check_settings(ServerSettings& settings);

}  // namespace labrelay::app
