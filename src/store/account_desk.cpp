#include "labrelay/store/account_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "account_tables.hpp"
#include "desk_open.hpp"
#include "labrelay/security/totp.hpp"

namespace labrelay::store {
namespace {

using Json = nlohmann::ordered_json;
using security::Role;

constexpr std::string_view kObject = "account";

/// Nothing where no account has the id. The accounts are this transaction's from here on.
std::optional<Account> taken(Desk& desk, std::int64_t id) {
    take_accounts(desk.open().db());
    return read_account(desk.open().db(), id);
}

tl::unexpected<Error> not_known(std::int64_t id) {
    return fail(Code::not_found, Place{fmt::format("account:{}", id)});
}

void count_version(Desk& desk, std::int64_t id) {
    desk.open()
        .db()
        .prepare("UPDATE account SET version = version + 1 WHERE account_id = ?")
        .bind(id)
        .run();
}

void audit(Desk& desk, const Act& act, std::string_view kind, const std::string& what,
           const Account& account, const Json& before, const Json& after) {
    const auto text = [](const Json& json) { return json.is_null() ? std::string() : json.dump(); };
    desk.audit(act, {kind, what, kObject, account.name, text(before), text(after)});
}

bool administers(Desk& desk) {
    auto query = desk.open().db().prepare(
        "SELECT count(*) FROM account_grant g JOIN account a ON a.account_id = g.account_id "
        "WHERE a.state = 'active' AND g.role = 'administrator' AND g.study = '' AND g.site = '' "
        "AND g.until_us IS NULL");
    return query.step() && query.integer(0) > 0;
}

Json json_of(const AccountGrant& grant) {
    return {{"grant", grant.id},
            {"role", security::to_string(grant.grant.role)},
            {"study", grant.grant.study},
            {"site", grant.grant.site},
            {"training", grant.training}};
}

std::string words_of(const security::Grant& grant) {
    return fmt::format("{} in {}{}", security::to_string(grant.role),
                       grant.study.empty() ? "all studies" : grant.study,
                       grant.site.empty() ? "" : ", site " + grant.site);
}

bool held_now(const AccountGrant& grant) {
    return !grant.until.has_value();
}

bool reviews(Role role) {
    return role == Role::viewer || role == Role::data_manager || role == Role::mapper;
}

/// R22: whoever administers the system does not review data, and the other way round.
bool goes_with(const Account& account, Role role) {
    return std::ranges::none_of(account.grants, [&](const AccountGrant& grant) {
        return held_now(grant) && ((role == Role::administrator && reviews(grant.grant.role)) ||
                                   (reviews(role) && grant.grant.role == Role::administrator));
    });
}

void write_fact(Desk& desk, const Act& act, std::int64_t id, AccountState state) {
    desk.open()
        .db()
        .prepare(
            "INSERT INTO account_fact(account_id, at_us, state, actor, reason) "
            "VALUES (?, ?, ?, ?, ?)")
        .bind(id, desk.now().microseconds, to_string(state), act.actor, act.reason)
        .run();
}

}  // namespace

std::optional<Account> account(Desk& desk, std::int64_t id) {
    return taken(desk, id);
}

std::optional<Account> account_named(Desk& desk, std::string_view name) {
    take_accounts(desk.open().db());
    return read_account(desk.open().db(), name);
}

Result<std::int64_t> add_account(Desk& desk, const Act& act, const NewAccount& account) {
    if (account_named(desk, account.name)) {
        return fail(Code::account_exists, Place{"name"}, account.name);
    }
    const std::int64_t now = desk.now().microseconds;
    std::int64_t id = 0;
    {
        auto query = desk.open().db().prepare(
            "INSERT INTO account(name, display_name, state, password, password_us, must_change, "
            "created_us) VALUES (?, ?, 'active', ?, ?, ?, ?) RETURNING account_id");
        query.bind(account.name, account.display_name, account.password,
                   account.password.empty() ? 0 : now, account.must_change, now);
        query.step();
        id = query.integer(0);
    }
    write_fact(desk, act, id, AccountState::active);
    Account made;
    made.name = account.name;
    audit(desk, act, "account", fmt::format("Made the account {}", account.name), made, {},
          {{"name", account.name},
           {"display_name", account.display_name},
           {"state", to_string(AccountState::active)}});
    return id;
}

Result<void> set_account_state(Desk& desk, const Act& act, std::int64_t id, AccountState state) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    if (before->state == state) return {};
    const bool administered = administers(desk);
    desk.open()
        .db()
        .prepare("UPDATE account SET state = ? WHERE account_id = ?")
        .bind(to_string(state), id)
        .run();
    if (administered && !administers(desk)) {
        return fail(Code::last_administrator, Place{before->name});
    }
    count_version(desk, id);
    write_fact(desk, act, id, state);
    if (state == AccountState::disabled) end_sessions(desk.open().db(), id, {});
    audit(desk, act, "account",
          fmt::format("{} the account {}", state == AccountState::active ? "Enabled" : "Disabled",
                      before->name),
          *before, {{"state", to_string(before->state)}}, {{"state", to_string(state)}});
    return {};
}

Result<void> unlock_account(Desk& desk, const Act& act, std::int64_t id) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    write_standing(desk.open().db(), id, {});
    count_version(desk, id);
    audit(desk, act, "account", fmt::format("Opened the account {} after failures", before->name),
          *before, {{"closed_until", before->closed_until ? to_iso(*before->closed_until) : ""}},
          {{"closed_until", ""}});
    return {};
}

