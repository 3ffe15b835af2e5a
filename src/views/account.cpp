#include "labrelay/views/account.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace labrelay::views {
namespace {

using Json = nlohmann::ordered_json;
using security::Role;

constexpr Role kRoles[] = {Role::viewer, Role::data_manager, Role::mapper, Role::administrator,
                           Role::inspector};

Json time_json(const std::optional<Instant>& time) {
    return time ? Json(to_iso(*time)) : Json();
}

void add_grant(Json& json, const store::AccountGrant& grant) {
    json["role"] = security::to_string(grant.grant.role);
    json["study"] = grant.grant.study;
    json["site"] = grant.grant.site;
    json["training"] = grant.training;
    json["from"] = to_iso(grant.from);
    json["until"] = time_json(grant.until);
    json["granted_by"] = grant.granted_by;
}

std::string column_of(Role role) {
    std::string name(security::to_string(role));
    std::ranges::replace(name, ' ', '_');
    return name;
}

}  // namespace

Json account_json(const store::Account& account) {
    Json json = {{"id", std::to_string(account.id)},
                 {"etag", std::to_string(account.version)},
                 {"name", account.name},
                 {"display_name", account.display_name},
                 {"state", to_string(account.state)},
                 {"locked_until", time_json(account.closed_until)},
                 {"second_factor", account.second_factor},
                 {"must_change_password", account.must_change_password},
                 {"created", to_iso(account.created)},
                 {"grants", Json::array()}};
    for (const store::AccountGrant& grant : account.grants) {
        Json row = {{"id", std::to_string(grant.id)}};
        add_grant(row, grant);
        row["ended_by"] = grant.ended_by;
        row["reason"] = grant.reason;
        row["active"] = !grant.until.has_value();
        json["grants"].push_back(std::move(row));
    }
    return json;
}

Json access_json(const store::AccessRow& row) {
    Json json = {{"account",
                  {{"id", std::to_string(row.account)},
                   {"name", row.name},
                   {"display_name", row.display_name}}}};
    add_grant(json, row.grant);
    return json;
}

Json signature_json(const store::Signature& signature) {
    return {{"id", std::to_string(signature.id)},
            {"account", std::to_string(signature.account)},
            {"name", signature.name},
            {"at", to_iso(signature.at)},
            {"meaning", signature.meaning},
            {"object_kind", signature.object_kind},
            {"object", signature.object},
            {"content_sha256", crypto::to_hex(signature.content)}};
}

Json permissions_json() {
    Json json = {{"roles", Json::array()}, {"rows", Json::array()}};
    for (const Role role : kRoles) json["roles"].push_back(security::to_string(role));
    for (const security::PermissionRow& row : security::permissions()) {
        Json line = {{"permission", row.key}, {"text", row.text}};
        for (const Role role : kRoles)
            line[column_of(role)] = security::allows(role, row.permission);
        json["rows"].push_back(std::move(line));
    }
    return json;
}

}  // namespace labrelay::views
