#pragma once

#include <string>
#include <string_view>

#include "labrelay/api/router.hpp"
#include "labrelay/api/services.hpp"
#include "labrelay/api/sessions.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::api {

/// What `labrelay user` asks for, as JSON: {do: add | password | grant | revoke | disable | enable
/// | unlock, by, reason, name, …}; by the running server or on a store that no server runs on. A
/// password comes as its hash. One line that says what was done. Errors: body-bad, not-found, and
/// those of store/account_desk.hpp.
Result<std::string> change_account(store::StoreWriter& writer, std::string_view json);

/// POST /users, for commands on this host.
void add_account_command_route(Router& router, const Services& services, Sessions& sessions);

}  // namespace labrelay::api
