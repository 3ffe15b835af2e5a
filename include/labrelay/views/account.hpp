#pragma once

#include <nlohmann/json_fwd.hpp>

#include "labrelay/store/account.hpp"
#include "labrelay/store/signature.hpp"

namespace labrelay::views {

/// An account with its roles, as REST and `labrelay user list --json` show it; its version is the
/// etag.
nlohmann::ordered_json account_json(const store::Account& account);
nlohmann::ordered_json access_json(const store::AccessRow& row);
/// A signature as every readable form shows it: printed name, time with zone, meaning.
nlohmann::ordered_json signature_json(const store::Signature& signature);
/// The table of rights, roles as columns.
nlohmann::ordered_json permissions_json();

}  // namespace labrelay::views
