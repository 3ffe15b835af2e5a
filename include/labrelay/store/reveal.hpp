#pragma once

#include <string>
#include <string_view>

#include "labrelay/core/time.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// Lets the act's session see the identity in one object (`message:<id>`, `subject:<id>`) until
/// then; the audit row says who, of what and why.
void reveal(Desk& desk, const Act& act, std::string_view object, Instant until);
bool is_revealed(ReadSession& session, std::string_view session_id, std::string_view object,
                 Instant now);

}  // namespace labrelay::store
