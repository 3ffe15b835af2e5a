#include "labrelay/alarm/channel.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "channels.hpp"
#include "labrelay/core/loopback.hpp"
#include "labrelay/crypto/digest.hpp"

namespace labrelay::alarm {
namespace {

using Kind = ChannelSettings::Kind;
using About = ChannelSettings::About;

/// Facility daemon; severities of RFC 5424.
constexpr int kDaemon = 3 * 8;
constexpr int kAlert = 1;
constexpr int kError = 3;
constexpr int kNotice = 5;

bool one_of(std::string_view scheme, std::initializer_list<std::string_view> allowed) {
    return std::ranges::find(allowed, scheme) != allowed.end();
}

class ChannelCheck {
public:
    explicit ChannelCheck(const ChannelSettings& settings) : settings_(settings) {}

    std::vector<std::string> run() {
        switch (settings_.kind) {
            case Kind::none:
                errors_.emplace_back("kind: is needed");
                return std::move(errors_);
            case Kind::mail:
                url({"smtp", "smtps"}, "smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT");
                needs(!settings_.from.empty(), "from");
                needs(!settings_.to.empty(), "to");
                if (settings_.user.empty() != settings_.secret_file.empty()) {
                    errors_.emplace_back("secret_file: a login needs user and secret_file");
                }
                break;
            case Kind::webhook:
                url({"https", "http"}, "https://…");
                if (settings_.url.starts_with("http://") && !is_loopback(host_)) {
                    errors_.emplace_back("url: write https; http is for this host only");
                }
                needs(!settings_.secret_file.empty(), "secret_file");
                mail_only();
                break;
            case Kind::syslog:
                if (!settings_.url.starts_with("unix:")) {
                    url({"udp", "tcp"}, "udp://HOST:PORT, tcp://HOST:PORT or unix:/dev/log");
                }
                if (!settings_.secret_file.empty()) {
                    errors_.emplace_back("secret_file: syslog has none");
                }
                mail_only();
                break;
        }
        if (!settings_.study.empty() && settings_.about == About::system) {
            errors_.emplace_back("study: is of critical values only");
        }
        return std::move(errors_);
    }

private:
    void needs(bool given, std::string_view key) {
        if (!given) {
            errors_.push_back(fmt::format("{}: is needed", key));
        }
    }

    void mail_only() {
        if (!settings_.from.empty() || !settings_.to.empty() || !settings_.user.empty()) {
            errors_.emplace_back("from, to, user: are of mail only");
        }
    }

    void url(std::initializer_list<std::string_view> schemes, std::string_view write) {
        try {
            const Poco::URI parsed(settings_.url);
            host_ = parsed.getHost();
            const bool web = settings_.kind == Kind::webhook;
            if (one_of(parsed.getScheme(), schemes) && !host_.empty() &&
                (web || parsed.getPort() != 0 || settings_.kind == Kind::mail)) {
                return;
            }
        } catch (const Poco::Exception&) {
            host_.clear();
        }
        errors_.push_back(fmt::format("url: write {}", write));
    }

    const ChannelSettings& settings_;
    std::string host_;
    std::vector<std::string> errors_;
};

}  // namespace

tl::unexpected<Error> not_sent(std::string why) {
    return fail(Code::alarm_not_sent, {}, std::move(why));
}

std::string_view to_string(Kind kind) {
    switch (kind) {
        case Kind::none:
            return "none";
        case Kind::mail:
            return "mail";
        case Kind::webhook:
            return "webhook";
        case Kind::syslog:
            return "syslog";
    }
    return {};
}

std::string_view to_string(About about) {
    switch (about) {
        case About::all:
            return "all";
        case About::critical:
            return "critical";
        case About::system:
            return "system";
    }
    return {};
}

bool wants(const ChannelSettings& channel, IncidentKind kind, std::string_view study) {
    if (is_critical(kind)) {
        return channel.about != About::system &&
               (channel.study.empty() || study.empty() || channel.study == study);
    }
    return channel.about != About::critical;
}

std::vector<std::string> check_channel(const ChannelSettings& settings) {
    return ChannelCheck(settings).run();
}

std::string headline(const Notice& notice) {
    return fmt::format("[labrelay] {}{}", notice.over ? "Over: " : "", notice.text);
}

std::string body(const Notice& notice) {
    std::string text =
        notice.over ? std::string("Nothing to do: this is over.\n") : notice.advice + "\n";
    text += notice.text + "\n\n";
    text += fmt::format("Since {}{}.\n", to_iso(notice.opened),
                        notice.over ? ", over at " + to_iso(notice.at) : std::string());
    if (!notice.url.empty()) {
        text += notice.url + "\n";
    }
    return text;
}

std::chrono::seconds retry_after(std::int64_t attempts) {
    constexpr std::chrono::seconds kFirst{15};
    constexpr std::chrono::seconds kLongest{3600};
    const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 8);
    return std::min(kFirst * (std::int64_t{1} << doublings), kLongest);
}

std::string webhook_body(const Notice& notice) {
    const nlohmann::ordered_json json = {
        {"incident", notice.incident}, {"kind", notice.kind},
        {"object", notice.object},     {"state", notice.over ? "over" : "open"},
        {"urgent", notice.urgent},     {"advice", notice.advice},
        {"text", notice.text},         {"opened", to_iso(notice.opened)},
        {"sent", to_iso(notice.at)},   {"url", notice.url}};
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string webhook_signature(std::string_view secret, std::string_view body) {
    return "sha256=" + crypto::to_hex(crypto::hmac_sha256(secret, body));
}

std::string syslog_message(const Notice& notice, std::string_view host) {
    const int severity = notice.over ? kNotice : notice.urgent ? kAlert : kError;
    std::string text = fmt::format("{} {}{}", notice.over ? "Over:" : notice.advice, notice.text,
                                   notice.url.empty() ? "" : " " + notice.url);
    std::ranges::replace(text, '\n', ' ');
    return fmt::format("<{}>1 {} {} labrelay - {} - {}", kDaemon + severity, to_iso(notice.at),
                       host.empty() ? "-" : host, notice.kind, text);
}

std::unique_ptr<Channel> make_channel(const ChannelSettings& settings) {
    switch (settings.kind) {
        case Kind::mail:
            return mail_channel(settings);
        case Kind::webhook:
            return webhook_channel(settings);
        case Kind::syslog:
        case Kind::none:
            break;
    }
    return syslog_channel(settings);
}

}  // namespace labrelay::alarm
