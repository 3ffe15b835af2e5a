#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/alarm/channel.hpp"
#include "labrelay/alarm/judge.hpp"
#include "labrelay/api/sessions.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/targets/study_place.hpp"
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

/// A study database on another machine, `target.NAME.…`.
struct RemoteTargetSettings {
    enum class Kind : std::uint8_t { none, redcap, rave };
    Kind kind = Kind::none;
    std::string url;
    std::filesystem::path token_file;     ///< of REDCap; mode 0600
    std::filesystem::path password_file;  ///< of Rave: `user:password`, mode 0600
    std::string project;                  ///< of Rave
    std::string environment;              ///< of Rave: `Prod`, `UAT`
    std::filesystem::path ca;             ///< empty: the system's
    std::string study;
    bool paused = false;
    std::uint32_t requests_per_minute = 60;
};

/// The organisation's sign-in service.
struct OidcSettings {
    std::string issuer;  ///< empty: people sign in here
    std::string client_id;
    std::filesystem::path client_secret_file;  ///< mode 0600; empty: a public client
    std::filesystem::path ca;                  ///< empty: the system's
    std::string claim = "preferred_username";
    std::string page;  ///< the page's address as browsers have it

    bool on() const { return !issuer.empty(); }
};

/// Settings of the server, apart from the configuration of sources and studies. From `labrelay.xml`
/// (`<labrelay><set name="mllp.port" value="2575"/></labrelay>`), then `--set name=value`; each is
/// described by setting_descriptions().
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
    bool http_tls = false;
    transport::TlsFiles http_files;  ///< its own certificate and key; else those of all TLS ports
    std::string store_url;           ///< PostgreSQL; empty: what the data directory says
    std::uint8_t store_lanes = 2;    ///< committers of this node, where the store is PostgreSQL
    std::optional<targets::StudyPlace> target;  ///< the study database; else study.db in `data`
    bool target_paused = false;
    std::map<std::string, RemoteTargetSettings> remote_targets;  ///< beside it, by name
    std::map<std::string, ReplyEndpoint> replies;                ///< by source
    api::SessionSettings console;                                ///< sign-in and sessions
    OidcSettings oidc;
    std::map<std::string, alarm::ChannelSettings> alarm_channels;  ///< who is told, by name
    alarm::Limits alarm_limits;
    std::chrono::milliseconds alarm_interval{30'000};  ///< between two looks at everything
    std::chrono::hours audit_check{24};                ///< between two checks of the trail; 0: none
    std::string console_url;                           ///< of the page, for links in notices
    std::map<std::string, std::string> given;          ///< as written, by name
    bool log_sources = true;  ///< their silence and what else alarms; the demo's messages are old

    transport::TlsFiles page_files() const {
        return http_files.certificate.empty() ? tls : http_files;
    }
    targets::StudyPlace target_place() const {
        return target.value_or(targets::StudyPlace{data / "study.db"});
    }
};

/// https, or plain on this host.
bool is_protected_url(std::string_view url);

/// One setting's name and what it means, for --help.
struct SettingDescription {
    std::string name;
    std::string meaning;
};
std::vector<SettingDescription> setting_descriptions();

/// A setting as it is in force. No value: the default, which the meaning names.
struct SettingValue {
    std::string name;
    std::optional<std::string> value;  ///< URLs without their password
    std::string meaning;
};
std::vector<SettingValue> setting_values(const ServerSettings& settings);

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
