#include "labrelay/app/settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "read_setting.hpp"
#include "setting_tables.hpp"

namespace labrelay::app {
namespace {

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

template <class Settings>
Result<void> assign(std::span<const Setting<Settings>> table, Settings& settings,
                    std::string_view key, std::string_view whole_name, std::string_view value) {
    const auto setting = std::ranges::find(table, key, &Setting<Settings>::name);
    if (setting == table.end()) {
        return fail(Code::setting_unknown, {}, std::string(whole_name));
    }
    if (!setting->assign(settings, value)) {
        return fail(Code::setting_bad, {}, fmt::format("{}: {}", whole_name, setting->meaning));
    }
    return {};
}

template <class Settings>
void describe(std::span<const Setting<Settings>> table, const std::string& prefix,
              std::vector<SettingDescription>& descriptions) {
    for (const Setting<Settings>& setting : table) {
        descriptions.push_back({prefix + std::string(setting.name), std::string(setting.meaning)});
    }
}

/// With underscores. What follows `reply.` is a source's id, which may have hyphens.
std::string plain_name(std::string_view name) {
    std::string plain(name);
    if (!name.starts_with(kReply)) {
        std::replace(plain.begin(), plain.end(), '-', '_');
    }
    return plain;
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

Result<void> assign_any(ServerSettings& settings, std::string_view name, std::string_view value) {
    if (name.starts_with(kReply)) {
        if (!read_reply(name.substr(kReply.size()), value, settings)) {
            return fail(Code::setting_bad, {}, fmt::format("{}: {}", name, kReplyMeaning));
        }
        return {};
    }
    const std::string plain = plain_name(name);
    const DottedName dotted = split_name(plain);
    if (dotted.name.empty()) {
        if (dotted.kind == "mllp") {
            return assign(listener_settings(), settings.mllp, dotted.key, name, value);
        }
        if (dotted.kind == "http_intake") {
            return assign(http_intake_settings(), settings.http_intake, dotted.key, name, value);
        }
        return assign(server_settings(), settings, plain, name, value);
    }
    if (!is_name(dotted.name)) {
        return fail(Code::setting_unknown, {}, std::string(name));
    }
    const std::string own(dotted.name);
    if (dotted.kind == "listener") {
        ListenerSettings& listener = settings.listeners[own];
        listener.name = own;
        return assign(listener_settings(), listener, dotted.key, name, value);
    }
    if (dotted.kind == "dial") {
        DialSettings& dial = settings.dials[own];
        dial.conversation.name = own;
        return assign(dial_settings(), dial, dotted.key, name, value);
    }
    if (dotted.kind == "folder") {
        transport::FolderSettings& folder = settings.folders[own];
        folder.name = own;
        return assign(folder_settings(), folder, dotted.key, name, value);
    }
    if (dotted.kind == "target") {
        return assign(remote_target_settings(), settings.remote_targets[own], dotted.key, name,
                      value);
    }
    if (dotted.kind == "alarm") {
        alarm::ChannelSettings& channel = settings.alarm_channels[own];
        channel.name = own;
        return assign(alarm_channel_settings(), channel, dotted.key, name, value);
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

std::vector<SettingDescription> setting_descriptions() {
    std::vector<SettingDescription> all;
    describe(server_settings(), "", all);
    describe(listener_settings(), "mllp.", all);
    all.push_back({"listener.NAME.KEY",
                   "another MLLP listener; KEY is any of mllp, port is "
                   "needed, with TLS it is 2576 by default"});
    describe(http_intake_settings(), "http_intake.", all);
    describe(dial_settings(), "dial.NAME.", all);
    describe(folder_settings(), "folder.NAME.", all);
    describe(remote_target_settings(), "target.NAME.", all);
    describe(alarm_channel_settings(), "alarm.NAME.", all);
    all.push_back({"reply.SOURCE", std::string(kReplyMeaning)});
    return all;
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

Result<void> apply_setting(ServerSettings& settings, std::string_view name,
                           std::string_view value) {
    Result<void> assigned = assign_any(settings, name, value);
    if (assigned) {
        settings.given[plain_name(name)] = value;
    }
    return assigned;
}

Result<void> apply_assignment(ServerSettings& settings, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) {
        return fail(Code::setting_bad, {}, fmt::format("{}: write NAME=VALUE", assignment));
    }
    return apply_setting(settings, assignment.substr(0, equals), assignment.substr(equals + 1));
}

}  // namespace labrelay::app
