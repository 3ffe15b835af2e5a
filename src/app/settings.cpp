#include "labrelay/app/settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <pugixml.hpp>
#include <utility>

#include "labrelay/app/input.hpp"
#include "labrelay/sql/postgres_engine.hpp"

namespace labrelay::app {
namespace {

template <class Settings>
struct Setting {
    std::string_view name;
    std::string_view meaning;
    bool (*assign)(Settings&, std::string_view);
};

template <class Number>
bool read_number(std::string_view text, Number& number, Number least) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least) {
        return false;
    }
    number = value;
    return true;
}

bool read_seconds(std::string_view text, std::chrono::milliseconds& duration) {
    std::int64_t seconds = 0;
    if (!read_number<std::int64_t>(text, seconds, 1)) {
        return false;
    }
    duration = std::chrono::seconds(seconds);
    return true;
}

/// `each`: minutes in what the text counts.
bool read_minutes(std::string_view text, int each, std::chrono::minutes& duration) {
    constexpr std::int64_t kMost = 100'000;
    std::int64_t count = 0;
    if (!read_number<std::int64_t>(text, count, 1) || count > kMost) {
        return false;
    }
    duration = std::chrono::minutes(count * each);
    return true;
}

bool read_days(std::string_view text, std::chrono::days& duration) {
    constexpr int kMost = 3650;
    int count = 0;
    if (!read_number<int>(text, count, 0) || count > kMost) {
        return false;
    }
    duration = std::chrono::days(count);
    return true;
}

bool read_hours(std::string_view text, std::chrono::hours& duration) {
    constexpr std::int64_t kMost = 8760;
    std::int64_t count = 0;
    if (!read_number<std::int64_t>(text, count, 0) || count > kMost) {
        return false;
    }
    duration = std::chrono::hours(count);
    return true;
}

bool read_text(std::string_view text, std::string& value) {
    value = text;
    return !text.empty();
}

bool read_path(std::string_view text, std::filesystem::path& path) {
    path = text;
    return !text.empty();
}

bool read_bool(std::string_view text, bool& flag) {
    if (text != "yes" && text != "no") {
        return false;
    }
    flag = text == "yes";
    return true;
}

/// `host:port`, for the source that the setting's name ends with.
bool read_reply(std::string_view source, std::string_view text, ServerSettings& settings) {
    const std::size_t colon = text.rfind(':');
    ReplyEndpoint endpoint;
    if (source.empty() || colon == 0 || colon == std::string_view::npos ||
        !read_number<std::uint16_t>(text.substr(colon + 1), endpoint.port, 1)) {
        return false;
    }
    endpoint.host = text.substr(0, colon);
    settings.replies[std::string(source)] = std::move(endpoint);
    return true;
}

constexpr std::string_view kReply = "reply.";
constexpr std::string_view kReplyMeaning =
    "host:port of the connection for a source's application acknowledgements";

/// A port, or `off`.
template <class Settings>
bool read_port(std::string_view text, Settings& settings) {
    settings.on = text != "off";
    settings.port_given = true;
    return !settings.on || read_number<std::uint16_t>(text, settings.port, 0);
}

bool read_ranges(std::string_view text, std::vector<mapping::PeerRange>& ranges) {
    std::vector<mapping::PeerRange> read;
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        const std::string_view word = text.substr(0, blank);
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
        if (word.empty()) {
            continue;
        }
        const auto range = mapping::PeerRange::parse(word);
        if (!range) {
            return false;
        }
        read.push_back(*range);
    }
    ranges = std::move(read);
    return true;
}

bool read_framing(std::string_view text, hl7::Framing& framing) {
    if (text != "strict" && text != "flexible") {
        return false;
    }
    framing = text == "strict" ? hl7::Framing::strict : hl7::Framing::flexible;
    return true;
}

