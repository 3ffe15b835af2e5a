#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "connection.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::store {

/// What the committer does again, in the transaction that made it necessary.
struct Again {
    std::set<std::int64_t> messages;     ///< processed again, oldest first
    std::set<std::int64_t> subjects;     ///< placed again
    std::optional<std::int64_t> repair;  ///< that asked for it
};

/// Queues it in jobs that are small enough to be done in slices. The messages' bytes are kept until
/// their job says anew when they may go, however old they are.
void queue_jobs(Connection& database, Instant now, std::string_view actor, const Again& again);

}  // namespace labrelay::store
