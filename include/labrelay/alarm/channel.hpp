#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/alarm/incident.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::alarm {

/// One way to a person. Secrets stand in files of mode 0600 that are read at each notice.
struct ChannelSettings {
    enum class Kind : std::uint8_t { none, mail, webhook, syslog };
    enum class About : std::uint8_t { all, critical, system };
    std::string name;
    Kind kind = Kind::none;
    /// mail: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT; webhook: https://…; syslog:
    /// udp://HOST:PORT, tcp://HOST:PORT or unix:/dev/log.
    std::string url;
    std::filesystem::path ca;           ///< PEM; empty: the system's
    std::string from;                   ///< mail
    std::vector<std::string> to;        ///< mail
    std::string user;                   ///< mail; empty: no login
    std::filesystem::path secret_file;  ///< mail: the password; webhook: the key of the signature
    About about = About::all;
    std::string study;  ///< critical values of this study only; empty: of all
};
std::string_view to_string(ChannelSettings::Kind kind);
std::string_view to_string(ChannelSettings::About about);

/// Whether the channel is told of it. A critical value of no known study concerns whoever takes
/// critical values.
bool wants(const ChannelSettings& channel, IncidentKind kind, std::string_view study);

/// What is wrong with a channel's settings, one sentence each; `key: what`.
std::vector<std::string> check_channel(const ChannelSettings& settings);

/// One notice: an incident began or is over, or somebody tries the channel.
struct Notice {
    std::int64_t incident = 0;  ///< 0: a trial, or one that could not be stored
    std::string kind;           ///< `source-silent`; `test`
    std::string object;
    std::string text;
    std::string advice;
    std::string url;  ///< of the page; may be empty
    Instant opened;
    Instant at;  ///< when it was made
    bool over = false;
    bool urgent = false;
};
/// The first line says what to do, the second what is, then since when and where to look.
std::string headline(const Notice& notice);
std::string body(const Notice& notice);

/// Sends notices. May take as long as its time-outs (connecting 10 s, each answer 20 s). One thread
/// at a time. Error: alarm-not-sent, with what the other side said; no secret, nothing of a
/// patient.
class Channel {
public:
    virtual ~Channel() = default;
    virtual Result<void> send(const Notice& notice) = 0;
};
/// Precondition: check_channel() finds nothing.
std::unique_ptr<Channel> make_channel(const ChannelSettings& settings);

/// How long after a failed attempt the next one is made; after the last one the notice has failed.
std::chrono::seconds retry_after(std::int64_t attempts);
inline constexpr std::int64_t kMostAttempts = 30;  ///< over more than a day

// What channels send, as bytes.
std::string webhook_body(const Notice& notice);
/// `sha256=` and the HMAC of the body in hexadecimal digits.
std::string webhook_signature(std::string_view secret, std::string_view body);
/// RFC 5424, facility daemon.
std::string syslog_message(const Notice& notice, std::string_view host);

}  // namespace labrelay::alarm
