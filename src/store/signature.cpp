#include "labrelay/store/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "account_tables.hpp"
#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/store/console_session.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

struct Signing {
    std::optional<Credentials> account;
    bool signed_before = false;  ///< in this session
};

Signing look_up(ReadPool& reads, const security::Principal& who) {
    auto borrowed = reads.borrow();
    if (!borrowed) throw pipeline::StoreFault(describe(borrowed.error()), false);
    Connection& database = (**borrowed).core().database;
    const ReadTransaction transaction(database);
    Signing found;
    found.account = read_credentials(database, who.account);
    auto query = database.prepare(
        "SELECT signed_us FROM console_session WHERE account_id = ? AND session_id = ?");
    query.bind(who.account, who.session);
    found.signed_before = query.step() && query.integer(0) > 0;
    return found;
}

bool same_name(const std::string& typed, const std::string& name) {
    const Result<std::string> folded = security::account_name(typed);
    return folded && *folded == name;
}

}  // namespace

Result<Signer> confirm_password(ReadPool& reads, StoreWriter& writer,
                                const security::Principal& who, const GivenSignature& given) {
    if (who.account == 0) {
        return fail(Code::forbidden, Place{"signature"}, "only a person with an account signs");
    }
    const Signing found = look_up(reads, who);
    if (!found.account) return fail(Code::sign_in_needed);
    if (given.password.empty()) return fail(Code::signature_needed, Place{"signature"}, "password");
    if (!found.signed_before && given.name.empty()) {
        return fail(Code::signature_needed, Place{"signature"}, "name");
    }
    if (!found.account->certified && !given.declares) {
        return fail(Code::signature_needed, Place{"signature"}, "declaration");
    }
    const bool right_name = given.name.empty() || same_name(given.name, found.account->name);
    // A wrong name is a failure like a wrong password, and takes as long.
    const Result<void> confirmed =
        confirm_own_password(reads, writer, who, right_name ? given.password : "", "signature");
    if (!confirmed) {
        const Code code = confirmed.error().code;
        return fail(code == Code::sign_in_failed ? Code::signature_failed : code);
    }
    return Signer{who.account,
                  fmt::format("{} ({})", found.account->display_name, found.account->name),
                  found.account->name, who.session, given.declares && !found.account->certified};
}

std::string canonical_form(const nlohmann::json& content) {
    return content.dump();  // keys sorted, no blanks
}

crypto::Sha256 content_digest(const nlohmann::json& content) {
    return crypto::sha256(canonical_form(content));
}

std::int64_t sign(Desk& desk, const Signer& signer, std::string_view meaning,
                  std::string_view object_kind, std::string_view object,
                  const nlohmann::json& content) {
    Connection& database = desk.open().db();
    const std::int64_t now = desk.now().microseconds;
    const crypto::Sha256 digest = content_digest(content);
    const std::string bytes(digest.begin(), digest.end());
    if (signer.declares) {
        const std::string declared = fmt::format("{} {}", to_iso(desk.now()), kDeclaration);
        database.prepare("UPDATE account SET certified = ? WHERE account_id = ?")
            .bind(declared, signer.account)
            .run();
    }
    database
        .prepare(
            "UPDATE console_session SET signed_us = ? WHERE account_id = ? AND session_id = ? AND "
            "signed_us = 0")
        .bind(now, signer.account, signer.session)
        .run();
    std::int64_t id = 0;
    {
        auto query = database.prepare(
            "INSERT INTO signature(account_id, name, at_us, meaning, object_kind, object, content, "
            "session_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING signature_id");
        query.bind(signer.account, signer.name, now, meaning, object_kind, object, Blob{bytes},
                   signer.session);
        query.step();
        id = query.integer(0);
    }
    Act act;
    act.actor = signer.account_name;
    act.origin = Origin::page;
    act.session = signer.session;
    const nlohmann::json after = {{"signature", id},
                                  {"name", signer.name},
                                  {"meaning", meaning},
                                  {"object_kind", object_kind},
                                  {"object", object},
                                  {"content_sha256", crypto::to_hex(digest)},
                                  {"declares", signer.declares}};
    desk.audit(
        act,
        {"signature", fmt::format("Signed as {}", meaning), object_kind, object, {}, after.dump()});
    return id;
}

bool Signature::stands_for(std::string_view kind, std::string_view id_of_object,
                           const nlohmann::json& content_now) const {
    return object_kind == kind && object == id_of_object && content == content_digest(content_now);
}

std::optional<Signature> signature(ReadSession& session, std::int64_t id) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT signature_id, account_id, name, at_us, meaning, object_kind, object, content "
        "FROM signature WHERE signature_id = ?");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    Signature read{query.integer(0), query.integer(1), query.string(2), Instant{query.integer(3)},
                   query.string(4),  query.string(5),  query.string(6), {}};
    const std::string_view content = query.blob(7);
    if (content.size() != read.content.size())
        throw pipeline::unreadable("a signature's digest cannot be read");
    std::copy_n(content.begin(), content.size(), read.content.begin());
    return read;
}

}  // namespace labrelay::store
