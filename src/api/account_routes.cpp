#include "labrelay/api/account_routes.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/store/account_desk.hpp"
#include "labrelay/views/account.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kLongestName = 200;

Result<void> need_reason(const nlohmann::json& body) {
    if (text_of(body, "reason").empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    return {};
}

Result<std::string> display_name_of(const nlohmann::json& body) {
    std::string name = text_of(body, "display_name");
    if (name.empty() || name.size() > kLongestName) {
        return fail(Code::body_bad, Place{"display_name"}, "the person's name, 200 bytes at most");
    }
    return name;
}

/// `data_manager` as well, as the table's columns are called.
std::optional<security::Role> role_of(std::string text) {
    std::ranges::replace(text, '_', ' ');
    return security::role_from(text);
}

/// Where a role is given and ended: within those of whoever administers.
bool governs(const security::Principal& who, const security::Grant& grant) {
    return who.may(Permission::accounts_change, grant.study, grant.site);
}

bool is_held(const store::AccountGrant& grant) {
    return !grant.until.has_value();
}

bool has_role(const store::Account& account) {
    return std::ranges::any_of(account.grants, is_held);
}

/// An account as a whole - its password, second factor, name and state - is for whoever administers
/// wherever it has a role. One without a role may be given any: it is for whoever made it.
bool governs(const security::Principal& who, const store::Account& account) {
    if (who.may(Permission::accounts_change, {}, {})) {
        return true;
    }
    if (!has_role(account)) {
        return account.made_by == who.name;
    }
    return std::ranges::all_of(account.grants, [&](const store::AccountGrant& each) {
        return !is_held(each) || governs(who, each.grant);
    });
}

/// Whoever gave the first role to an account that others made would have it whole.
bool is_given_by(const security::Principal& who, const store::Account& account) {
    return has_role(account) || governs(who, account);
}

/// With what the person may do with it. One's own is changed under /me, and its roles by others.
Json json_of(const security::Principal& who, const store::Account& account) {
    const bool changes = who.may(Permission::accounts_change);
    const bool own = account.id == who.account;
    Json json = views::account_json(account);
    json["may_change"] = changes && !own && governs(who, account);
    json["may_give"] = changes && !own && is_given_by(who, account);
    for (std::size_t index = 0; index < account.grants.size(); ++index) {
        const store::AccountGrant& each = account.grants[index];
        json["grants"][index]["may_end"] =
            changes && !own && is_held(each) && governs(who, each.grant);
    }
    return json;
}

class AccountRoutes {
public:
    AccountRoutes(const Services& services, Sessions& sessions)
        : services_(services), sessions_(sessions) {}

    Result<Response> list(const Request& request) {
        const Result<PageAsked> asked = request.page_asked();
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        return with_reads(services_, [&](store::ReadSession& reads) -> Result<Response> {
            const std::vector<store::Account> found =
                store::accounts(reads, asked->after, asked->limit + 1);
            Json items = Json::array();
            for (std::size_t index = 0; index < std::min(found.size(), asked->limit); ++index) {
                items.push_back(json_of(request.who, found[index]));
            }
            const bool more = found.size() > asked->limit;
            return page(std::move(items), more ? std::to_string(found[asked->limit - 1].id) : "",
                        store::count_accounts(reads));
        });
    }

    Result<Response> one(const Request& request) {
        const Result<std::int64_t> id = request.number("id");
        if (!id) {
            return tl::unexpected(id.error());
        }
        return said(request.who, *id, 200);
    }

    Result<Response> add(const Request& request) {
        const Result<nlohmann::json> body = request.json();
        if (!body) {
            return tl::unexpected(body.error());
        }
        const Result<std::string> name = security::account_name(text_of(*body, "name"));
        const Result<std::string> display_name = display_name_of(*body);
        if (!name || !display_name) {
            return tl::unexpected(name ? display_name.error() : name.error());
        }
        const std::string given = text_of(*body, "password");
        const std::string password = given.empty() ? security::make_password() : given;
        if (const auto strong = security::check_password(password, *name); !strong) {
            return tl::unexpected(strong.error());
        }
        const std::string hash = security::hash_password(password);
        store::Desk desk(services_.writer);
        const Result<std::int64_t> id =
            store::add_account(desk, request.act(Permission::accounts_change, *body),
                               {*name, *display_name, hash, true});
        if (!id) {
            return tl::unexpected(id.error());
        }
        desk.commit();
        return said(request.who, *id, 201, given.empty() ? password : "");
    }

    Result<Response> change(const Request& request) {
        return changed_whole(
            request,
            [&](store::Desk& desk, const store::Act& act, const store::Account& account,
                const nlohmann::json& body) { return apply(desk, act, request, account, body); });
    }

    Result<Response> reset_password(const Request& request) {
        const std::string password = security::make_password();
        const std::string hash = security::hash_password(password);
        return changed_whole(
            request,
            [&](store::Desk& desk, const store::Act& act, const store::Account& account,
                const nlohmann::json&) -> Result<void> {
                if (account.name == act.actor) {
                    return fail(Code::forbidden, Place{account.name},
                                "one's own password is changed under /me");
                }
                return store::set_password(desk, act, account.id, hash, true);
            },
            password);
    }

    Result<Response> remove_second_factor(const Request& request) {
        return changed_whole(request, [&](store::Desk& desk, const store::Act& act,
                                          const store::Account& account, const nlohmann::json&) {
            return store::remove_second_factor(desk, act, account.id);
        });
    }

    Result<Response> give_role(const Request& request) {
        return changed(
            request,
            [&](store::Desk& desk, const store::Act& act, const store::Account& account,
                const nlohmann::json& body) -> Result<void> {
                const Result<store::NewGrant> grant = grant_of(body);
                if (!grant) {
                    return tl::unexpected(grant.error());
                }
                if (!governs(request.who, grant->grant) || !is_given_by(request.who, account)) {
                    return not_governed(account);
                }
                const auto given = store::grant_role(desk, act, account.id, *grant);
                return given ? Result<void>() : tl::unexpected(given.error());
            },
            {}, 201);
    }

    Result<Response> end_role(const Request& request) {
        const Result<std::int64_t> grant = request.number("grant");
        if (!grant) {
            return tl::unexpected(grant.error());
        }
        return changed(
            request,
            [&](store::Desk& desk, const store::Act& act, const store::Account& account,
                const nlohmann::json&) -> Result<void> {
                const auto given =
                    std::ranges::find(account.grants, *grant, &store::AccountGrant::id);
                if (given != account.grants.end() && !governs(request.who, given->grant)) {
                    return not_governed(account);
                }
                return store::end_grant(desk, act, account.id, *grant);
            });
    }

    Result<Response> access(const Request& request) {
        const Result<Instant> at = instant_of(request);
        const Result<PageAsked> asked = request.page_asked();
        if (!at || !asked) {
            return tl::unexpected(!at ? at.error() : asked.error());
        }
        return with_reads(services_, [&](store::ReadSession& reads) -> Result<Response> {
            const std::vector<store::AccessRow> found =
                store::access_at(reads, *at, asked->after, asked->limit + 1);
            Json json;
            json["at"] = to_iso(*at);
            json["items"] = Json::array();
            for (std::size_t index = 0; index < std::min(found.size(), asked->limit); ++index) {
                json["items"].push_back(views::access_json(found[index]));
            }
            json["next"] = found.size() > asked->limit
                               ? Json(std::to_string(found[asked->limit - 1].grant.id))
                               : Json();
            json["total"] = Json();
            return answer(json);
        });
    }

    Result<Response> permissions(const Request&) { return answer(views::permissions_json()); }

private:
    using Change = std::function<Result<void>(store::Desk&, const store::Act&,
                                              const store::Account&, const nlohmann::json&)>;

    static tl::unexpected<Error> not_governed(const store::Account& account) {
        return fail(Code::forbidden, Place{account.name},
                    "it reaches beyond the studies and sites that you administer");
    }

    /// A change of the account itself, not of a single role.
    Result<Response> changed_whole(const Request& request, const Change& change,
                                   const std::string& password = {}) {
        return changed(
            request,
            [&](store::Desk& desk, const store::Act& act, const store::Account& account,
                const nlohmann::json& body) -> Result<void> {
                if (!governs(request.who, account)) {
                    return not_governed(account);
                }
                return change(desk, act, account, body);
            },
            password);
    }

    /// Runs a change of the path's account in one transaction, with its reason, and says the
    /// account as it is then.
    Result<Response> changed(const Request& request, const Change& change,
                             const std::string& password = {}, int status = 200) {
        const Result<nlohmann::json> body = request.json();
        const Result<std::int64_t> id = request.number("id");
        if (!body || !id) {
            return tl::unexpected(body ? id.error() : body.error());
        }
        if (const Result<void> reason = need_reason(*body); !reason) {
            return tl::unexpected(reason.error());
        }
        {
            store::Desk desk(services_.writer);
            const std::optional<store::Account> account = store::account(desk, *id);
            if (!account) {
                return fail(Code::not_found, Place{"account"});
            }
            const Result<void> done =
                change(desk, request.act(Permission::accounts_change, *body), *account, *body);
            if (!done) {
                return tl::unexpected(done.error());
            }
            desk.commit();
        }
        sessions_.forget();
        return said(request.who, *id, status, password);
    }

    static Result<void> apply(store::Desk& desk, const store::Act& act, const Request& request,
                              const store::Account& account, const nlohmann::json& body) {
        if (const Result<void> same = request.unchanged(account.version); !same) {
            return same;
        }
        if (body.contains("display_name")) {
            const Result<std::string> name = display_name_of(body);
            if (!name) {
                return tl::unexpected(name.error());
            }
            if (const auto done = store::rename_account(desk, act, account.id, *name); !done) {
                return done;
            }
        }
        if (body.contains("state")) {
            const auto state = store::account_state_from(text_of(body, "state"));
            if (!state) {
                return fail(Code::body_bad, Place{"state"}, "active or disabled");
            }
            if (const auto done = store::set_account_state(desk, act, account.id, *state); !done) {
                return done;
            }
        }
        if (const auto unlock = body.find("unlock"); unlock != body.end() && *unlock == true) {
            return store::unlock_account(desk, act, account.id);
        }
        return {};
    }

    /// A role in a study and site that the configuration knows.
    Result<store::NewGrant> grant_of(const nlohmann::json& body) const {
        const std::optional<security::Role> role = role_of(text_of(body, "role"));
        if (!role) {
            return fail(Code::body_bad, Place{"role"}, "no role has this name");
        }
        store::NewGrant made{{*role, text_of(body, "study"), text_of(body, "site")},
                             text_of(body, "training")};
        const auto configuration = services_.snapshots.configuration();
        const study::StudyDefinition* study = configuration->rules().study(made.grant.study);
        if (!made.grant.study.empty() && study == nullptr) {
            return fail(Code::body_bad, Place{"study"}, "the configuration has no such study");
        }
        if (!made.grant.site.empty() &&
            (study == nullptr || study->site(made.grant.site) == nullptr)) {
            return fail(Code::body_bad, Place{"site"}, "the study has no such site");
        }
        return made;
    }

    /// `at` of the query: a day (its end, UTC) or an instant; now where it is not asked.
    static Result<Instant> instant_of(const Request& request) {
        const std::string_view text = request.asked("at");
        if (text.empty()) {
            return request.at;
        }
        const Result<Timestamp> time = parse_iso_time(text);
        const Result<Instant> bad =
            fail(Code::parameter_bad, Place{"at"}, "a day, or a time with its zone");
        if (!time || time->precision < Precision::day || (time->has_time() && !time->offset)) {
            return bad;
        }
        using std::chrono::microseconds;
        const microseconds day = time->day.time_since_epoch();
        if (!time->has_time()) {
            constexpr microseconds kDay = std::chrono::hours(24);
            return Instant{(day + kDay).count() - 1};
        }
        return Instant{(day + time->time_of_day - microseconds(*time->offset)).count()};
    }

    Result<Response> said(const security::Principal& who, std::int64_t id, int status,
                          const std::string& password = {}) {
        return with_reads(services_, [&](store::ReadSession& reads) -> Result<Response> {
            const std::optional<store::Account> account = store::account(reads, id);
            if (!account) {
                return fail(Code::not_found, Place{"account"});
            }
            Json json = json_of(who, *account);
            if (!password.empty()) {
                json["initial_password"] = password;
            }
            return answer(json, status);
        });
    }

    const Services& services_;
    Sessions& sessions_;
};

constexpr std::string_view kAccount =
    R"({"type":"object","required":["id","etag","name","display_name","state","grants",)"
    R"("may_change","may_give"]})";
constexpr std::string_view kReason = R"({"type":"object","required":["reason"]})";

}  // namespace

