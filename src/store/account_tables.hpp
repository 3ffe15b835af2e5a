#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/crypto/secret_key.hpp"
#include "labrelay/security/lockout.hpp"
#include "labrelay/store/account.hpp"

namespace labrelay::store {

/// What of an account only sign-in and signing look at.
struct Credentials {
    std::int64_t account = 0;
    std::string name;
    std::string display_name;
    AccountState state = AccountState::active;
    std::string password;
    std::string second_factor;  ///< sealed; empty: none
    std::int64_t last_step = 0;
    security::Standing standing;
    bool certified = false;
    std::string subject;  ///< at the organisation's sign-in service; empty: signs in here
};

std::optional<Account> read_account(Connection& database, std::int64_t id);
std::optional<Account> read_account(Connection& database, std::string_view name);
std::vector<Account> read_accounts(Connection& database, std::int64_t after, std::size_t limit);
std::vector<AccessRow> read_access(Connection& database, Instant at, std::int64_t after,
                                   std::size_t limit);
std::optional<Credentials> read_credentials(Connection& database, std::int64_t id);
std::optional<Credentials> read_credentials(Connection& database, std::string_view name);

/// One transaction at a time changes accounts, on all nodes: so that the last administrator is
/// still the last when it is asked.
void take_accounts(Connection& database);

void write_standing(Connection& database, std::int64_t account, const security::Standing& standing);
/// `kept`: public id of the session that goes on; may be empty.
void end_sessions(Connection& database, std::int64_t account, std::string_view kept);

/// Secrets of second factors are sealed for their account.
std::string seal_second_factor(const crypto::SecretKey& key, std::int64_t account,
                               std::string_view secret);
/// Throws pipeline::StoreFault where it is not this account's or another key's.
std::string open_second_factor(const crypto::SecretKey& key, std::int64_t account,
                               std::string_view sealed);

}  // namespace labrelay::store
