#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "labrelay/core/time.hpp"

namespace labrelay::delivery {

/// closed: the target is used. open: it is away, and nothing is sent until the back-off ends.
/// half_open: one delivery is sent to see whether it is back. stopped: it refuses labrelay itself;
/// as open, but looked at rarely, so that a ban or a wrong token is not made worse.
enum class BreakerState : std::uint8_t { closed, open, half_open, stopped };
std::string_view to_string(BreakerState state);

struct BreakerSettings {
    std::chrono::milliseconds first_backoff{200};
    std::chrono::milliseconds longest_backoff{60'000};
    std::chrono::milliseconds stopped_interval{15 * 60'000};
    std::uint32_t seed = 1;  ///< of the jitter
};

/// Decides when a target that failed is tried again, and with how much: exponential back-off, half
/// fixed and half random, then one delivery as a probe, then everything. What waits meanwhile costs
/// nothing: no row of the outbox is touched while it is open. One thread; time comes as a value.
class CircuitBreaker {
public:
    enum class Permit : std::uint8_t { none, probe, all };

    explicit CircuitBreaker(BreakerSettings settings)
        : settings_(settings), random_(settings.seed) {}

    Permit permit(Instant now);
    void succeeded();
    /// The time before which nothing is permitted.
    Instant failed(Instant now);
    Instant stop(Instant now);
    /// A person has acted: the next permit is a probe, whatever the time.
    void try_now();

    BreakerState state() const { return state_; }
    std::optional<Instant> not_before() const { return not_before_; }
    std::uint32_t failures_in_a_row() const { return failures_; }

private:
    std::chrono::milliseconds backoff_delay();

    BreakerSettings settings_;
    std::mt19937 random_;
    BreakerState state_ = BreakerState::closed;
    std::optional<Instant> not_before_;
    std::uint32_t failures_ = 0;
};

}  // namespace labrelay::delivery
