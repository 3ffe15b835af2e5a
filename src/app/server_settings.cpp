#include <array>
#include <chrono>

#include "labrelay/sql/postgres_engine.hpp"
#include "read_setting.hpp"
#include "setting_tables.hpp"

namespace labrelay::app {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

bool read_percent(std::string_view text, std::int64_t& percent) {
    return read_number<std::int64_t>(text, percent, 1, 99);
}

using S = ServerSettings;
constexpr std::array kSettings{
    Setting<S>{"data", "the data directory",
               [](S& s, std::string_view v) { return read_path(v, s.data); }},
    Setting<S>{"mappings", "the configuration directory",
               [](S& s, std::string_view v) { return read_path(v, s.mappings); }},
    Setting<S>{"tls.certificate", "PEM file with the certificate of this server",
               [](S& s, std::string_view v) { return read_path(v, s.tls.certificate); }},
    Setting<S>{"tls.key", "PEM file with its key",
               [](S& s, std::string_view v) { return read_path(v, s.tls.key); }},
    Setting<S>{"tls.ca", "PEM file with the CAs whose certificates are believed",
               [](S& s, std::string_view v) { return read_path(v, s.tls.ca); }},
    Setting<S>{
        "http.host",
        "address of the page, API and health checks; beyond loopback with http.tls or allow_plain",
        [](S& s, std::string_view v) { return read_text(v, s.http_host); }},
    Setting<S>{
        "http.port", "port of health checks and API; 0 takes a free one",
        [](S& s, std::string_view v) { return read_number<std::uint16_t>(v, s.http_port, 0); }},
    Setting<S>{"http.tls", "yes: the page, API and health checks speak TLS 1.2 or 1.3 only",
               [](S& s, std::string_view v) { return read_bool(v, s.http_tls); }},
    Setting<S>{"http.certificate", "their certificate, PEM file; default tls.certificate",
               [](S& s, std::string_view v) { return read_path(v, s.http_files.certificate); }},
    Setting<S>{"http.key", "its key, PEM file; default tls.key",
               [](S& s, std::string_view v) { return read_path(v, s.http_files.key); }},
    Setting<S>{"http.allow_plain", "as of mllp",
               [](S& s, std::string_view v) { return read_text(v, s.http_allow_plain); }},
    Setting<S>{
        "console.idle_minutes", "a session ends when nothing was asked for so long; 30",
        [](S& s, std::string_view v) { return read_count<minutes>(v, s.console.times.idle); }},
    Setting<S>{
        "console.session_hours", "a session ends after so long in any case; 12",
        [](S& s, std::string_view v) { return read_count<hours>(v, s.console.times.whole); }},
    Setting<S>{"console.password_days",
               "a password must be changed after so many days; 0, the default: never",
               [](S& s, std::string_view v) { return read_days(v, s.console.password_age); }},
    Setting<S>{"console.secure_cookie",
               "yes: the session's cookie travels over TLS only, which a proxy before this server "
               "ends; default no",
               [](S& s, std::string_view v) { return read_bool(v, s.console.secure_cookie); }},
    Setting<S>{"console.second_factor",
               "required: whoever has no second factor must enrol one first; default optional",
               [](S& s, std::string_view v) {
                   s.console.second_factor_required = v == "required";
                   return v == "required" || v == "optional";
               }},
    Setting<S>{"oidc.issuer", "the organisation's OpenID Connect provider: https://…",
               [](S& s, std::string_view v) { return read_text(v, s.oidc.issuer); }},
    Setting<S>{"oidc.client_id", "labrelay's name there",
               [](S& s, std::string_view v) { return read_text(v, s.oidc.client_id); }},
    Setting<S>{"oidc.client_secret_file", "file with its secret, mode 0600; none: a public client",
               [](S& s, std::string_view v) { return read_path(v, s.oidc.client_secret_file); }},
    Setting<S>{"oidc.ca", "PEM file with the provider's CA; default the system's",
               [](S& s, std::string_view v) { return read_path(v, s.oidc.ca); }},
    Setting<S>{"oidc.claim", "the claim that names the account; default preferred_username",
               [](S& s, std::string_view v) { return read_text(v, s.oidc.claim); }},
    Setting<S>{"store.url",
               "postgresql://…: the engine's store, shared by several nodes; kept in the data "
               "directory from then on. Default: store.db there",
               [](S& s, std::string_view v) {
                   s.store_url = v;
                   return sql::is_postgres_url(v);
               }},
    Setting<S>{
        "store.lanes",
        "how many of this node's connections commit messages to PostgreSQL, 1 to 8; default "
        "2",
        [](S& s, std::string_view v) { return read_number<std::uint8_t>(v, s.store_lanes, 1, 8); }},
    Setting<S>{"target.url",
               "the study database: sqlite:///path or postgresql://…; default study.db in the data "
               "directory",
               [](S& s, std::string_view v) {
                   s.target = targets::study_place(v);
                   return s.target.has_value();
               }},
    Setting<S>{"target.paused", "yes: nothing is delivered until it is started with no",
               [](S& s, std::string_view v) { return read_bool(v, s.target_paused); }},
    Setting<S>{
        "console.url",
        "address of the page as people reach it, for links in notices; needed with oidc.issuer",
        [](S& s, std::string_view v) {
            s.console_url = v;
            while (s.console_url.ends_with('/')) {
                s.console_url.pop_back();
            }
            s.oidc.page = s.console_url;
            return v.starts_with("https://") || v.starts_with("http://");
        }},
    Setting<S>{
        "audit.check_hours",
        "hours between two checks of the whole audit trail, default 24; 0: it is not checked "
        "by itself",
        [](S& s, std::string_view v) { return read_count<hours>(v, s.audit_check, 0, 8760); }},
    Setting<S>{"alarms.lag_minutes", "how long a delivery may wait, default 30",
               [](S& s, std::string_view v) { return read_count<minutes>(v, s.alarm_limits.lag); }},
    Setting<S>{
        "alarms.problem_age_hours", "how long a problem may stay open, default 72",
        [](S& s, std::string_view v) { return read_count<hours>(v, s.alarm_limits.problem_age); }},
    Setting<S>{"alarms.critical_minutes",
               "how long a critical value may stay unacknowledged, default 30",
               [](S& s, std::string_view v) {
                   return read_count<minutes>(v, s.alarm_limits.acknowledgement);
               }},
    Setting<S>{"alarms.access_review_days",
               "how long accounts and roles may go without a review, 0: for ever, default 180",
               [](S& s, std::string_view v) { return read_days(v, s.alarm_limits.access_review); }},
    Setting<S>{
        "alarms.disk_free_percent", "what must be free of the data's disk, default 5",
        [](S& s, std::string_view v) { return read_percent(v, s.alarm_limits.disk_free_percent); }},
    Setting<S>{
        "alarms.held_share_points",
        "how many points of a hundred a source's held share may rise in an hour, default 20",
        [](S& s, std::string_view v) { return read_percent(v, s.alarm_limits.held_share_points); }},
    Setting<S>{"alarms.interval", "seconds between two looks at everything, default 30",
               [](S& s, std::string_view v) { return read_seconds(v, s.alarm_interval); }},
};

}  // namespace

std::span<const Setting<ServerSettings>> server_settings() {
    return kSettings;
}

}  // namespace labrelay::app
