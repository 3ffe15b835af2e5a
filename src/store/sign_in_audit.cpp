#include "sign_in_audit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "desk_open.hpp"

namespace labrelay::store {

void audit_sign_in(Desk& desk, const std::string& actor, std::string_view session,
                   const std::string& what, std::string_view peer) {
    Act act;
    act.actor = actor;
    act.origin = Origin::page;
    act.session = session;
    const std::string after = peer.empty() ? std::string() : nlohmann::json{{"from", peer}}.dump();
    desk.audit(act, {"sign-in", what, "account", actor, {}, after});
}

bool count_failure(Desk& desk, const Credentials& account, std::string_view session,
                   const std::string& what, std::string_view peer) {
    const security::Standing after = security::after_failure(account.standing, desk.now());
    write_standing(desk.open().db(), account.account, after);
    audit_sign_in(desk, account.name, session, what, peer);
    if (!after.closed(desk.now())) return false;
    audit_sign_in(desk, account.name, session,
                  fmt::format("account closed after {} failures, until {}",
                              security::kFailuresAllowed, to_iso(after.closed_until)),
                  peer);
    return true;
}

}  // namespace labrelay::store