using L = ListenerSettings;
constexpr std::array kListenerSettings{
    Setting<L>{"host", "address to listen on; beyond loopback with TLS or allow_plain",
               [](L& s, std::string_view v) { return read_text(v, s.host); }},
    Setting<L>{"port", "port to listen on; 0 takes a free one, off none",
               [](L& s, std::string_view v) { return read_port(v, s); }},
    Setting<L>{"tls", "yes: TLS 1.2 or 1.3 with tls.certificate and tls.key",
               [](L& s, std::string_view v) { return read_bool(v, s.protection.tls); }},
    Setting<L>{
        "client_certificate", "yes: only peers with a certificate that tls.ca signed",
        [](L& s, std::string_view v) { return read_bool(v, s.protection.client_certificate); }},
    Setting<L>{"allow_plain",
               "\"patient data travels unencrypted on this network\": listens beyond loopback "
               "without TLS",
               [](L& s, std::string_view v) { return read_text(v, s.protection.allow_plain); }},
    Setting<L>{"framing", "strict, or flexible: also takes messages without VT",
               [](L& s, std::string_view v) { return read_framing(v, s.framing); }},
    Setting<L>{"max_connections", "connections at the same time; one more is closed and counted",
               [](L& s, std::string_view v) { return read_number(v, s.max_connections, 1); }},
    Setting<L>{
        "max_connections_per_peer", "the same for one address; 0: no limit of its own",
        [](L& s, std::string_view v) { return read_number(v, s.max_connections_per_peer, 0); }},
    Setting<L>{"one_connection", "yes: a new connection of an address ends its old one",
               [](L& s, std::string_view v) { return read_bool(v, s.one_connection); }},
    Setting<L>{
        "trusted_proxies",
        "addresses or networks, separated by blanks, of proxies whose connections begin with "
        "a PROXY header",
        [](L& s, std::string_view v) { return read_ranges(v, s.trusted_proxies); }},
    Setting<L>{"max_message_bytes", "the largest message taken",
               [](L& s, std::string_view v) {
                   return read_number<std::size_t>(v, s.max_message_bytes, 4096);
               }},
    Setting<L>{"idle_timeout", "seconds until a silent connection is closed",
               [](L& s, std::string_view v) { return read_seconds(v, s.idle_timeout); }},
    Setting<L>{"mid_frame_timeout", "seconds that a begun message may take",
               [](L& s, std::string_view v) { return read_seconds(v, s.mid_frame_timeout); }},
    Setting<L>{"write_timeout", "seconds that a peer may take to read its answer",
               [](L& s, std::string_view v) { return read_seconds(v, s.write_timeout); }},
    Setting<L>{"handshake_timeout", "seconds that a TLS handshake may take",
               [](L& s, std::string_view v) { return read_seconds(v, s.handshake_timeout); }},
};

using H = HttpIntakeSettings;
constexpr std::array kHttpIntakeSettings{
    Setting<H>{"host", "address of POST /hl7; beyond loopback with TLS or allow_plain",
               [](H& s, std::string_view v) { return read_text(v, s.host); }},
    Setting<H>{"port", "its port, default 2580 (any free one where mllp.port is 0); off: none",
               [](H& s, std::string_view v) { return read_port(v, s); }},
    Setting<H>{"tls", "as of mllp",
               [](H& s, std::string_view v) { return read_bool(v, s.protection.tls); }},
    Setting<H>{
        "client_certificate", "as of mllp",
        [](H& s, std::string_view v) { return read_bool(v, s.protection.client_certificate); }},
    Setting<H>{"allow_plain", "as of mllp",
               [](H& s, std::string_view v) { return read_text(v, s.protection.allow_plain); }},
    Setting<H>{"max_connections", "requests at the same time",
               [](H& s, std::string_view v) { return read_number(v, s.max_connections, 1); }},
    Setting<H>{"max_message_bytes", "the largest body taken",
               [](H& s, std::string_view v) {
                   return read_number<std::size_t>(v, s.max_message_bytes, 4096);
               }},
    Setting<H>{"read_timeout", "seconds that a request may take to arrive",
               [](H& s, std::string_view v) { return read_seconds(v, s.read_timeout); }},
};