Result<void> rename_account(Desk& desk, const Act& act, std::int64_t id,
                            std::string_view display_name) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    desk.open()
        .db()
        .prepare("UPDATE account SET display_name = ? WHERE account_id = ?")
        .bind(display_name, id)
        .run();
    count_version(desk, id);
    audit(desk, act, "account", fmt::format("Wrote the name of {} anew", before->name), *before,
          {{"display_name", before->display_name}}, {{"display_name", display_name}});
    return {};
}

Result<void> set_password(Desk& desk, const Act& act, std::int64_t id, std::string_view hash,
                          bool must_change) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    desk.open()
        .db()
        .prepare(
            "UPDATE account SET password = ?, password_us = ?, must_change = ?, failures = 0, "
            "locked_until_us = 0 WHERE account_id = ?")
        .bind(hash, desk.now().microseconds, must_change, id)
        .run();
    count_version(desk, id);
    end_sessions(desk.open().db(), id, act.session);
    audit(desk, act, "account", fmt::format("Set the password of {}", before->name), *before, {},
          {{"must_change_password", must_change}});
    return {};
}

Result<std::int64_t> grant_role(Desk& desk, const Act& act, std::int64_t id,
                                const NewGrant& grant) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    if (before->name == act.actor) {
        return fail(Code::forbidden, Place{before->name}, "nobody gives roles to themselves");
    }
    if (grant.training.empty()) return fail(Code::training_missing, Place{"training"});
    if (!goes_with(*before, grant.grant.role)) {
        return fail(Code::forbidden, Place{before->name},
                    "whoever administers the system does not review data");
    }
    const auto& asked = grant.grant;
    if (std::ranges::any_of(before->grants, [&](const AccountGrant& each) {
            return held_now(each) && each.grant.role == asked.role &&
                   each.grant.study == asked.study && each.grant.site == asked.site;
        })) {
        return fail(Code::state_change_bad, Place{before->name}, "the account has this role");
    }
    AccountGrant made{0, asked, grant.training, desk.now(), {}, act.actor, {}, act.reason};
    {
        auto query = desk.open().db().prepare(
            "INSERT INTO account_grant(account_id, role, study, site, training, from_us, "
            "granted_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING grant_id");
        query.bind(id, security::to_string(asked.role), asked.study, asked.site, grant.training,
                   made.from.microseconds, act.actor, act.reason);
        query.step();
        made.id = query.integer(0);
    }
    count_version(desk, id);
    audit(desk, act, "role", fmt::format("Gave {} the role {}", before->name, words_of(asked)),
          *before, {}, json_of(made));
    return made.id;
}

Result<void> end_grant(Desk& desk, const Act& act, std::int64_t id, std::int64_t grant) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    const auto found = std::ranges::find_if(before->grants, [&](const AccountGrant& each) {
        return each.id == grant && held_now(each);
    });
    if (found == before->grants.end()) {
        return fail(Code::not_found, Place{fmt::format("grant:{}", grant)});
    }
    if (before->name == act.actor) {
        return fail(Code::forbidden, Place{before->name}, "nobody ends their own roles");
    }
    const bool administered = administers(desk);
    desk.open()
        .db()
        .prepare("UPDATE account_grant SET until_us = ?, ended_by = ? WHERE grant_id = ?")
        .bind(desk.now().microseconds, act.actor, grant)
        .run();
    if (administered && !administers(desk)) {
        return fail(Code::last_administrator, Place{before->name});
    }
    count_version(desk, id);
    end_sessions(desk.open().db(), id, {});
    audit(desk, act, "role",
          fmt::format("Ended the role {} of {}", words_of(found->grant), before->name), *before,
          json_of(*found), {});
    return {};
}

Result<void> propose_second_factor(Desk& desk, const Act& act, std::int64_t id,
                                   std::string_view secret) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    const std::string sealed = seal_second_factor(desk.open().core.second_factor_key, id, secret);
    desk.open()
        .db()
        .prepare("UPDATE account SET totp_pending = ? WHERE account_id = ?")
        .bind(Blob{sealed}, id)
        .run();
    audit(desk, act, "account", fmt::format("Began a second factor for {}", before->name), *before,
          {}, {});
    return {};
}

Result<void> confirm_second_factor(Desk& desk, const Act& act, std::int64_t id,
                                   std::string_view code) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    Connection& database = desk.open().db();
    std::string sealed;
    {
        auto query = database.prepare("SELECT totp_pending FROM account WHERE account_id = ?");
        query.bind(id);
        if (query.step()) sealed = query.blob(0);
    }
    if (sealed.empty()) return fail(Code::state_change_bad, Place{"second-factor"});
    const auto step = security::totp_step(
        open_second_factor(desk.open().core.second_factor_key, id, sealed), code, desk.now(), 0);
    if (!step) return fail(Code::sign_in_failed, Place{"code"});
    database
        .prepare(
            "UPDATE account SET totp = totp_pending, totp_pending = NULL, totp_last = ? "
            "WHERE account_id = ?")
        .bind(*step, id)
        .run();
    count_version(desk, id);
    end_sessions(database, id, act.session);
    audit(desk, act, "account", fmt::format("Turned on the second factor of {}", before->name),
          *before, {{"second_factor", before->second_factor}}, {{"second_factor", true}});
    return {};
}

Result<void> remove_second_factor(Desk& desk, const Act& act, std::int64_t id) {
    const auto before = taken(desk, id);
    if (!before) return not_known(id);
    desk.open()
        .db()
        .prepare("UPDATE account SET totp = NULL, totp_pending = NULL WHERE account_id = ?")
        .bind(id)
        .run();
    count_version(desk, id);
    end_sessions(desk.open().db(), id, act.session);
    audit(desk, act, "account", fmt::format("Took away the second factor of {}", before->name),
          *before, {{"second_factor", before->second_factor}}, {{"second_factor", false}});
    return {};
}

}  // namespace labrelay::store
