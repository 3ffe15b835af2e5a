#include "labrelay/store/console_session.hpp"

#include <fmt/format.h>

#include "account_tables.hpp"
#include "desk_open.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/security/totp.hpp"
#include "read_core.hpp"
#include "sign_in_audit.hpp"

namespace labrelay::store {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kIdBytes = 8;

std::string digest_of(std::string_view token) {
    const crypto::Sha256 digest = crypto::sha256(token);
    return {digest.begin(), digest.end()};
}

template <class Key>
std::optional<Credentials> look_up(ReadPool& reads, const Key& key) {
    auto borrowed = reads.borrow();
    if (!borrowed) throw pipeline::StoreFault(describe(borrowed.error()), false);
    const ReadTransaction transaction((**borrowed).core().database);
    return read_credentials((**borrowed).core().database, key);
}

/// The account that the person at the organisation's sign-in service is bound to; empty: none yet.
std::string bound_account(Connection& database, std::string_view subject) {
    auto query = database.prepare("SELECT name FROM account WHERE subject = ? AND subject <> ''");
    query.bind(subject);
    return query.step() ? query.string(0) : std::string();
}

/// The second half of a sign-in, in one transaction: what was looked at before hashing may have
/// changed.
class Door {
public:
    Door(Desk& desk, const SignInAttempt& attempt, Credentials account)
        : desk_(desk), attempt_(attempt), account_(std::move(account)) {}

    Result<void> open(bool password_fits, const std::string& better_hash) {
        if (account_.standing.closed(desk_.now())) {
            say("sign-in refused: the account is closed after failures");
            return fail(Code::account_locked);
        }
        if (!password_fits) return failed("sign-in failed");
        if (!account_.subject.empty()) {
            return failed("sign-in failed: the account signs in by the organisation's service");
        }
        if (account_.state != AccountState::active) {
            say("sign-in refused: the account is disabled");
            return fail(Code::account_disabled);
        }
        std::int64_t step = account_.last_step;
        if (!account_.second_factor.empty()) {
            if (attempt_.code.empty()) return fail(Code::second_factor_needed);
            const auto fits =
                security::totp_step(open_second_factor(desk_.open().core.second_factor_key,
                                                       account_.account, account_.second_factor),
                                    attempt_.code, desk_.now(), account_.last_step);
            if (!fits) return failed("sign-in failed: the one-time code does not fit");
            step = *fits;
        }
        desk_.open()
            .db()
            .prepare(
                "UPDATE account SET failures = 0, locked_until_us = 0, totp_last = ?, "
                "password = ? WHERE account_id = ?")
            .bind(step, better_hash.empty() ? account_.password : better_hash, account_.account)
            .run();
        return {};
    }

private:
    void say(const std::string& what) {
        audit_sign_in(desk_, account_.name, {}, what, attempt_.peer);
    }
    tl::unexpected<Error> failed(const std::string& what) {
        const bool closed = count_failure(desk_, account_, {}, what, attempt_.peer);
        return fail(closed ? Code::account_locked : Code::sign_in_failed);
    }

    Desk& desk_;
    const SignInAttempt& attempt_;
    Credentials account_;
};

/// What was typed as a name may be a password: it is not written down.
Code refuse_stranger(Desk& desk, security::FailureCounter& strangers,
                     const SignInAttempt& attempt) {
    const std::string key = digest_of(security::account_name(attempt.name).value_or(attempt.name));
    const bool closed = strangers.exhausted(key, desk.now());
    if (!closed) strangers.add(key, desk.now());
    audit_sign_in(desk, "nobody", {},
                  closed ? "sign-in refused: no account has this name, and it was tried before"
                         : "sign-in failed: no account has this name",
                  attempt.peer);
    return strangers.exhausted(key, desk.now()) ? Code::account_locked : Code::sign_in_failed;
}

}  // namespace

