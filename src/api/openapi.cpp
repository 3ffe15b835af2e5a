#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "labrelay/api/router.hpp"
#include "labrelay/api/services.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

/// `{name...}` is written as any other parameter in the document.
std::string documented(std::string_view path) {
    std::string made(path);
    if (const std::size_t dots = made.find("...}"); dots != std::string::npos) {
        made.erase(dots, 3);
    }
    return made;
}

Json parameters_of(const Route& route) {
    Json parameters = Json::array();
    const std::string path = documented(route.path);
    for (std::size_t open = path.find('{'); open != std::string::npos;
         open = path.find('{', open + 1)) {
        const std::size_t close = path.find('}', open);
        parameters.push_back({{"name", path.substr(open + 1, close - open - 1)},
                              {"in", "path"},
                              {"required", true},
                              {"schema", {{"type", "string"}}}});
    }
    for (const Parameter& parameter : route.query) {
        parameters.push_back({{"name", std::string(parameter.name)},
                              {"in", "query"},
                              {"required", parameter.required},
                              {"description", std::string(parameter.text)},
                              {"schema", {{"type", std::string(parameter.type)}}}});
    }
    return parameters;
}

std::string words_of(const Access& access) {
    switch (access.kind) {
        case Access::Kind::anyone:
            return "anyone";
        case Access::Kind::signed_in:
            return "whoever is signed in";
        case Access::Kind::command:
            return "commands on the server's host";
        case Access::Kind::everywhere:
        case Access::Kind::within:
            return std::string(security::row(access.permission).key);
    }
    return {};
}

/// Where the right is needed; empty: none is.
std::string_view reach_of(const Access& access) {
    switch (access.kind) {
        case Access::Kind::everywhere:
            return "all studies";
        case Access::Kind::within:
            return "studies and sites of the role";
        case Access::Kind::anyone:
        case Access::Kind::signed_in:
        case Access::Kind::command:
            return {};
    }
    return {};
}

Json schema_of(std::string_view text) {
    return text.empty() ? Json::object() : Json::parse(text);
}

Json operation_of(const Route& route) {
    Json operation = {{"summary", std::string(route.summary)},
                      {"x-labrelay-access", words_of(route.access)}};
    if (const std::string_view reach = reach_of(route.access); !reach.empty()) {
        operation["x-labrelay-reach"] = std::string(reach);
    }
    if (Json parameters = parameters_of(route); !parameters.empty()) {
        operation["parameters"] = std::move(parameters);
    }
    if (!route.takes.empty()) {
        operation["requestBody"] = {
            {"required", true},
            {"content", {{"application/json", {{"schema", schema_of(route.takes)}}}}}};
    }
    operation["responses"] = {
        {"200",
         {{"description", "as asked"},
          {"content", {{"application/json", {{"schema", schema_of(route.gives)}}}}}}},
        {"default",
         {{"description", "an error of docs/errors.md"},
          {"content",
           {{"application/problem+json",
             {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}}}};
    return operation;
}

}  // namespace

std::string openapi(std::span<const Route> routes) {
    Json paths = Json::object();
    for (const Route& route : routes) {
        paths["/api/v1" + documented(route.path)][lower(to_string(route.method))] =
            operation_of(route);
    }
    const Json text = {{"type", "string"}};
    const Json document = {{"openapi", "3.1.0"},
                           {"info", {{"title", "labrelay"}, {"version", "1"}}},
                           {"paths", std::move(paths)},
                           {"components",
                            {{"schemas",
                              {{"Problem",
                                {{"type", "object"},
                                 {"required", {"type", "title", "status", "code"}},
                                 {"properties",
                                  {{"type", text},
                                   {"title", text},
                                   {"status", {{"type", "integer"}}},
                                   {"code", text},
                                   {"detail", text},
                                   {"instance", text},
                                   {"advice", text}}}}}}}}}};
    return document.dump(1) + "\n";
}

void add_document_route(Router& router) {
    router.add({Method::get,
                "/openapi.json",
                Access::signed_in(),
                "This document",
                {},
                {},
                {},
                [&router](const Request&) -> Result<Response> {
                    Response made;
                    made.body = openapi(router.routes());
                    return made;
                }});
}

}  // namespace labrelay::api