void add_account_routes(Router& router, const Services& services, Sessions& sessions) {
    const auto routes = std::make_shared<AccountRoutes>(services, sessions);
    const auto bound = [&routes](auto handler) {
        return [routes, handler](const Request& request) { return ((*routes).*handler)(request); };
    };
    const Access view = Access::within(Permission::accounts_view);
    const Access change = Access::within(Permission::accounts_change);
    const std::vector<Parameter> paged = {{"limit", "1 to 500, 50 by default", "integer"},
                                          {"after", "`next` of the page before"}};
    std::vector<Parameter> at = paged;
    at.push_back({"at", "A day (its end, UTC) or an instant; now where it is not given"});
    router.add({Method::get,
                "/accounts",
                view,
                "Accounts with the roles that they have and had",
                paged,
                {},
                {},
                bound(&AccountRoutes::list)});
    router.add({Method::get,
                "/accounts/{id}",
                view,
                "One account",
                {},
                {},
                kAccount,
                bound(&AccountRoutes::one)});
    router.add({Method::post,
                "/accounts",
                change,
                "Make an account; without a password one is made and said once",
                {},
                R"({"type":"object","required":["name","display_name"]})",
                kAccount,
                bound(&AccountRoutes::add)});
    router.add({Method::patch,
                "/accounts/{id}",
                change,
                "Name a person anew, open or close the account",
                {},
                kReason,
                kAccount,
                bound(&AccountRoutes::change)});
    router.add({Method::post,
                "/accounts/{id}/password",
                change,
                "A new password for the first sign-in, said once",
                {},
                kReason,
                kAccount,
                bound(&AccountRoutes::reset_password)});
    router.add({Method::del,
                "/accounts/{id}/second-factor",
                change,
                "Take a lost second factor away",
                {},
                kReason,
                kAccount,
                bound(&AccountRoutes::remove_second_factor)});
    router.add({Method::post,
                "/accounts/{id}/grants",
                change,
                "Give a role, with its training on record",
                {},
                R"({"type":"object","required":["role","training","reason"]})",
                kAccount,
                bound(&AccountRoutes::give_role)});
    router.add({Method::del,
                "/accounts/{id}/grants/{grant}",
                change,
                "End a role",
                {},
                kReason,
                kAccount,
                bound(&AccountRoutes::end_role)});
    router.add({Method::get,
                "/access",
                view,
                "Who could do what at an instant",
                at,
                {},
                {},
                bound(&AccountRoutes::access)});
    router.add({Method::get,
                "/permissions",
                Access::signed_in(),
                "The table of rights",
                {},
                {},
                {},
                bound(&AccountRoutes::permissions)});
}

}  // namespace labrelay::api
