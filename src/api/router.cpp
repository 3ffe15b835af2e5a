#include "labrelay/api/router.hpp"

#include <algorithm>
#include <stdexcept>

namespace labrelay::api {
namespace {

/// The parts between slashes, of what begins with one.
std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        parts.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

bool is_parameter(std::string_view part) {
    return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

/// The parameters, where the path fits the pattern.
std::optional<std::map<std::string, std::string>> match(std::string_view pattern,
                                                        std::string_view path) {
    const std::vector<std::string_view> wanted = parts_of(pattern);
    const std::vector<std::string_view> given = parts_of(path);
    std::map<std::string, std::string> parameters;
    for (std::size_t index = 0; index < wanted.size(); ++index) {
        if (index >= given.size()) {
            return std::nullopt;
        }
        if (!is_parameter(wanted[index])) {
            if (wanted[index] != given[index]) {
                return std::nullopt;
            }
            continue;
        }
        const std::string_view name = wanted[index].substr(1, wanted[index].size() - 2);
        if (name.ends_with("...")) {
            parameters[std::string(name.substr(0, name.size() - 3))] =
                path.substr(static_cast<std::size_t>(given[index].data() - path.data()));
            return parameters;
        }
        if (given[index].empty()) {
            return std::nullopt;
        }
        parameters[std::string(name)] = given[index];
    }
    if (given.size() != wanted.size()) {
        return std::nullopt;
    }
    return parameters;
}

Place place_of(security::Permission permission) {
    return Place{std::string(security::row(permission).key)};
}

/// Has it in some study or site at least.
Result<void> holds(const security::Principal& who, security::Permission permission) {
    if (!who.known()) {
        return fail(Code::sign_in_needed);
    }
    if (who.limited) {
        return fail(Code::must_change_password);
    }
    if (!who.may(permission)) {
        return fail(Code::forbidden, place_of(permission));
    }
    return {};
}

Result<void> admitted(const security::Principal& who, const Access& access) {
    switch (access.kind) {
        case Access::Kind::anyone:
            return {};
        case Access::Kind::signed_in:
            if (who.known()) {
                return {};
            }
            return fail(Code::sign_in_needed);
        case Access::Kind::command:
            if (who.command) {
                return {};
            }
            return fail(who.known() ? Code::forbidden : Code::sign_in_needed);
        case Access::Kind::everywhere:
            if (const Result<void> has = holds(who, access.permission); !has) {
                return has;
            }
            if (!who.may(access.permission, {}, {})) {
                return fail(Code::forbidden, place_of(access.permission),
                            "it is needed for all studies");
            }
            return {};
        case Access::Kind::within:
            return holds(who, access.permission);
    }
    return fail(Code::forbidden);
}

/// Literal parts before parameters: `/config/check` is not a configuration's id.
bool more_literal(const Route& left, const Route& right) {
    const std::vector<std::string_view> ours = parts_of(left.path);
    const std::vector<std::string_view> theirs = parts_of(right.path);
    for (std::size_t index = 0; index < std::min(ours.size(), theirs.size()); ++index) {
        if (is_parameter(ours[index]) != is_parameter(theirs[index])) {
            return !is_parameter(ours[index]);
        }
    }
    return ours.size() > theirs.size();
}

/// Whether two patterns differ in nothing but their parameters' names.
bool same_resource(const Route& left, const Route& right) {
    const std::vector<std::string_view> ours = parts_of(left.path);
    const std::vector<std::string_view> theirs = parts_of(right.path);
    return std::ranges::equal(ours, theirs, [](std::string_view our, std::string_view their) {
        return our == their || (is_parameter(our) && is_parameter(their));
    });
}

}  // namespace

void Router::add(Route route) {
    if (!route.path.starts_with('/') || !route.handler) {
        throw std::logic_error("a route needs a path and a handler");
    }
    const auto place = std::ranges::find_if(
        routes_, [&](const Route& other) { return more_literal(route, other); });
    routes_.insert(place, std::move(route));
}

std::size_t Router::most_body(const Request& request) const {
    if (!request.who.known()) {
        return kSmallBody;
    }
    const auto route = std::ranges::find_if(routes_, [&](const Route& each) {
        return each.method == request.method && match(each.path, request.path);
    });
    return route == routes_.end() ? kSmallBody : route->most_body;
}

Response Router::serve(Request request) const {
    const Route* resource = nullptr;  // the most literal that the path names
    for (const Route& route : routes_) {
        auto parameters = match(route.path, request.path);
        if (!parameters || (resource != nullptr && !same_resource(*resource, route))) {
            continue;
        }
        resource = &route;
        if (route.method != request.method) {
            continue;
        }
        if (const Result<void> may = admitted(request.who, route.access); !may) {
            return problem(may.error());
        }
        request.parameters = std::move(*parameters);
        Result<Response> made = route.handler(request);
        return made ? std::move(*made) : problem(made.error());
    }
    // Whatever a stranger wrote into the address is not said again.
    return problem(Error{resource != nullptr ? Code::method_not_allowed : Code::not_found, {}, {}});
}

}  // namespace labrelay::api