using D = DialSettings;
constexpr std::array kDialSettings{
    Setting<D>{"host", "the analyzer, which is the server",
               [](D& s, std::string_view v) { return read_text(v, s.host); }},
    Setting<D>{"port", "its port",
               [](D& s, std::string_view v) { return read_number<std::uint16_t>(v, s.port, 1); }},
    Setting<D>{"tls", "yes: its certificate is verified with tls.ca; ours is tls.certificate",
               [](D& s, std::string_view v) { return read_bool(v, s.tls); }},
    Setting<D>{"framing", "as of mllp",
               [](D& s, std::string_view v) { return read_framing(v, s.conversation.framing); }},
    Setting<D>{"longest_wait", "seconds between two attempts at the most",
               [](D& s, std::string_view v) { return read_seconds(v, s.longest_wait); }},
    Setting<D>{"max_message_bytes", "the largest message taken",
               [](D& s, std::string_view v) {
                   return read_number<std::size_t>(v, s.conversation.max_message_bytes, 4096);
               }},
    Setting<D>{
        "idle_timeout", "seconds until a silent connection is closed and dialled again",
        [](D& s, std::string_view v) { return read_seconds(v, s.conversation.idle_timeout); }},
};

using F = transport::FolderSettings;
constexpr std::array kFolderSettings{
    Setting<F>{"path", "the folder; working, done and failed are made in it",
               [](F& s, std::string_view v) { return read_path(v, s.path); }},
    Setting<F>{"ready_suffix", "such as .ok: a file is taken when FILE.ok stands beside it",
               [](F& s, std::string_view v) { return read_text(v, s.ready_suffix); }},
    Setting<F>{"settle", "seconds that a file must stand unchanged before it is taken",
               [](F& s, std::string_view v) { return read_seconds(v, s.settle); }},
    Setting<F>{"max_file_bytes", "the largest file taken",
               [](F& s, std::string_view v) {
                   return read_number<std::size_t>(v, s.max_file_bytes, 4096);
               }},
};

using T = RemoteTargetSettings;
constexpr std::array kTargetSettings{
    Setting<T>{"kind", "redcap or rave",
               [](T& s, std::string_view v) {
                   s.kind = v == "rave" ? T::Kind::rave : T::Kind::redcap;
                   return v == "redcap" || v == "rave";
               }},
    Setting<T>{"url",
               "redcap: the API's final address, https, with the slash at its end; rave: "
               "https://HOST/RaveWebServices",
               [](T& s, std::string_view v) { return read_text(v, s.url); }},
    Setting<T>{"token_file", "redcap: file of mode 0600 with the token alone",
               [](T& s, std::string_view v) { return read_path(v, s.token_file); }},
    Setting<T>{"password_file", "rave: file of mode 0600 with user:password alone",
               [](T& s, std::string_view v) { return read_path(v, s.password_file); }},
    Setting<T>{"project", "rave: the project's name",
               [](T& s, std::string_view v) { return read_text(v, s.project); }},
    Setting<T>{"environment", "rave: the project's environment, such as Prod or UAT",
               [](T& s, std::string_view v) { return read_text(v, s.environment); }},
    Setting<T>{"ca", "PEM file with the CAs that may vouch for it; default the system's",
               [](T& s, std::string_view v) { return read_path(v, s.ca); }},
    Setting<T>{"study", "id of the study whose results it gets; its study.xml says where they go",
               [](T& s, std::string_view v) { return read_text(v, s.study); }},
    Setting<T>{"paused", "as of target",
               [](T& s, std::string_view v) { return read_bool(v, s.paused); }},
    Setting<T>{"requests_per_minute", "never exceeded, default 60: too many are banned",
               [](T& s, std::string_view v) {
                   return read_number<std::uint32_t>(v, s.requests_per_minute, 1) &&
                          s.requests_per_minute <= 300;
               }},
};

