#pragma once

#include <cstdint>

#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// How many causes wait for somebody to look into them.
std::int64_t count_open_problems(ReadSession& session);

}  // namespace labrelay::store
