#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/security/principal.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

enum class AccountState : std::uint8_t { active, disabled };
std::string_view to_string(AccountState state);
std::optional<AccountState> account_state_from(std::string_view text);

/// A role that an account has or had. Never removed; `until` ends it.
struct AccountGrant {
    std::int64_t id = 0;
    security::Grant grant;
    std::string training;  ///< the record of the training that the role needs: a day and a document
    Instant from;
    std::optional<Instant> until;
    std::string granted_by;
    std::string ended_by;
    std::string reason;
};

/// A named person. Never deleted, and the name is never used again. Secrets are not in it.
struct Account {
    std::int64_t id = 0;
    std::string name;
    std::string display_name;
    AccountState state = AccountState::active;
    bool must_change_password = false;
    bool second_factor = false;
    std::optional<Instant> closed_until;  ///< by failures; nothing: it is open
    Instant created;
    std::int64_t version = 1;
    std::string made_by;
    std::vector<AccountGrant> grants;  ///< oldest first, with those that ended
};

std::optional<Account> account(ReadSession& session, std::int64_t id);
std::optional<Account> account_named(ReadSession& session, std::string_view name);
/// In the order of their ids, those after `after`.
std::vector<Account> accounts(ReadSession& session, std::int64_t after, std::size_t limit);
std::int64_t count_accounts(ReadSession& session);

/// A role that an active account had at an instant.
struct AccessRow {
    std::int64_t account = 0;
    std::string name;
    std::string display_name;
    AccountGrant grant;
};
/// Who could do what then, in the order of the grants' ids, those after `after`.
std::vector<AccessRow> access_at(ReadSession& session, Instant at, std::int64_t after,
                                 std::size_t limit);

}  // namespace labrelay::store
