#include "labrelay/api/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "body.hpp"

namespace labrelay::api {
namespace {

constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};
constexpr std::size_t kDefaultLimit = 50;
constexpr std::int64_t kMostAtOnce = 500;

constexpr int kDeepest = 64;

/// What nests deeper is nobody's request, and would cost the reader its stack.
bool is_too_deep(std::string_view json) {
    int depth = 0;
    bool in_text = false;
    for (std::size_t at = 0; at < json.size(); ++at) {
        const char c = json[at];
        if (in_text) {
            at += c == '\\' ? 1U : 0U;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kDeepest) {
                return true;
            }
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace

std::string_view to_string(Method method) {
    return kMethods[static_cast<std::size_t>(method)];
}

std::optional<Method> method_from(std::string_view text) {
    const auto* const found = std::ranges::find(kMethods, text);
    if (found == kMethods.end()) {
        return std::nullopt;
    }
    return static_cast<Method>(found - kMethods.begin());
}

std::string_view Request::asked(std::string_view name) const {
    const auto found = query.find(std::string(name));
    return found == query.end() ? std::string_view() : std::string_view(found->second);
}

const std::string& Request::parameter(std::string_view name) const {
    static const std::string kNone;
    const auto found = parameters.find(std::string(name));
    return found == parameters.end() ? kNone : found->second;
}

Result<std::int64_t> Request::number(std::string_view name) const {
    const std::string& of_path = parameter(name);
    const std::string_view text = of_path.empty() ? asked(name) : std::string_view(of_path);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return fail(Code::parameter_bad, Place{std::string(name)}, "a whole number is needed");
    }
    return number;
}

Result<std::size_t> Request::limit() const {
    if (asked("limit").empty()) {
        return kDefaultLimit;
    }
    const Result<std::int64_t> asked_for = number("limit");
    if (!asked_for || *asked_for < 1 || *asked_for > kMostAtOnce) {
        return fail(Code::parameter_bad, Place{"limit"}, fmt::format("1 to {}", kMostAtOnce));
    }
    return static_cast<std::size_t>(*asked_for);
}

Result<PageAsked> Request::page_asked() const {
    const Result<std::size_t> most = limit();
    if (!most) {
        return tl::unexpected(most.error());
    }
    const Result<std::int64_t> after =
        asked("after").empty() ? Result<std::int64_t>(0) : number("after");
    if (!after) {
        return tl::unexpected(after.error());
    }
    return PageAsked{*after, *most};
}

Result<nlohmann::json> Request::json() const {
    if (is_too_deep(body)) {
        return fail(Code::body_bad, {}, "it nests too deep");
    }
    nlohmann::json parsed = nlohmann::json::parse(body, nullptr, false);
    if (!parsed.is_object()) {
        return fail(Code::body_bad, {}, "a JSON object is needed");
    }
    return parsed;
}

store::Act Request::act(security::Permission permission, const nlohmann::json& sent) const {
    store::Act act;
    act.actor = who.name;
    act.origin = who.command ? store::Origin::command : store::Origin::page;
    act.session = who.session;
    if (const auto role = who.role_for(permission)) {
        act.role = security::to_string(*role);
    }
    act.reason_code = text_of(sent, "reason_code");
    act.reason = text_of(sent, "reason");
    return act;
}

Result<void> Request::unchanged(std::int64_t version) const {
    if (if_match.empty()) {
        return fail(Code::precondition_needed);
    }
    if (if_match != std::to_string(version)) {
        return fail(Code::precondition_failed);
    }
    return {};
}

Response answer(const nlohmann::ordered_json& json, int status) {
    Response made;
    made.status = status;
    made.body = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    if (json.is_object()) {
        if (const auto etag = json.find("etag"); etag != json.end() && etag->is_string()) {
            made.etag = etag->get<std::string>();
        }
    }
    return made;
}

Response problem(const Error& error) {
    return problem(error, entry(error.code).http_status);
}

Response problem(const Error& error, int status) {
    const CatalogueEntry& known = entry(error.code);
    Response made = answer({{"type", "about:blank"},
                            {"title", std::string(known.text)},
                            {"status", status},
                            {"code", std::string(known.key)},
                            {"detail", error.detail},
                            {"instance", error.place.text},
                            {"advice", std::string(known.advice)}},
                           status);
    made.content_type = "application/problem+json";
    return made;
}

Response page(nlohmann::ordered_json items, const std::string& next,
              std::optional<std::int64_t> total) {
    nlohmann::ordered_json json;
    json["items"] = std::move(items);
    json["next"] = next.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(next);
    json["total"] = total ? nlohmann::ordered_json(*total) : nlohmann::ordered_json();
    return answer(json);
}

}  // namespace labrelay::api