Result<OpenedSession> sign_in(ReadPool& reads, StoreWriter& writer,
                              security::FailureCounter& strangers, const SignInAttempt& attempt,
                              const security::SessionTimes& times) {
    const Result<std::string> name = security::account_name(attempt.name);
    const auto before = name ? look_up(reads, *name) : std::nullopt;
    const bool fits =
        security::password_fits(before ? before->password : std::string(), attempt.password);
    const std::string better = fits && security::is_outdated(before->password)
                                   ? security::hash_password(attempt.password)
                                   : std::string();
    Desk desk(writer);
    take_accounts(desk.open().db());
    if (!before) {
        const Code code = refuse_stranger(desk, strangers, attempt);
        desk.commit();
        return fail(code);
    }
    const auto now = read_credentials(desk.open().db(), before->account);
    const bool unchanged = now && now->password == before->password;
    const Result<void> opened =
        Door(desk, attempt, now.value_or(*before)).open(fits && unchanged, better);
    if (!opened) {
        desk.commit();
        return tl::unexpected(opened.error());
    }
    OpenedSession made = open_session(desk, before->account, attempt.peer, times);
    desk.commit();
    return made;
}

Result<OpenedSession> sign_in_proven(StoreWriter& writer, const ProvenPerson& person,
                                     const security::SessionTimes& times) {
    Desk desk(writer);
    Connection& database = desk.open().db();
    take_accounts(database);
    const Result<std::string> name = security::account_name(person.name);
    const auto account = name ? read_credentials(database, *name) : std::nullopt;
    const auto refuse = [&](Code code, const std::string& why) -> Result<OpenedSession> {
        audit_sign_in(desk, account ? account->name : "nobody", {},
                      "sign-in by the organisation's service refused: " + why, person.peer);
        desk.commit();
        return fail(code);
    };
    if (!account) return refuse(Code::sign_in_failed, "no account has the name");
    if (!account->subject.empty() && account->subject != person.subject) {
        return refuse(Code::sign_in_failed, "the name belongs to another person there");
    }
    // With a second account they would be their own second person.
    if (const std::string bound = bound_account(database, person.subject);
        !bound.empty() && bound != account->name) {
        return refuse(Code::sign_in_failed,
                      fmt::format("the person there has the account {}", bound));
    }
    if (account->state != AccountState::active) {
        return refuse(Code::account_disabled, "the account is disabled");
    }
    if (account->standing.closed(desk.now())) {
        return refuse(Code::account_locked, "the account is closed after failures");
    }
    const auto holder = read_account(database, account->account);
    // Somebody signs in with it: whoever can choose a name elsewhere must not take it over.
    if (account->subject.empty() && !account->password.empty() && holder &&
        !holder->must_change_password) {
        return refuse(Code::sign_in_failed, "the account has a password of its holder's own");
    }
    if (account->subject.empty()) {
        database
            .prepare(
                "UPDATE account SET subject = ?, password = '', password_us = 0, must_change = 0, "
                "version = version + 1 WHERE account_id = ?")
            .bind(person.subject, account->account)
            .run();
        audit_sign_in(desk, account->name, {},
                      "bound to the person at the organisation's sign-in service", person.peer);
    }
    OpenedSession made = open_session(desk, account->account, person.peer, times);
    desk.commit();
    return made;
}

Result<void> confirm_own_password(ReadPool& reads, StoreWriter& writer,
                                  const security::Principal& who, std::string_view password,
                                  std::string_view purpose) {
    const auto before = look_up(reads, who.account);
    const bool fits = security::password_fits(before ? before->password : std::string(), password);
    Desk desk(writer);
    take_accounts(desk.open().db());
    const auto now = read_credentials(desk.open().db(), who.account);
    if (!now || now->state != AccountState::active) return fail(Code::account_disabled);
    if (now->standing.closed(desk.now())) return fail(Code::account_locked);
    if (!fits || now->password != before->password) {
        const bool closed =
            count_failure(desk, *now, who.session, fmt::format("{} failed", purpose), {});
        desk.commit();
        return fail(closed ? Code::account_locked : Code::sign_in_failed);
    }
    if (now->standing.failures > 0) {
        write_standing(desk.open().db(), now->account, {});
        desk.commit();
    }
    return {};
}

