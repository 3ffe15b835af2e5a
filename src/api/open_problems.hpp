#pragma once

#include <cstdint>

#include "labrelay/store/read_session.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// How many problems the list shows the person as open: those that they may see, without what
/// somebody has in review.
std::int64_t open_problems(store::ReadSession& session, const views::Sight& sight);

}  // namespace labrelay::api
