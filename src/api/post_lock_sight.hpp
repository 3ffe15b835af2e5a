#pragma once

#include "labrelay/store/lock_query.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// Whether a post-lock item is for the person: its subject, and everything that it says of what is
/// now, what was told and what others were told. Nothing of it where one of these is closed.
bool sees(const views::Sight& sight, const store::PostLockItem& item);

}  // namespace labrelay::api
