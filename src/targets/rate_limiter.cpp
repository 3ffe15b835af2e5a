#include "labrelay/targets/rate_limiter.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace labrelay::targets {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

// A sixth at once, the rest spread over the minute: together the limit.
std::int64_t bucket_size(std::uint32_t per_minute) {
    return std::max<std::int64_t>(1, per_minute / 6);
}

/// What is in the bucket at once and what comes into it within a minute are together the limit; a
/// bucket of one spaces the requests evenly.
std::int64_t interval(std::uint32_t per_minute) {
    const std::int64_t size = bucket_size(per_minute);
    const std::int64_t refilled = size == 1 ? per_minute : per_minute - size;
    return kMinute / std::max<std::int64_t>(1, refilled) + 1;
}

}  // namespace

RateLimiter::RateLimiter(const Clock& clock, std::uint32_t per_minute, Wait wait)
    : clock_(clock),
      wait_(std::move(wait)),
      size_(bucket_size(per_minute)),
      microseconds_each_(interval(per_minute)),
      tokens_(size_),
      filled_(clock.now()) {}

void RateLimiter::refill(Instant now) {
    const std::int64_t gained =
        std::max<std::int64_t>(0, now.microseconds - filled_.microseconds) / microseconds_each_;
    if (gained > 0) {
        tokens_ = std::min(size_, tokens_ + gained);
        filled_.microseconds += gained * microseconds_each_;
    }
    // Nothing comes into a full bucket: the time counts from when something is taken.
    if (tokens_ == size_) {
        filled_ = now;
    }
}

bool RateLimiter::acquire() {
    refill(clock_.now());
    if (tokens_ == 0) {
        wait_(Instant{filled_.microseconds + microseconds_each_});
        refill(clock_.now());
    }
    if (tokens_ == 0) {
        return false;
    }
    --tokens_;
    return true;
}

void sleep_until(Instant until, const Clock& clock) {
    const std::int64_t left = until.microseconds - clock.now().microseconds;
    if (left > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds(left));
    }
}

}  // namespace labrelay::targets
