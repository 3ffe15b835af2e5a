#include "labrelay/app/settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <pugixml.hpp>

#include "labrelay/app/input.hpp"

namespace labrelay::app {
namespace {

using Assign = bool (*)(ServerSettings&, std::string_view);

struct Setting {
    SettingDescription description;
    Assign assign;
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

bool read_host(std::string_view text, std::string& host) {
    // Plain ports stay on this machine until TLS and its settings are there.
    if (text != "127.0.0.1" && text != "::1" && text != "localhost") {
        return false;
    }
    host = text;
    return true;
}

bool read_bool(std::string_view text, bool& flag) {
    if (text != "yes" && text != "no") {
        return false;
    }
    flag = text == "yes";
    return true;
}

constexpr std::string_view kReply = "reply.";

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

constexpr std::array kSettings{
    Setting{{"data", "the data directory"},
            [](ServerSettings& s, std::string_view v) {
                s.data = v;
                return !v.empty();
            }},
    Setting{{"mappings", "the configuration directory"},
            [](ServerSettings& s, std::string_view v) {
                s.mappings = v;
                return !v.empty();
            }},
    Setting{{"mllp.host", "loopback address to listen on: 127.0.0.1, ::1 or localhost"},
            [](ServerSettings& s, std::string_view v) { return read_host(v, s.mllp.host); }},
    Setting{{"mllp.port", "port to listen on; 0 takes a free one"},
            [](ServerSettings& s, std::string_view v) {
                return read_number<std::uint16_t>(v, s.mllp.port, 0);
            }},
    Setting{
        {"mllp.max_connections", "connections at the same time; one more is closed and counted"},
        [](ServerSettings& s, std::string_view v) {
            return read_number(v, s.mllp.max_connections, 1);
        }},
    Setting{{"mllp.max_message_bytes", "the largest message taken"},
            [](ServerSettings& s, std::string_view v) {
                return read_number<std::size_t>(v, s.mllp.max_message_bytes, 4096);
            }},
    Setting{
        {"mllp.idle_timeout", "seconds until a silent connection is closed"},
        [](ServerSettings& s, std::string_view v) { return read_seconds(v, s.mllp.idle_timeout); }},
    Setting{{"mllp.mid_frame_timeout", "seconds that a begun message may take"},
            [](ServerSettings& s, std::string_view v) {
                return read_seconds(v, s.mllp.mid_frame_timeout);
            }},
    Setting{{"mllp.write_timeout", "seconds that a peer may take to read its answer"},
            [](ServerSettings& s, std::string_view v) {
                return read_seconds(v, s.mllp.write_timeout);
            }},
    Setting{{"http.host", "loopback address of health checks and API"},
            [](ServerSettings& s, std::string_view v) { return read_host(v, s.http_host); }},
    Setting{{"http.port", "port of health checks and API; 0 takes a free one"},
            [](ServerSettings& s, std::string_view v) {
                return read_number<std::uint16_t>(v, s.http_port, 0);
            }},
    Setting{{"target.url",
             "the study database: sqlite:///path; default study.db in the data directory"},
            [](ServerSettings& s, std::string_view v) {
                constexpr std::string_view kScheme = "sqlite:///";
                if (!v.starts_with(kScheme) || v.size() == kScheme.size()) {
                    return false;
                }
                s.target = v.substr(kScheme.size() - 1);
                return true;
            }},
    Setting{
        {"reply.SOURCE", "host:port of the connection for a source's application acknowledgements"},
        [](ServerSettings&, std::string_view) { return false; }},
    Setting{{"target.paused", "yes: nothing is delivered until it is started with no"},
            [](ServerSettings& s, std::string_view v) { return read_bool(v, s.target_paused); }},
};

constexpr auto kDescriptions = [] {
    std::array<SettingDescription, kSettings.size()> descriptions{};
    for (std::size_t index = 0; index < kSettings.size(); ++index) {
        descriptions[index] = kSettings[index].description;
    }
    return descriptions;
}();

std::string position(const std::string& file, const std::string& text, std::ptrdiff_t offset) {
    const auto end = text.begin() + std::clamp<std::ptrdiff_t>(
                                        offset, 0, static_cast<std::ptrdiff_t>(text.size()));
    const auto line = std::count(text.begin(), end, '\n') + 1;
    const auto line_begin = std::find(std::make_reverse_iterator(end), text.rend(), '\n').base();
    return fmt::format("{}:{}:{}", file, line, end - line_begin + 1);
}

}  // namespace

std::span<const SettingDescription> setting_descriptions() {
    return kDescriptions;
}

Result<void> apply_setting(ServerSettings& settings, std::string_view name,
                           std::string_view value) {
    if (name.starts_with(kReply)) {
        if (!read_reply(name.substr(kReply.size()), value, settings)) {
            return fail(Code::setting_bad, {}, fmt::format("{}: host:port", name));
        }
        return {};
    }
    for (const Setting& setting : kSettings) {
        if (setting.description.name == name) {
            if (!setting.assign(settings, value)) {
                return fail(Code::setting_bad, {},
                            fmt::format("{}: {}", name, setting.description.meaning));
            }
            return {};
        }
    }
    return fail(Code::setting_unknown, {}, std::string(name));
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
