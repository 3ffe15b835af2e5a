#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "labrelay/store/account.hpp"
#include "labrelay/store/desk.hpp"

namespace labrelay::store {

/// Changes of accounts, each with its audit row. Nothing is committed here; after a refusal the
/// desk is let go without a commit. Names are those of security::account_name(),
/// passwords are hashes of security::hash_password(). Errors of all that name an account:
/// not-found.

struct NewAccount {
    std::string name;
    std::string display_name;
    std::string password;  ///< hash; empty: none, until one is set
    bool must_change = true;
};
/// Without roles: it may do nothing yet. Errors: account-exists.
Result<std::int64_t> add_account(Desk& desk, const Act& act, const NewAccount& account);

std::optional<Account> account(Desk& desk, std::int64_t id);
std::optional<Account> account_named(Desk& desk, std::string_view name);

/// Disabling ends the account's sessions. Errors: last-administrator.
Result<void> set_account_state(Desk& desk, const Act& act, std::int64_t id, AccountState state);
/// Opens what failures have closed.
Result<void> unlock_account(Desk& desk, const Act& act, std::int64_t id);
Result<void> rename_account(Desk& desk, const Act& act, std::int64_t id,
                            std::string_view display_name);

/// Ends the account's sessions, but for the one that it is done in.
Result<void> set_password(Desk& desk, const Act& act, std::int64_t id, std::string_view hash,
                          bool must_change);

struct NewGrant {
    security::Grant grant;
    std::string training;
};
/// The grant's id. Errors: training-missing; forbidden for a person's own account, and where the
/// account would both administer the system and review data; state-change-bad where the account has
/// the role there already.
Result<std::int64_t> grant_role(Desk& desk, const Act& act, std::int64_t id, const NewGrant& grant);
/// Ends the account's sessions. Errors: not-found; last-administrator; forbidden for a person's own
/// account.
Result<void> end_grant(Desk& desk, const Act& act, std::int64_t id, std::int64_t grant);

/// Keeps a secret, sealed, until a code of it is shown; an earlier one goes on holding till then.
Result<void> propose_second_factor(Desk& desk, const Act& act, std::int64_t id,
                                   std::string_view secret);
/// Errors: state-change-bad where none was proposed; sign-in-failed where the code is not of it.
Result<void> confirm_second_factor(Desk& desk, const Act& act, std::int64_t id,
                                   std::string_view code);
/// Ends the account's sessions, but for the one that it is done in.
Result<void> remove_second_factor(Desk& desk, const Act& act, std::int64_t id);

}  // namespace labrelay::store