/// Words separated by blanks.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        if (blank != 0) {
            words.emplace_back(text.substr(0, blank));
        }
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    return words;
}

template <class Enum>
bool read_word(std::string_view text, Enum& value, std::initializer_list<Enum> known) {
    for (const Enum one : known) {
        if (alarm::to_string(one) == text) {
            value = one;
            return true;
        }
    }
    return false;
}

/// As a mail's envelope takes it: nothing that could be a second command.
bool is_mail_address(std::string_view text) {
    return text.find('@') != std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != '<' && c != '>' && c != 0x7f;
           });
}

using A = alarm::ChannelSettings;
constexpr std::array kAlarmSettings{
    Setting<A>{"kind", "mail, webhook or syslog",
               [](A& s, std::string_view v) {
                   using enum A::Kind;
                   return read_word(v, s.kind, {mail, webhook, syslog});
               }},
    Setting<A>{
        "url",
        "mail: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT; webhook: https://…; syslog: "
        "udp://HOST:PORT, tcp://HOST:PORT or unix:/dev/log",
        [](A& s, std::string_view v) { return read_text(v, s.url); }},
    Setting<A>{"ca", "PEM file with the CAs that may vouch for it; default the system's",
               [](A& s, std::string_view v) { return read_path(v, s.ca); }},
    Setting<A>{
        "from", "mail: the sender's address",
        [](A& s, std::string_view v) { return read_text(v, s.from) && is_mail_address(s.from); }},
    Setting<A>{"to", "mail: addresses separated by blanks",
               [](A& s, std::string_view v) {
                   s.to = words_of(v);
                   return !s.to.empty() && std::all_of(s.to.begin(), s.to.end(), is_mail_address);
               }},
    Setting<A>{"user", "mail: the login's name; none: no login",
               [](A& s, std::string_view v) { return read_text(v, s.user); }},
    Setting<A>{"secret_file",
               "file of mode 0600: the login's password (mail), the key of the signature (webhook)",
               [](A& s, std::string_view v) { return read_path(v, s.secret_file); }},
    Setting<A>{"about", "what it is told: all (default), critical values, or the system",
               [](A& s, std::string_view v) {
                   using enum A::About;
                   return read_word(v, s.about, {all, critical, system});
               }},
    Setting<A>{"study", "critical values of this study only",
               [](A& s, std::string_view v) { return read_text(v, s.study); }},
};

template <class Duration>
bool read_count(std::string_view text, Duration& duration) {
    std::int64_t count = 0;
    if (!read_number<std::int64_t>(text, count, 1) || count > 100'000) {
        return false;
    }
    duration = Duration(count);
    return true;
}

bool read_percent(std::string_view text, std::int64_t& percent) {
    return read_number<std::int64_t>(text, percent, 1) && percent < 100;
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
    Setting<S>{"console.idle_minutes", "a session ends when nothing was asked for so long; 30",
               [](S& s, std::string_view v) { return read_minutes(v, 1, s.console.times.idle); }},
    Setting<S>{"console.session_hours", "a session ends after so long in any case; 12",
               [](S& s, std::string_view v) { return read_minutes(v, 60, s.console.times.whole); }},
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
        [](S& s, std::string_view v) { return read_hours(v, s.audit_check); }},
    Setting<S>{"alarms.lag_minutes", "how long a delivery may wait, default 30",
               [](S& s, std::string_view v) { return read_count(v, s.alarm_limits.lag); }},
    Setting<S>{"alarms.problem_age_hours", "how long a problem may stay open, default 72",
               [](S& s, std::string_view v) { return read_count(v, s.alarm_limits.problem_age); }},
    Setting<S>{
        "alarms.critical_minutes", "how long a critical value may stay unacknowledged, default 30",
        [](S& s, std::string_view v) { return read_count(v, s.alarm_limits.acknowledgement); }},
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

