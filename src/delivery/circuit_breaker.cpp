#include "labrelay/delivery/circuit_breaker.hpp"

#include <algorithm>

namespace labrelay::delivery {
namespace {

Instant later(Instant now, std::chrono::milliseconds delay) {
    return Instant{now.microseconds + std::chrono::microseconds(delay).count()};
}

}  // namespace

std::string_view to_string(BreakerState state) {
    switch (state) {
        case BreakerState::closed:
            return "closed";
        case BreakerState::open:
            return "open";
        case BreakerState::half_open:
            return "half-open";
        case BreakerState::stopped:
            return "stopped";
    }
    return "";
}

CircuitBreaker::Permit CircuitBreaker::permit(Instant now) {
    switch (state_) {
        case BreakerState::closed:
            return Permit::all;
        case BreakerState::half_open:
            return Permit::probe;
        case BreakerState::open:
        case BreakerState::stopped:
            break;
    }
    if (not_before_ && now < *not_before_) {
        return Permit::none;
    }
    state_ = BreakerState::half_open;
    not_before_.reset();
    return Permit::probe;
}

void CircuitBreaker::succeeded() {
    state_ = BreakerState::closed;
    not_before_.reset();
    failures_ = 0;
}

Instant CircuitBreaker::failed(Instant now) {
    ++failures_;
    state_ = BreakerState::open;
    not_before_ = later(now, backoff_delay());
    return *not_before_;
}

Instant CircuitBreaker::stop(Instant now) {
    ++failures_;
    state_ = BreakerState::stopped;
    not_before_ = later(now, settings_.stopped_interval);
    return *not_before_;
}

void CircuitBreaker::try_now() {
    if (state_ == BreakerState::open || state_ == BreakerState::stopped) {
        state_ = BreakerState::half_open;
    }
    not_before_.reset();
}

std::chrono::milliseconds CircuitBreaker::backoff_delay() {
    std::chrono::milliseconds delay = settings_.first_backoff;
    for (std::uint32_t i = 1; i < failures_ && delay < settings_.longest_backoff; ++i) {
        delay *= 2;
    }
    delay = std::min(delay, settings_.longest_backoff);
    // Half fixed, half random: several workers that lost the same target do not come back together.
    std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(0, delay.count() / 2);
    return delay - std::chrono::milliseconds(jitter(random_));
}

}  // namespace labrelay::delivery
