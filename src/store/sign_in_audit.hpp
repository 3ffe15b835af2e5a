#pragma once

#include <string>
#include <string_view>

#include "account_tables.hpp"
#include "labrelay/store/desk.hpp"

namespace labrelay::store {

/// The audit row of a sign-in, a sign-out or what became of one.
void audit_sign_in(Desk& desk, const std::string& actor, std::string_view session,
                   const std::string& what, std::string_view peer);

/// One more failure of the account, with its audit row, and another where it closes the account:
/// true then.
bool count_failure(Desk& desk, const Credentials& account, std::string_view session,
                   const std::string& what, std::string_view peer);

}  // namespace labrelay::store
