#include "labrelay/api/session_routes.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "body.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/security/totp.hpp"
#include "labrelay/store/account_desk.hpp"
#include "labrelay/store/signature.hpp"
#include "open_problems.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;

/// Failures from one address within a minute: more than a person makes, far less than guessing
/// needs. Behind a proxy all people share one.
constexpr std::int64_t kFailuresByAddress = 30;
constexpr std::chrono::minutes kAddressWindow{1};

Response nothing() {
    Response made;
    made.status = 204;
    return made;
}

/// What a person does to their own account needs no role.
store::Act own_act(const Request& request) {
    store::Act act;
    act.actor = request.who.name;
    act.origin = store::Origin::page;
    act.session = request.who.session;
    return act;
}

class SessionRoutes {
public:
    SessionRoutes(const Services& services, Sessions& sessions, std::string version)
        : services_(services), sessions_(sessions), version_(std::move(version)) {}

    Result<Response> ways(const Request&) const {
        return answer({{"oidc", sessions_.settings().by_provider}});
    }

    Result<Response> sign_in(const Request& request) {
        const Result<nlohmann::json> body = request.json();
        if (!body) {
            return tl::unexpected(body.error());
        }
        if (addresses_.exhausted(request.peer, request.at)) {
            return fail(Code::too_many_requests);
        }
        const store::SignInAttempt attempt{text_of(*body, "name"), text_of(*body, "password"),
                                           text_of(*body, "code"), request.peer};
        const Result<store::OpenedSession> opened = store::sign_in(
            services_.reads, services_.writer, strangers_, attempt, sessions_.settings().times);
        if (!opened) {
            if (opened.error().code != Code::second_factor_needed) {
                addresses_.add(request.peer, request.at);
            }
            return tl::unexpected(opened.error());
        }
        Request mine = request;
        mine.cookie = sessions_.cookie(request, opened->token);
        const std::optional<store::KnownSession> session = sessions_.session(mine);
        if (!session) {
            return fail(Code::sign_in_needed);
        }
        Result<Response> made = me_of(*session);
        if (made) {
            made->headers.emplace_back("Set-Cookie", mine.cookie);
        }
        return made;
    }

    Result<Response> sign_out(const Request& request) {
        store::Desk desk(services_.writer);
        store::end_session(desk, own_act(request), Sessions::token_of(request));
        desk.commit();
        sessions_.forget();
        Response made = nothing();
        made.headers.emplace_back("Set-Cookie", sessions_.cookie(request, {}));
        return made;
    }

    Result<Response> me(const Request& request) {
        if (request.who.command) {
            store::KnownSession command;
            command.who = request.who;
            command.created = command.last_asked = request.at;
            command.has_second_factor = true;
            return me_of(command);
        }
        const std::optional<store::KnownSession> session = sessions_.session(request);
        if (!session) {
            return fail(Code::sign_in_needed);
        }
        return me_of(*session);
    }

    Result<Response> change_password(const Request& request) {
        const Result<nlohmann::json> body = own_body(request);
        if (!body) {
            return tl::unexpected(body.error());
        }
        const std::string chosen = text_of(*body, "new");
        const std::string current = text_of(*body, "current");
        if (const auto strong = security::check_password(chosen, request.who.name); !strong) {
            return tl::unexpected(strong.error());
        }
        if (chosen == current) {
            return fail(Code::password_weak, Place{"password"}, "it is the one you have");
        }
        // Who signs in elsewhere has none until the first one for signing is set.
        const auto session = sessions_.session(request);
        if (!session || session->has_password) {
            if (const auto known = confirm(request, current, "change of password"); !known) {
                return tl::unexpected(known.error());
            }
        }
        const std::string hash = security::hash_password(chosen);
        return in_desk([&](store::Desk& desk) {
            return store::set_password(desk, own_act(request), request.who.account, hash, false);
        });
    }