template <class Settings, std::size_t size>
Result<void> assign(const std::array<Setting<Settings>, size>& known, Settings& settings,
                    std::string_view key, std::string_view whole_name, std::string_view value) {
    for (const Setting<Settings>& setting : known) {
        if (setting.name == key) {
            if (!setting.assign(settings, value)) {
                return fail(Code::setting_bad, {},
                            fmt::format("{}: {}", whole_name, setting.meaning));
            }
            return {};
        }
    }
    return fail(Code::setting_unknown, {}, std::string(whole_name));
}

template <class Settings, std::size_t size>
void describe(const std::array<Setting<Settings>, size>& known, const std::string& prefix,
              std::vector<SettingDescription>& descriptions) {
    for (const Setting<Settings>& setting : known) {
        descriptions.push_back({prefix + std::string(setting.name), std::string(setting.meaning)});
    }
}

/// `listener.east.port` in its three parts; the first two are empty where there is no such name.
struct DottedName {
    std::string_view kind;
    std::string_view name;
    std::string_view key;
};

DottedName split_name(std::string_view whole) {
    const std::size_t first = whole.find('.');
    const std::size_t last = whole.rfind('.');
    if (first == whole.npos) {
        return {{}, {}, whole};
    }
    if (first == last) {
        return {whole.substr(0, first), {}, whole.substr(first + 1)};
    }
    return {whole.substr(0, first), whole.substr(first + 1, last - first - 1),
            whole.substr(last + 1)};
}

bool is_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// What is wrong with the settings of ports as a whole.
class PortCheck {
public:
    explicit PortCheck(ServerSettings& settings) : settings_(settings) {}

    std::vector<Error> run() {
        check_listener("mllp", settings_.mllp);
        for (auto& [name, listener] : settings_.listeners) {
            const std::string whole = "listener." + name;
            if (listener.on && !listener.port_given && !listener.protection.tls) {
                add(whole + ".port: the listener needs a port (2576 is the default of TLS only)");
            } else if (!listener.port_given) {
                listener.port = kTlsPort;
            }
            check_listener(whole, listener);
        }
        check_intake();
        for (const auto& [name, dial] : settings_.dials) {
            if (dial.tls && settings_.tls.ca.empty()) {
                add(fmt::format("dial.{}.tls: needs tls.ca", name));
            }
        }
        for (const auto& [name, folder] : settings_.folders) {
            check_folder(name, folder);
        }
        for (const auto& [name, target] : settings_.remote_targets) {
            check_target(name, target);
        }
        for (const auto& [name, channel] : settings_.alarm_channels) {
            for (const std::string& wrong : alarm::check_channel(channel)) {
                add(fmt::format("alarm.{}.{}", name, wrong));
            }
        }
        check_page();
        check_oidc();
        return std::move(errors_);
    }

private:
    static constexpr std::uint16_t kTlsPort = 2576;

    void check_listener(const std::string& name, ListenerSettings& listener) {
        if (name == "mllp" && !listener.port_given && listener.protection.tls) {
            listener.port = kTlsPort;
        }
        check_protection(name, listener.on, listener.host, listener.protection);
    }

    void check_intake() {
        HttpIntakeSettings& intake = settings_.http_intake;
        if (!intake.port_given && settings_.mllp.port == 0) {
            intake.port = 0;
        }
        check_protection("http_intake", intake.on, intake.host, intake.protection);
    }

    void check_protection(const std::string& name, bool on, const std::string& host,
                          const Protection& protection) {
        check_protection(name, on, host, protection, settings_.tls);
    }