OpenedSession open_session(Desk& desk, std::int64_t account, std::string_view peer,
                           const security::SessionTimes& times) {
    Connection& database = desk.open().db();
    const Instant now = desk.now();
    const auto of = read_credentials(database, account);
    if (!of) throw pipeline::StoreFault("a session needs its account", true);
    const std::chrono::microseconds idle = times.idle;
    database.prepare("DELETE FROM console_session WHERE expires_us <= ? OR last_us <= ?")
        .bind(now.microseconds, now.microseconds - idle.count())
        .run();
    OpenedSession made{crypto::random_hex(kTokenBytes), account};
    const std::string id = crypto::random_hex(kIdBytes);
    const std::string csrf = crypto::random_hex(kTokenBytes);
    const std::string digest = digest_of(made.token);
    const std::chrono::microseconds whole = times.whole;
    database
        .prepare(
            "INSERT INTO console_session(token, session_id, account_id, csrf, created_us, last_us, "
            "expires_us, peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(Blob{digest}, id, account, csrf, now.microseconds, now.microseconds,
              now.microseconds + whole.count(), peer)
        .run();
    audit_sign_in(desk, of->name, id, "signed in", peer);
    return made;
}

std::optional<KnownSession> session_of(ReadSession& session, std::string_view token) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    const std::string digest = digest_of(token);
    KnownSession known;
    {
        auto query = database.prepare(
            "SELECT s.session_id, s.csrf, s.created_us, s.last_us, s.signed_us, a.account_id, "
            "a.name, a.display_name, a.state, a.must_change, "
            "CASE WHEN a.totp IS NULL THEN 0 ELSE 1 END, a.certified, a.password_us, "
            "CASE WHEN a.password = '' THEN 0 ELSE 1 END "
            "FROM console_session s JOIN account a ON a.account_id = s.account_id "
            "WHERE s.token = ?");
        query.bind(Blob{digest});
        if (!query.step() || query.text(8) != to_string(AccountState::active)) return std::nullopt;
        known.who.session = query.string(0);
        known.csrf = query.string(1);
        known.created = Instant{query.integer(2)};
        known.last_asked = Instant{query.integer(3)};
        known.signed_once = query.integer(4) > 0;
        known.who.account = query.integer(5);
        known.who.name = query.string(6);
        known.who.display_name = query.string(7);
        known.must_change_password = query.flag(9);
        known.has_second_factor = query.flag(10);
        known.certified = !query.text(11).empty();
        known.password_set = Instant{query.integer(12)};
        known.has_password = query.flag(13);
    }
    auto query = database.prepare(
        "SELECT role, study, site FROM account_grant WHERE account_id = ? AND until_us IS NULL "
        "ORDER BY grant_id");
    query.bind(known.who.account);
    while (query.step()) {
        const auto role = security::role_from(query.text(0));
        if (!role) throw pipeline::unreadable("a grant's role cannot be read");
        known.who.grants.push_back({*role, query.string(1), query.string(2)});
    }
    return known;
}

void renew_session(Desk& desk, std::string_view token) {
    const std::string digest = digest_of(token);
    desk.open()
        .db()
        .prepare("UPDATE console_session SET last_us = ? WHERE token = ?")
        .bind(desk.now().microseconds, Blob{digest})
        .run();
}

void end_session(Desk& desk, const Act& act, std::string_view token) {
    const std::string digest = digest_of(token);
    desk.open()
        .db()
        .prepare("DELETE FROM console_session WHERE token = ?")
        .bind(Blob{digest})
        .run();
    audit_sign_in(desk, act.actor, act.session, "signed out", {});
}

}  // namespace labrelay::store
