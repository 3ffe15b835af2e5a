#pragma once

#include <cstdint>
#include <functional>

#include "labrelay/core/time.hpp"

namespace labrelay::targets {

/// Keeps the requests to one server below a limit that it bans for: never more than `per_minute`
/// of them begin within any sixty seconds, whatever happened before. A token bucket whose size and
/// refill together stay below that number. One thread.
class RateLimiter {
public:
    using Wait = std::function<void(Instant until)>;

    /// `wait` returns once the clock has reached the time, or earlier where the process ends.
    RateLimiter(const Clock& clock, std::uint32_t per_minute, Wait wait);

    /// Waits for a token and takes it. False where waiting was cut short.
    bool acquire();

private:
    void refill(Instant now);

    const Clock& clock_;
    const Wait wait_;
    const std::int64_t size_;               ///< tokens
    const std::int64_t microseconds_each_;  ///< until the next token
    std::int64_t tokens_;
    Instant filled_;
};

/// Waits by sleeping.
void sleep_until(Instant until, const Clock& clock);

}  // namespace labrelay::targets
