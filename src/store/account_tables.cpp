#include "account_tables.hpp"

#include <fmt/format.h>

#include "labrelay/crypto/aead.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "shared_store.hpp"

namespace labrelay::store {
namespace {

AccountState state_of(std::string_view text) {
    const auto state = account_state_from(text);
    if (!state) throw pipeline::unreadable("an account's state cannot be read");
    return *state;
}

security::Role role_of(std::string_view text) {
    const auto role = security::role_from(text);
    if (!role) throw pipeline::unreadable("a grant's role cannot be read");
    return *role;
}

/// Of an account; the first fact of it is that it was made.
#define LABRELAY_ACCOUNT(where)                                                             \
    "SELECT account_id, name, display_name, state, must_change, "                           \
    "CASE WHEN totp IS NULL THEN 0 ELSE 1 END, locked_until_us, created_us, version, "      \
    "coalesce((SELECT f.actor FROM account_fact f WHERE f.account_id = account.account_id " \
    "ORDER BY f.fact_id LIMIT 1), '') FROM account WHERE " where
constexpr const char* kOneAccount = LABRELAY_ACCOUNT("account_id = ?");
constexpr const char* kAccounts = LABRELAY_ACCOUNT("account_id > ? ORDER BY account_id LIMIT ?");
#undef LABRELAY_ACCOUNT

/// In the order of the columns that are asked for.
Account account_from(const Query& row) {
    Account account;
    account.id = row.integer(0);
    account.name = row.string(1);
    account.display_name = row.string(2);
    account.state = state_of(row.text(3));
    account.must_change_password = row.flag(4);
    account.second_factor = row.flag(5);
    if (row.integer(6) > 0) account.closed_until = Instant{row.integer(6)};
    account.created = Instant{row.integer(7)};
    account.version = row.integer(8);
    account.made_by = row.string(9);
    return account;
}

AccountGrant grant_from(const Query& row, int first) {
    AccountGrant grant;
    grant.id = row.integer(first);
    grant.grant = {role_of(row.text(first + 1)), row.string(first + 2), row.string(first + 3)};
    grant.training = row.string(first + 4);
    grant.from = Instant{row.integer(first + 5)};
    if (const auto until = row.optional_integer(first + 6)) grant.until = Instant{*until};
    grant.granted_by = row.string(first + 7);
    grant.ended_by = row.string(first + 8);
    grant.reason = row.string(first + 9);
    return grant;
}

void read_grants(Connection& database, Account& account) {
    auto query = database.prepare(
        "SELECT grant_id, role, study, site, training, from_us, until_us, granted_by, ended_by, "
        "reason FROM account_grant WHERE account_id = ? ORDER BY grant_id");
    query.bind(account.id);
    while (query.step()) account.grants.push_back(grant_from(query, 0));
}

Credentials credentials_from(const Query& row) {
    Credentials read;
    read.account = row.integer(0);
    read.name = row.string(1);
    read.display_name = row.string(2);
    read.state = state_of(row.text(3));
    read.password = row.string(4);
    read.second_factor = std::string(row.blob(5));
    read.last_step = row.integer(6);
    read.standing = {row.integer(7), Instant{row.integer(8)}, Instant{row.integer(9)}};
    read.certified = !row.text(10).empty();
    read.subject = row.string(11);
    return read;
}

std::string row_name(std::int64_t account) {
    return fmt::format("second factor {}", account);
}

}  // namespace

std::string_view to_string(AccountState state) {
    switch (state) {
        case AccountState::active:
            return "active";
        case AccountState::disabled:
            return "disabled";
    }
    return {};
}

std::optional<AccountState> account_state_from(std::string_view text) {
    for (const AccountState state : {AccountState::active, AccountState::disabled})
        if (text == to_string(state)) return state;
    return std::nullopt;
}

std::optional<Account> read_account(Connection& database, std::int64_t id) {
    std::optional<Account> account;
    {
        auto query = database.prepare(kOneAccount);
        query.bind(id);
        if (!query.step()) return std::nullopt;
        account = account_from(query);
    }
    read_grants(database, *account);
    return account;
}

std::optional<Account> read_account(Connection& database, std::string_view name) {
    std::int64_t id = 0;
    {
        auto query = database.prepare("SELECT account_id FROM account WHERE name = ?");
        query.bind(name);
        if (!query.step()) return std::nullopt;
        id = query.integer(0);
    }
    return read_account(database, id);
}

std::optional<Credentials> read_credentials(Connection& database, std::int64_t id) {
    auto query = database.prepare(
        "SELECT account_id, name, display_name, state, password, totp, totp_last, failures, "
        "failed_us, locked_until_us, certified, subject FROM account WHERE account_id = ?");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return credentials_from(query);
}

std::optional<Credentials> read_credentials(Connection& database, std::string_view name) {
    auto query = database.prepare(
        "SELECT account_id, name, display_name, state, password, totp, totp_last, failures, "
        "failed_us, locked_until_us, certified, subject FROM account WHERE name = ?");
    query.bind(name);
    if (!query.step()) return std::nullopt;
    return credentials_from(query);
}

void take_accounts(Connection& database) {
    if (is_shared(database)) lock_names(database, {"accounts"});
}

void write_standing(Connection& database, std::int64_t account,
                    const security::Standing& standing) {
    database
        .prepare(
            "UPDATE account SET failures = ?, failed_us = ?, locked_until_us = ? "
            "WHERE account_id = ?")
        .bind(standing.failures, standing.since.microseconds, standing.closed_until.microseconds,
              account)
        .run();
}

void end_sessions(Connection& database, std::int64_t account, std::string_view kept) {
    database.prepare("DELETE FROM console_session WHERE account_id = ? AND session_id <> ?")
        .bind(account, kept)
        .run();
}

std::string seal_second_factor(const crypto::SecretKey& key, std::int64_t account,
                               std::string_view secret) {
    return crypto::seal(key, secret, row_name(account));
}

std::string open_second_factor(const crypto::SecretKey& key, std::int64_t account,
                               std::string_view sealed) {
    auto secret = crypto::open_sealed(key, sealed, row_name(account));
    if (!secret) throw pipeline::unreadable("a second factor does not fit the store's key");
    return std::move(*secret);
}

std::vector<AccessRow> read_access(Connection& database, Instant at, std::int64_t after,
                                   std::size_t limit) {
    std::vector<AccessRow> rows;
    auto query = database.prepare(
        "SELECT a.account_id, a.name, a.display_name, g.grant_id, g.role, g.study, g.site, "
        "g.training, g.from_us, g.until_us, g.granted_by, g.ended_by, g.reason "
        "FROM account_grant g JOIN account a ON a.account_id = g.account_id "
        "WHERE g.grant_id > ?1 AND g.from_us <= ?2 AND (g.until_us IS NULL OR g.until_us > ?2) "
        "AND (SELECT f.state FROM account_fact f WHERE f.account_id = a.account_id AND "
        "f.at_us <= ?2 ORDER BY f.fact_id DESC LIMIT 1) = 'active' "
        "ORDER BY g.grant_id LIMIT ?3");
    query.bind(after, at.microseconds, static_cast<std::int64_t>(limit));
    while (query.step())
        rows.push_back({query.integer(0), query.string(1), query.string(2), grant_from(query, 3)});
    return rows;
}

std::vector<Account> read_accounts(Connection& database, std::int64_t after, std::size_t limit) {
    std::vector<Account> accounts;
    {
        auto query = database.prepare(kAccounts);
        query.bind(after, static_cast<std::int64_t>(limit));
        while (query.step()) accounts.push_back(account_from(query));
    }
    for (Account& account : accounts) read_grants(database, account);
    return accounts;
}

}  // namespace labrelay::store