    Result<Response> begin_second_factor(const Request& request) {
        if (request.who.account == 0) {
            return fail(Code::forbidden);
        }
        // Replacing one takes the password: by taking the old one away first.
        const auto session = sessions_.session(request);
        if (!session || session->has_second_factor) {
            return fail(Code::state_change_bad, Place{"second-factor"}, "take the old one away");
        }
        const std::string secret = security::make_totp_secret();
        const Result<Response> kept = in_desk([&](store::Desk& desk) {
            return store::propose_second_factor(desk, own_act(request), request.who.account,
                                                secret);
        });
        if (!kept) {
            return kept;
        }
        return answer({{"secret", security::base32(secret)},
                       {"uri", security::otpauth_uri(request.who.name, secret)}});
    }

    Result<Response> confirm_second_factor(const Request& request) {
        const Result<nlohmann::json> body = own_body(request);
        if (!body) {
            return tl::unexpected(body.error());
        }
        return in_desk([&](store::Desk& desk) {
            return store::confirm_second_factor(desk, own_act(request), request.who.account,
                                                text_of(*body, "code"));
        });
    }

    Result<Response> remove_second_factor(const Request& request) {
        const Result<nlohmann::json> body = own_body(request);
        if (!body) {
            return tl::unexpected(body.error());
        }
        if (const auto known = confirm(request, text_of(*body, "password"), "second factor");
            !known) {
            return tl::unexpected(known.error());
        }
        return in_desk([&](store::Desk& desk) {
            return store::remove_second_factor(desk, own_act(request), request.who.account);
        });
    }

private:
    /// Of somebody who has an account: a command on this host has no password.
    static Result<nlohmann::json> own_body(const Request& request) {
        if (request.who.account == 0) {
            return fail(Code::forbidden);
        }
        return request.json();
    }

    Result<void> confirm(const Request& request, const std::string& password,
                         std::string_view purpose) {
        return store::confirm_own_password(services_.reads, services_.writer, request.who, password,
                                           purpose);
    }

    template <class Work>
    Result<Response> in_desk(const Work& work) {
        store::Desk desk(services_.writer);
        if (const Result<void> done = work(desk); !done) {
            return tl::unexpected(done.error());
        }
        desk.commit();
        sessions_.forget();
        return nothing();
    }

    Json studies_of(const security::Principal& who) const {
        Json studies = Json::array();
        const auto configuration = services_.snapshots.configuration();
        for (const study::StudyDefinition& study : configuration->rules().studies) {
            const auto sees = [&](std::string_view site) {
                return who.command || std::ranges::any_of(who.grants, [&](const auto& grant) {
                           return (grant.study.empty() || grant.study == study.id) &&
                                  (site.empty() || grant.site.empty() || grant.site == site);
                       });
            };
            if (!sees({})) {
                continue;
            }
            Json sites = Json::array();
            for (const study::Site& site : study.sites) {
                if (sees(site.id)) {
                    sites.push_back(site.id);
                }
            }
            studies.push_back({{"id", study.id}, {"name", study.name}, {"sites", sites}});
        }
        return studies;
    }

    Json engine() const {
        const bool ready = services_.engine.ready();
        return {{"state", ready ? "live" : "store away"},
                {"reason", ready ? "Messages are taken and stored."
                                 : "The store cannot be written: messages wait at their senders."},
                {"version", version_},
                {"config_hash", services_.snapshots.configuration()->hash()},
                {"node", std::to_string(services_.writer.node())}};
    }

    std::int64_t open_problems_of(const security::Principal& who) const {
        if (!who.may(security::Permission::problems_view)) {
            return 0;
        }
        const views::Sight sight(who, security::Permission::problems_view,
                                 services_.snapshots.configuration(),
                                 services_.snapshots.registry());
        return with_reads(services_,
                          [&](store::ReadSession& reads) { return open_problems(reads, sight); });
    }

