#include "labrelay/api/account_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/store/account_desk.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using Done = Result<std::string>;

bool flag_of(const json& asked, const char* name) {
    const auto found = asked.find(name);
    return found != asked.end() && found->is_boolean() && found->get<bool>();
}

Done said(const Result<void>& done, std::string what) {
    return done ? Done(std::move(what)) : tl::unexpected(done.error());
}

/// The role that is asked for; nothing asked: nothing.
Result<std::optional<store::NewGrant>> grant_of(const json& asked) {
    std::string text = text_of(asked, "role");
    if (text.empty()) {
        return std::nullopt;
    }
    std::ranges::replace(text, '_', ' ');
    std::ranges::replace(text, '-', ' ');
    const auto role = security::role_from(text);
    if (!role) {
        return fail(Code::body_bad, Place{"role"},
                    "viewer, data manager, mapper, administrator or inspector");
    }
    return store::NewGrant{{*role, text_of(asked, "study"), text_of(asked, "site")},
                           text_of(asked, "training")};
}

Done add(store::Desk& desk, const store::Act& act, const json& asked) {
    const Result<std::string> name = security::account_name(text_of(asked, "name"));
    const auto grant = grant_of(asked);
    if (!name || !grant) {
        return tl::unexpected(name ? grant.error() : name.error());
    }
    const std::string display_name = text_of(asked, "display_name");
    const auto id = store::add_account(desk, act,
                                       {*name, display_name.empty() ? *name : display_name,
                                        text_of(asked, "password"), flag_of(asked, "must_change")});
    if (!id) {
        return tl::unexpected(id.error());
    }
    if (!*grant) {
        return fmt::format("{} is made; it has no role yet", *name);
    }
    const auto given = store::grant_role(desk, act, *id, **grant);
    if (!given) {
        return tl::unexpected(given.error());
    }
    return fmt::format("{} is made, {}", *name, security::to_string((*grant)->grant.role));
}

Result<store::Account> account_of(store::Desk& desk, const json& asked) {
    const Result<std::string> name = security::account_name(text_of(asked, "name"));
    const auto found = name ? store::account_named(desk, *name) : std::nullopt;
    if (!found) {
        return fail(Code::not_found, Place{text_of(asked, "name")}, "no account has this name");
    }
    return *found;
}

Done set_password(store::Desk& desk, const store::Act& act, const store::Account& account,
                  const json& asked) {
    return said(store::set_password(desk, act, account.id, text_of(asked, "password"),
                                    flag_of(asked, "must_change")),
                fmt::format("{} has a new password", account.name));
}

Done give_role(store::Desk& desk, const store::Act& act, const store::Account& account,
               const json& asked) {
    const auto grant = grant_of(asked);
    if (!grant) {
        return tl::unexpected(grant.error());
    }
    if (!*grant) {
        return fail(Code::body_bad, Place{"role"});
    }
    const auto given = store::grant_role(desk, act, account.id, **grant);
    if (!given) {
        return tl::unexpected(given.error());
    }
    return fmt::format("{} is {} now", account.name, security::to_string((*grant)->grant.role));
}

Done end_role(store::Desk& desk, const store::Act& act, const store::Account& account,
              const json& asked) {
    const auto wanted = grant_of(asked);
    if (!wanted || !*wanted) {
        return wanted ? fail(Code::body_bad, Place{"role"}) : tl::unexpected(wanted.error());
    }
    const security::Grant& grant = (*wanted)->grant;
    for (const store::AccountGrant& held : account.grants) {
        if (!held.until && held.grant.role == grant.role && held.grant.study == grant.study &&
            held.grant.site == grant.site) {
            return said(
                store::end_grant(desk, act, account.id, held.id),
                fmt::format("{} is no longer {}", account.name, security::to_string(grant.role)));
        }
    }
    return fail(Code::not_found, Place{account.name}, "the account has no such role there");
}

template <store::AccountState state>
Done set_state(store::Desk& desk, const store::Act& act, const store::Account& account,
               const json&) {
    return said(store::set_account_state(desk, act, account.id, state),
                fmt::format("{} is {}", account.name, to_string(state)));
}

Done unlock(store::Desk& desk, const store::Act& act, const store::Account& account, const json&) {
    return said(store::unlock_account(desk, act, account.id),
                fmt::format("{} may sign in again", account.name));
}

struct Change {
    std::string_view name;
    Done (*run)(store::Desk&, const store::Act&, const store::Account&, const json&);
};
constexpr Change kChanges[] = {
    {"password", set_password},
    {"grant", give_role},
    {"revoke", end_role},
    {"disable", set_state<store::AccountState::disabled>},
    {"enable", set_state<store::AccountState::active>},
    {"unlock", unlock},
};

Done run(store::Desk& desk, const store::Act& act, const json& asked) {
    const std::string name = text_of(asked, "do");
    if (name == "add") {
        return add(desk, act, asked);
    }
    const auto* const found = std::ranges::find(kChanges, name, &Change::name);
    if (found == std::end(kChanges)) {
        return fail(Code::body_bad, Place{"do"});
    }
    const Result<store::Account> account = account_of(desk, asked);
    if (!account) {
        return tl::unexpected(account.error());
    }
    return found->run(desk, act, *account, asked);
}

}  // namespace

Result<std::string> change_account(store::StoreWriter& writer, std::string_view text) {
    const json asked = json::parse(text, nullptr, false);
    if (!asked.is_object()) {
        return fail(Code::body_bad);
    }
    store::Act act;
    act.actor = fmt::format("{} (command)", text_of(asked, "by"));
    act.origin = store::Origin::command;
    act.reason = text_of(asked, "reason");
    store::Desk desk(writer);
    Done done = run(desk, act, asked);
    if (done) {
        desk.commit();
    }
    return done;
}

void add_account_command_route(Router& router, const Services& services, Sessions& sessions) {
    router.add({Method::post,
                "/users",
                Access::commands(),
                "What `labrelay user` asks for",
                {},
                {},
                {},
                [&services, &sessions](const Request& request) -> Result<Response> {
                    Result<std::string> done = change_account(services.writer, request.body);
                    if (!done) {
                        return tl::unexpected(done.error());
                    }
                    sessions.forget();
                    Response made;
                    made.content_type = "text/plain; charset=utf-8";
                    made.body = std::move(*done) + "\n";
                    return made;
                }});
}

}  // namespace labrelay::api
