#include "labrelay/app/settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <pugixml.hpp>
#include <utility>

#include "labrelay/app/input.hpp"

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
    Setting<S>{"http.host", "address of health checks and API; beyond loopback with allow_plain",
               [](S& s, std::string_view v) { return read_text(v, s.http_host); }},
    Setting<S>{
        "http.port", "port of health checks and API; 0 takes a free one",
        [](S& s, std::string_view v) { return read_number<std::uint16_t>(v, s.http_port, 0); }},
    Setting<S>{"http.allow_plain", "as of mllp",
               [](S& s, std::string_view v) { return read_text(v, s.http_allow_plain); }},
    Setting<S>{"target.url",
               "the study database: sqlite:///path; default study.db in the data directory",
               [](S& s, std::string_view v) {
                   constexpr std::string_view kScheme = "sqlite:///";
                   if (!v.starts_with(kScheme) || v.size() == kScheme.size()) {
                       return false;
                   }
                   s.target = v.substr(kScheme.size() - 1);
                   return true;
               }},
    Setting<S>{"target.paused", "yes: nothing is delivered until it is started with no",
               [](S& s, std::string_view v) { return read_bool(v, s.target_paused); }},
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
        check_protection("http", true, settings_.http_host,
                         {false, false, settings_.http_allow_plain});
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
        if (!on) {
            return;
        }
        if (!protection.tls && !is_loopback(host) && protection.allow_plain != kAllowPlain) {
            add(
                fmt::format("{0}.host: {1} is not loopback and the port has no TLS; set {0}.tls to "
                            "yes, or {0}.allow_plain to \"{2}\"",
                            name, host, kAllowPlain));
        }
        if (protection.tls && (settings_.tls.certificate.empty() || settings_.tls.key.empty())) {
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
    all.push_back({"reply.SOURCE", std::string(kReplyMeaning)});
    return all;
}

Result<void> apply_setting(ServerSettings& settings, std::string_view name,
                           std::string_view value) {
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
    return fail(Code::setting_unknown, {}, std::string(name));
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
