#pragma once

#include <chrono>

#include "labrelay/core/ids.hpp"

namespace labrelay {

/// Messages have their ids when they arrive, and several committers store them: how long after
/// another one can be stored whose id is lower. Whoever counts what was stored since a look counts
/// what is younger than that anew.
inline constexpr std::chrono::seconds kStoredLate{30};

/// Not above any id that was given in the time `by` before `id` was.
MessageId earlier(MessageId id, std::chrono::milliseconds by);

}  // namespace labrelay
