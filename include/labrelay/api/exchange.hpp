#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/security/principal.hpp"
#include "labrelay/store/act.hpp"

namespace labrelay::api {

enum class Method : std::uint8_t { get, post, put, patch, del };
std::string_view to_string(Method method);  ///< `GET` …
std::optional<Method> method_from(std::string_view text);

/// Which part of a list that is ordered by its items' ids.
struct PageAsked {
    std::int64_t after = 0;  ///< the last id of the page before; 0: the first page
    std::size_t limit = 0;
};

/// One request, read whole: what a handler knows of the world besides its services.
struct Request {
    Method method = Method::get;
    std::string path;                               ///< decoded, without the query
    std::map<std::string, std::string> parameters;  ///< of the path's pattern: `id`
    std::multimap<std::string, std::string> query;
    std::string content_type;
    std::string body;
    std::string if_match;    ///< without quotes; empty: not sent
    std::string cookie;      ///< the Cookie header, whole
    std::string host;        ///< the Host header
    std::string origin;      ///< the Origin header; empty: not sent
    std::string fetch_site;  ///< the Sec-Fetch-Site header; empty: not sent
    std::string peer;
    bool secure = false;  ///< came over TLS
    Instant at;
    security::Principal who;

    /// Of the query; empty: not there, or empty.
    std::string_view asked(std::string_view name) const;
    const std::string& parameter(std::string_view name) const;
    /// A number of the path or the query. Errors: parameter-bad.
    Result<std::int64_t> number(std::string_view name) const;
    /// Of a list: 1 to 500, 50 where not asked. Errors: parameter-bad.
    Result<std::size_t> limit() const;
    /// The same with a cursor that is an id. Errors: parameter-bad.
    Result<PageAsked> page_asked() const;
    /// The body as a JSON object. Errors: body-bad.
    Result<nlohmann::json> json() const;
    /// Who does it, with the reason that `body` gives, for the audit row.
    store::Act act(security::Permission permission, const nlohmann::json& body) const;
    /// Whether the change names the version that it changes. Errors: precondition-needed,
    /// precondition-failed.
    Result<void> unchanged(std::int64_t version) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string etag;  ///< without quotes; empty: none
    std::vector<std::pair<std::string, std::string>> headers;
    /// Instead of `body`: writes it piece by piece and may go on for long; false: the peer is gone.
    std::function<void(std::ostream&)> stream;
};

Response answer(const nlohmann::ordered_json& json, int status = 200);
/// application/problem+json with the catalogue's code.
Response problem(const Error& error);
/// The same under another status than the catalogue's.
Response problem(const Error& error, int status);
/// A page of a list; an empty cursor: it is the last.
Response page(nlohmann::ordered_json items, const std::string& next,
              std::optional<std::int64_t> total = std::nullopt);

}  // namespace labrelay::api