    void check_protection(const std::string& name, bool on, const std::string& host,
                          const Protection& protection, const transport::TlsFiles& files) {
        if (!on) {
            return;
        }
        if (!protection.tls && !is_loopback(host) && protection.allow_plain != kAllowPlain) {
            add(
                fmt::format("{0}.host: {1} is not loopback and the port has no TLS; set {0}.tls to "
                            "yes, or {0}.allow_plain to \"{2}\"",
                            name, host, kAllowPlain));
        }
        if (protection.tls && (files.certificate.empty() || files.key.empty())) {
            add(name + ".tls: needs tls.certificate and tls.key");
        }
        if (protection.client_certificate && !protection.tls) {
            add(name + ".client_certificate: needs tls");
        }
        if (protection.tls && protection.client_certificate && settings_.tls.ca.empty()) {
            add(name + ".client_certificate: needs tls.ca");
        }
    }

    void check_folder(const std::string& name, const transport::FolderSettings& folder) {
        if (folder.path.empty()) {
            add(fmt::format("folder.{}.path: the folder is not named", name));
        }
        for (const auto& [other, same] : settings_.folders) {
            if (other < name &&
                (same.path / "").lexically_normal() == (folder.path / "").lexically_normal()) {
                add(fmt::format("folder.{}.path: is the folder of {} already", name, other));
            }
        }
    }

    void check_target(const std::string& name, const RemoteTargetSettings& target) {
        const auto needs = [&](bool given, std::string_view key) {
            if (!given) {
                add(fmt::format("target.{}.{}: is needed", name, key));
            }
        };
        if (name == "study") {
            add("target.study: this name is the study database's; its settings are target.url and "
                "target.paused");
        }
        using Kind = RemoteTargetSettings::Kind;
        needs(target.kind != Kind::none, "kind");
        needs(!target.url.empty(), "url");
        needs(!target.study.empty(), "study");
        if (target.kind == Kind::rave) {
            needs(!target.password_file.empty(), "password_file");
            needs(!target.project.empty(), "project");
            needs(!target.environment.empty(), "environment");
            if (!target.url.empty() && !target.url.ends_with("/RaveWebServices")) {
                add(fmt::format("target.{}.url: ends with /RaveWebServices", name));
            }
        } else {
            needs(!target.token_file.empty(), "token_file");
        }
        check_foreign(name, target);
        constexpr std::string_view kPlain = "http://";
        if (target.url.starts_with(kPlain)) {
            const std::string_view rest = std::string_view(target.url).substr(kPlain.size());
            if (!is_loopback(rest.substr(0, rest.find_first_of(":/")))) {
                add(fmt::format("target.{}.url: a token never travels unencrypted; write https",
                                name));
            }
        } else if (!target.url.empty() && !target.url.starts_with("https://")) {
            add(fmt::format("target.{}.url: write https://…", name));
        }
    }

    /// A setting of the other kind is a mistake that nobody would see.
    void check_foreign(const std::string& name, const RemoteTargetSettings& target) {
        const bool rave = target.kind == RemoteTargetSettings::Kind::rave;
        const auto only = [&](bool given, std::string_view key, std::string_view kind) {
            if (given) {
                add(fmt::format("target.{}.{}: is of {} only", name, key, kind));
            }
        };
        only(rave && !target.token_file.empty(), "token_file", "redcap");
        only(!rave && !target.password_file.empty(), "password_file", "rave");
        only(!rave && !target.project.empty(), "project", "rave");
        only(!rave && !target.environment.empty(), "environment", "rave");
    }

    void check_page() {
        const transport::TlsFiles& own = settings_.http_files;
        if (own.certificate.empty() != own.key.empty()) {
            add("http.certificate and http.key belong together");
        }
        if (!own.certificate.empty() && !settings_.http_tls) {
            add("http.certificate: needs http.tls");
        }
        check_protection("http", true, settings_.http_host,
                         {settings_.http_tls, false, settings_.http_allow_plain},
                         settings_.page_files());
        if (settings_.http_tls) {
            settings_.console.secure_cookie = true;
        }
    }

    void check_oidc() {
        const OidcSettings& oidc = settings_.oidc;
        settings_.console.by_provider = oidc.on();
        if (!oidc.on()) {
            return;
        }
        if (!is_protected_url(oidc.issuer)) {
            add("oidc.issuer: write https://…");
        }
        if (oidc.client_id.empty()) {
            add("oidc.client_id: is needed");
        }
        if (!is_protected_url(oidc.page)) {
            add("console.url: the page's address with https://, for the provider's answer");
        }
    }

