#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/api/exchange.hpp"

namespace labrelay::api {

/// Who may ask. There is no resource without one of these.
struct Access {
    enum class Kind : std::uint8_t {
        anyone,      ///< nothing of a study, a person or the system is in it: sign-in itself
        signed_in,   ///< whoever has an account, also one whose password must be changed first
        command,     ///< commands on this host only
        everywhere,  ///< whoever has the permission in all studies: it changes what is of all
        within       ///< whoever has it in some study or site, and the handler keeps them there
    };
    Kind kind = Kind::command;
    security::Permission permission{};

    static Access anyone() { return {Kind::anyone, {}}; }
    static Access signed_in() { return {Kind::signed_in, {}}; }
    static Access commands() { return {Kind::command, {}}; }
    /// In all studies: what a resource is that says nothing more.
    static Access of(security::Permission permission) { return {Kind::everywhere, permission}; }
    /// For handlers that show and change what lies in the studies and sites of the person's roles
    /// alone, or show what is of the system and of no study.
    static Access within(security::Permission permission) { return {Kind::within, permission}; }
};

struct Parameter {
    std::string_view name;
    std::string_view text;
    std::string_view type = "string";  ///< of JSON Schema
    bool required = false;
};

/// The largest body that is read: of a route that says nothing else, and of whoever is not known.
inline constexpr std::size_t kSmallBody = std::size_t{64} << 10U;
/// A list of decisions.
inline constexpr std::size_t kListBody = std::size_t{4} << 20U;
/// Files, and messages as they came.
inline constexpr std::size_t kFileBody = std::size_t{64} << 20U;

/// One method of one resource, with everything that openapi.json says of it. Texts are literals.
struct Route {
    Method method = Method::get;
    std::string_view path;  ///< below /api/v1; `/problems/{id}`; `{name...}` takes the rest
    Access access;
    std::string_view summary;
    std::vector<Parameter> query = {};
    std::string_view takes = {};  ///< JSON Schema of the body, as text; empty: none
    std::string_view gives = {};  ///< JSON Schema of the answer, as text
    std::function<Result<Response>(const Request&)> handler;
    std::size_t most_body = kSmallBody;
};

/// Finds the route of a request, asks whether the principal may, runs the handler. Every error is
/// an answer; what a handler throws is caught at the server. Filled before the server starts,
/// constant afterwards.
class Router {
public:
    void add(Route route);
    Response serve(Request request) const;
    /// How large the body of a request may be, known by its method, path and principal.
    std::size_t most_body(const Request& request) const;
    std::span<const Route> routes() const { return routes_; }

private:
    std::vector<Route> routes_;
};

/// The document of all routes, OpenAPI 3.1.
std::string openapi(std::span<const Route> routes);

}  // namespace labrelay::api
