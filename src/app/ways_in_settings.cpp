#include <array>
#include <utility>

#include "read_setting.hpp"
#include "setting_tables.hpp"

namespace labrelay::app {
namespace {

/// A port, or `off`.
template <class Settings>
bool read_port(std::string_view text, Settings& settings) {
    settings.on = text != "off";
    settings.port_given = true;
    return !settings.on || read_number<std::uint16_t>(text, settings.port, 0);
}

bool read_ranges(std::string_view text, std::vector<mapping::PeerRange>& ranges) {
    std::vector<mapping::PeerRange> read;
    for (const std::string_view word : words_of(text)) {
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

}  // namespace

std::span<const Setting<ListenerSettings>> listener_settings() {
    return kListenerSettings;
}

std::span<const Setting<HttpIntakeSettings>> http_intake_settings() {
    return kHttpIntakeSettings;
}

std::span<const Setting<DialSettings>> dial_settings() {
    return kDialSettings;
}

std::span<const Setting<transport::FolderSettings>> folder_settings() {
    return kFolderSettings;
}

}  // namespace labrelay::app