    void add(std::string detail) {
        errors_.push_back(Error{Code::setting_bad, {}, std::move(detail)});
    }

    ServerSettings& settings_;
    std::vector<Error> errors_;
};

std::string position(const std::string& file, const std::string& text, std::ptrdiff_t offset) {
    const auto end = text.begin() + std::clamp<std::ptrdiff_t>(
                                        offset, 0, static_cast<std::ptrdiff_t>(text.size()));
    const auto line = std::count(text.begin(), end, '\n') + 1;
    const auto line_begin = std::find(std::make_reverse_iterator(end), text.rend(), '\n').base();
    return fmt::format("{}:{}:{}", file, line, end - line_begin + 1);
}

}  // namespace

bool is_protected_url(std::string_view url) {
    constexpr std::string_view kPlain = "http://";
    if (url.starts_with(kPlain)) {
        const std::string_view rest = url.substr(kPlain.size());
        return is_loopback(rest.substr(0, rest.find_first_of(":/")));
    }
    return url.starts_with("https://");
}

std::vector<SettingDescription> setting_descriptions() {
    std::vector<SettingDescription> all;
    describe(kSettings, "", all);
    describe(kListenerSettings, "mllp.", all);
    all.push_back({"listener.NAME.KEY",
                   "another MLLP listener; KEY is any of mllp, port is "
                   "needed, with TLS it is 2576 by default"});
    describe(kHttpIntakeSettings, "http_intake.", all);
    describe(kDialSettings, "dial.NAME.", all);
    describe(kFolderSettings, "folder.NAME.", all);
    describe(kTargetSettings, "target.NAME.", all);
    describe(kAlarmSettings, "alarm.NAME.", all);
    all.push_back({"reply.SOURCE", std::string(kReplyMeaning)});
    return all;
}

namespace {

Result<void> assign_any(ServerSettings& settings, std::string_view name, std::string_view value) {
    if (name.starts_with(kReply)) {
        if (!read_reply(name.substr(kReply.size()), value, settings)) {
            return fail(Code::setting_bad, {}, fmt::format("{}: {}", name, kReplyMeaning));
        }
        return {};
    }
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '-', '_');
    const DottedName dotted = split_name(plain);
    if (dotted.name.empty()) {
        if (dotted.kind == "mllp") {
            return assign(kListenerSettings, settings.mllp, dotted.key, name, value);
        }
        if (dotted.kind == "http_intake") {
            return assign(kHttpIntakeSettings, settings.http_intake, dotted.key, name, value);
        }
        return assign(kSettings, settings, plain, name, value);
    }
    if (!is_name(dotted.name)) {
        return fail(Code::setting_unknown, {}, std::string(name));
    }
    const std::string own(dotted.name);
    if (dotted.kind == "listener") {
        ListenerSettings& listener = settings.listeners[own];
        listener.name = own;
        return assign(kListenerSettings, listener, dotted.key, name, value);
    }
    if (dotted.kind == "dial") {
        DialSettings& dial = settings.dials[own];
        dial.conversation.name = own;
        return assign(kDialSettings, dial, dotted.key, name, value);
    }
    if (dotted.kind == "folder") {
        transport::FolderSettings& folder = settings.folders[own];
        folder.name = own;
        return assign(kFolderSettings, folder, dotted.key, name, value);
    }
    if (dotted.kind == "target") {
        return assign(kTargetSettings, settings.remote_targets[own], dotted.key, name, value);
    }
    if (dotted.kind == "alarm") {
        alarm::ChannelSettings& channel = settings.alarm_channels[own];
        channel.name = own;
        return assign(kAlarmSettings, channel, dotted.key, name, value);
    }
    return fail(Code::setting_unknown, {}, std::string(name));
}

