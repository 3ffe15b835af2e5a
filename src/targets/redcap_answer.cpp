#include "labrelay/targets/redcap_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

namespace labrelay::targets {
namespace {

using nlohmann::json;
using Kind = RedcapAnswer::Kind;

constexpr std::size_t kLongestWords = 300;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBom = "\xEF\xBB\xBF";
    if (text.starts_with(kBom)) {
        text.remove_prefix(kBom.size());
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
        text.remove_prefix(1);
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string small(text);
    std::transform(small.begin(), small.end(), small.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return small;
}

/// `"record","field","value","message"` lines; quotes are doubled inside a field, which may hold
/// line breaks.
std::vector<std::vector<std::string>> csv_lines(std::string_view text) {
    std::vector<std::vector<std::string>> lines(1, std::vector<std::string>(1));
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
                lines.back().back() += '"';
                ++i;
            } else {
                quoted = !quoted;
            }
        } else if (!quoted && c == ',') {
            lines.back().emplace_back();
        } else if (!quoted && c == '\n') {
            lines.emplace_back(1);
        } else if (c != '\r' || quoted) {
            lines.back().back() += c;
        }
    }
    return lines;
}

void read_cells(std::string_view error, std::vector<RedcapCell>& cells) {
    if (!error.starts_with('"')) {
        return;
    }
    for (const std::vector<std::string>& line : csv_lines(error)) {
        if (line.size() == 4) {
            cells.push_back({line[0], line[1], line[2], line[3]});
        }
    }
}

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump();
}

std::string member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? std::string() : text_of(*found);
}

bool read_json_error(std::string_view body, RedcapAnswer& answer) {
    const json parsed = json::parse(body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("error")) {
        return false;
    }
    answer.why = member(parsed, "error");
    read_cells(answer.why, answer.cells);
    if (const auto records = parsed.find("records");
        records != parsed.end() && records->is_array()) {
        for (const json& one : *records) {
            if (one.is_object()) {
                answer.cells.push_back({member(one, "record"), member(one, "field_name"),
                                        member(one, "value"), member(one, "message")});
            }
        }
    }
    if (const auto fields = parsed.find("fields"); fields != parsed.end() && fields->is_array()) {
        for (const json& one : *fields) {
            answer.fields.push_back(text_of(one));
        }
    }
    return true;
}

bool read_xml_error(std::string_view body, RedcapAnswer& answer) {
    constexpr std::string_view kBegin = "<error>";
    const std::size_t begin = body.find(kBegin);
    const std::size_t end = body.find("</error>");
    if (begin == body.npos || end == body.npos || end < begin) {
        return false;
    }
    std::string_view words = body.substr(begin + kBegin.size(), end - begin - kBegin.size());
    constexpr std::string_view kCdata = "<![CDATA[";
    if (words.starts_with(kCdata) && words.ends_with("]]>")) {
        words = words.substr(kCdata.size(), words.size() - kCdata.size() - 3);
    }
    answer.why = words;
    read_cells(answer.why, answer.cells);
    return true;
}

/// True where the API itself speaks of an error.
bool read_error(std::string_view body, RedcapAnswer& answer) {
    constexpr std::string_view kPlain = "ERROR:";
    if (read_json_error(body, answer) || read_xml_error(body, answer)) {
        return true;
    }
    if (body.starts_with(kPlain)) {
        answer.why = trimmed(body.substr(kPlain.size()));
        read_cells(answer.why, answer.cells);
        return true;
    }
    return false;
}

bool is_page(std::string_view body) {
    const std::string begin = lower(body.substr(0, 200));
    return begin.starts_with("<!doctype") || begin.starts_with("<html") ||
           begin.find("<html") != std::string::npos;
}

bool speaks_of_ban(std::string_view body) {
    const std::string small = lower(body.substr(0, 4096));
    return small.find("banned") != std::string::npos;
}

bool is_permanent_refusal(int status) {
    constexpr std::array kStatus{400, 406, 422};
    return std::find(kStatus.begin(), kStatus.end(), status) != kStatus.end();
}

RedcapAnswer stopped(RedcapAnswer answer, std::string words) {
    answer.kind = Kind::stopped;
    if (answer.why.empty()) {
        answer.why = std::move(words);
    }
    return answer;
}

}  // namespace

RedcapAnswer read_redcap_answer(const HttpAnswer& http) {
    RedcapAnswer answer;
    if (http.kind != HttpAnswer::Kind::answered) {
        answer.kind = http.kind == HttpAnswer::Kind::not_sent ? Kind::away : Kind::lost;
        answer.why = http.why;
        return answer;
    }
    const std::string_view body = trimmed(http.body);
    const bool api_error = read_error(body, answer);
    if (answer.why.size() > kLongestWords && answer.cells.empty()) {
        answer.why.resize(kLongestWords);
    }
    if (speaks_of_ban(body)) {
        return stopped(std::move(answer), "the server has banned this address");
    }
    if (http.status == 401 || http.status == 403) {
        return stopped(std::move(answer), fmt::format("status {}", http.status));
    }
    if (http.status >= 300 && http.status < 400) {
        return stopped(std::move(answer),
                       "the server redirects, which drops what is sent: the URL must be the final "
                       "one and end with a slash");
    }
    if (http.status == 404 || http.status == 501) {
        return stopped(std::move(answer), fmt::format("status {}: is the URL right?", http.status));
    }
    if (is_permanent_refusal(http.status)) {
        answer.kind = Kind::refused;
        if (!api_error) {
            answer.why = fmt::format("status {}", http.status);
        }
        return answer;
    }
    if (http.status != 200) {
        answer.kind = Kind::lost;
        answer.why = fmt::format("status {}", http.status);
        return answer;
    }
    if (api_error || is_page(body)) {
        answer.kind = api_error ? Kind::refused : Kind::lost;
        if (!api_error) {
            answer.why = "a web page instead of an answer of the API";
        }
        return answer;
    }
    answer.kind = Kind::accepted;
    answer.body = std::string(body);
    return answer;
}

std::string without(std::string text, const std::vector<std::string>& secrets) {
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    for (const std::string& secret : secrets) {
        if (secret.empty()) {
            continue;
        }
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at)) {
            const std::size_t end = at + secret.size();
            const bool apart =
                (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
            if (apart) {
                text.replace(at, secret.size(), "…");
                at += std::string_view("…").size();
            } else {
                at = end;
            }
        }
    }
    return text;
}

}  // namespace labrelay::targets