    Result<Response> me_of(const store::KnownSession& session) const {
        security::Principal who = session.who;
        who.limited = session.must_change_password || sessions_.must_enrol(session);
        Json roles = Json::array();
        for (const security::Grant& grant : who.grants) {
            roles.push_back({{"role", security::to_string(grant.role)},
                             {"study", grant.study},
                             {"site", grant.site}});
        }
        Json permissions = Json::array();
        Json everywhere = Json::array();
        for (const security::PermissionRow& row : security::permissions()) {
            if (who.may(row.permission)) {
                permissions.push_back(row.key);
            }
            if (who.may(row.permission, {}, {})) {
                everywhere.push_back(row.key);
            }
        }
        Json json;
        json["account"] = {
            {"id", std::to_string(who.account)},
            {"name", who.name},
            {"display_name", who.display_name},
            {"roles", std::move(roles)},
            {"second_factor", session.has_second_factor},
            {"has_password", session.has_password},
            {"must_change_password", session.must_change_password},
            {"must_enrol_second_factor", sessions_.must_enrol(session)},
            {"signing",
             {{"name_needed", !session.signed_once},
              {"declaration", session.certified ? Json() : Json(store::kDeclaration)}}}};
        json["permissions"] = std::move(permissions);
        json["everywhere"] = std::move(everywhere);
        json["studies"] = studies_of(who);
        json["csrf"] = session.csrf;
        json["expires_at"] =
            to_iso(sessions_.settings().times.end(session.created, session.last_asked));
        json["engine"] = engine();
        json["open_problems"] = open_problems_of(who);
        json["oidc"] = sessions_.settings().by_provider;
        return answer(json);
    }

    const Services& services_;
    Sessions& sessions_;
    std::string version_;
    security::FailureCounter addresses_{kFailuresByAddress, kAddressWindow};
    security::FailureCounter strangers_{security::kFailuresAllowed, security::kClosedFor};
};

constexpr std::string_view kMe =
    R"({"type":"object","required":["account","permissions","everywhere","studies","csrf",)"
    R"("expires_at","engine"],"properties":{"permissions":{"type":"array","items":{"type":"string"},)"
    R"("description":"rights that are held in some study or site"},"everywhere":{"type":"array",)"
    R"("items":{"type":"string"},"description":"those of them that are held in all studies"}}})";
constexpr std::string_view kSignIn =
    R"({"type":"object","required":["name","password"],"properties":)"
    R"({"name":{"type":"string"},"password":{"type":"string"},"code":{"type":"string"}}})";

}  // namespace

void add_session_routes(Router& router, const Services& services, Sessions& sessions,
                        std::string version) {
    const auto routes = std::make_shared<SessionRoutes>(services, sessions, std::move(version));
    const auto bound = [&routes](auto handler) {
        return [routes, handler](const Request& request) { return ((*routes).*handler)(request); };
    };
    const Access anyone = Access::anyone();
    const Access signed_in = Access::signed_in();
    router.add({Method::get,
                "/session",
                anyone,
                "What ways to sign in there are",
                {},
                {},
                {},
                bound(&SessionRoutes::ways)});
    router.add({Method::post,
                "/session",
                anyone,
                "Sign in",
                {},
                kSignIn,
                kMe,
                bound(&SessionRoutes::sign_in)});
    router.add({Method::del,
                "/session",
                signed_in,
                "Sign out",
                {},
                {},
                {},
                bound(&SessionRoutes::sign_out)});
    router.add({Method::get,
                "/me",
                signed_in,
                "Who is signed in, what they may do, and how the engine is",
                {},
                {},
                kMe,
                bound(&SessionRoutes::me)});
    router.add({Method::post,
                "/me/password",
                signed_in,
                "Change one's password",
                {},
                R"({"type":"object","required":["current","new"]})",
                {},
                bound(&SessionRoutes::change_password)});
    router.add({Method::post,
                "/me/second-factor",
                signed_in,
                "Begin a second factor: its secret, shown once",
                {},
                {},
                R"({"type":"object","required":["secret","uri"]})",
                bound(&SessionRoutes::begin_second_factor)});
    router.add({Method::put,
                "/me/second-factor",
                signed_in,
                "Turn it on with a code of it",
                {},
                R"({"type":"object","required":["code"]})",
                {},
                bound(&SessionRoutes::confirm_second_factor)});
    router.add({Method::del,
                "/me/second-factor",
                signed_in,
                "Take one's second factor away",
                {},
                R"({"type":"object","required":["password"]})",
                {},
                bound(&SessionRoutes::remove_second_factor)});
}

}  // namespace labrelay::api