/// `listener.NAME.port` of `listener.east.port`.
std::string pattern_of(const std::string& name) {
    if (name.starts_with(kReply)) {
        return "reply.SOURCE";
    }
    const DottedName dotted = split_name(name);
    if (dotted.name.empty()) {
        return name;
    }
    return fmt::format("{}.NAME.{}", dotted.kind, dotted.kind == "listener" ? "KEY" : dotted.key);
}

/// `scheme://user:password@host` and `?password=…`, without the password.
std::string without_password(std::string value) {
    const std::size_t scheme = value.find("://");
    if (scheme == std::string::npos) {
        return value;
    }
    const std::size_t authority = scheme + 3;
    const std::size_t end = std::min(value.find('/', authority), value.size());
    const std::size_t at = value.rfind('@', end);
    const std::size_t colon = value.find(':', authority);
    if (at != std::string::npos && at > authority && colon < at) {
        value.replace(colon + 1, at - colon - 1, "…");
    }
    constexpr std::string_view kPassword = "password=";
    if (const std::size_t found = value.find(kPassword); found != std::string::npos) {
        const std::size_t begin = found + kPassword.size();
        value.replace(begin, std::min(value.find('&', begin), value.size()) - begin, "…");
    }
    return value;
}

}  // namespace

Result<void> apply_setting(ServerSettings& settings, std::string_view name,
                           std::string_view value) {
    Result<void> assigned = assign_any(settings, name, value);
    if (assigned) {
        std::string plain(name);
        if (!name.starts_with(kReply)) {
            std::replace(plain.begin(), plain.end(), '-', '_');
        }
        settings.given[plain] = value;
    }
    return assigned;
}

std::vector<SettingValue> setting_values(const ServerSettings& settings) {
    const std::vector<SettingDescription> known = setting_descriptions();
    std::map<std::string, std::string> given = settings.given;
    given["data"] = settings.data.string();
    given["mappings"] = settings.mappings.string();
    std::vector<SettingValue> values;
    for (const SettingDescription& one : known) {
        const bool is_pattern =
            one.name.find("NAME") != std::string::npos || one.name == "reply.SOURCE";
        if (!is_pattern && !given.contains(one.name)) {
            values.push_back({one.name, std::nullopt, one.meaning});
        }
        for (const auto& [name, value] : given) {
            if (pattern_of(name) == one.name) {
                values.push_back({name, without_password(value), one.meaning});
            }
        }
    }
    return values;
}

std::vector<Error> check_settings(ServerSettings& settings) {
    return PortCheck(settings).run();
}

Result<void> apply_assignment(ServerSettings& settings, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return fail(Code::setting_bad, {}, fmt::format("{}: write NAME=VALUE", assignment));
    }
    return apply_setting(settings, assignment.substr(0, equals), assignment.substr(equals + 1));
}

std::vector<Error> apply_file(ServerSettings& settings, const std::string& file) {
    const Result<std::string> text = read_input(file);
    if (!text) {
        return {text.error()};
    }
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(text->data(), text->size());
    if (!parsed) {
        return {Error{Code::xml_malformed, Place{position(file, *text, parsed.offset)},
                      parsed.description()}};
    }
    std::vector<Error> errors;
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "labrelay") {
        return {Error{Code::element_unknown, Place{position(file, *text, root.offset_debug())},
                      "the root is <labrelay>"}};
    }
    for (const pugi::xml_node node : root.children()) {
        const Place place{position(file, *text, node.offset_debug())};
        if (std::string_view(node.name()) != "set") {
            errors.push_back(Error{Code::element_unknown, place, node.name()});
            continue;
        }
        const Result<void> applied = apply_setting(settings, node.attribute("name").value(),
                                                   node.attribute("value").value());
        if (!applied) {
            errors.push_back(Error{applied.error().code, place, applied.error().detail});
        }
    }
    return errors;
}

}  // namespace labrelay::app
