#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace labrelay::transport {

/// How many answers took how long, in buckets of fixed bounds, ten to a decade: the numbers say
/// when a person would call it slow, and it never grows.
struct AckCounts {
    static constexpr std::size_t kBounds = 61;
    /// From 0.1 ms to 100 s. An answer counts where it took no longer than the bound.
    static const std::array<std::chrono::microseconds, kBounds> kUpTo;

    std::array<std::uint64_t, kBounds + 1> buckets{};  ///< the last: longer than all bounds
    std::uint64_t sum_us = 0;

    std::uint64_t count() const;
    /// What `part` of them (0.5, 0.99) did not exceed, interpolated within its bucket; nothing
    /// where there is none.
    std::optional<double> quantile_ms(double part) const;
    /// What was counted since `before`.
    AckCounts since(const AckCounts& before) const;
};

/// AckCounts while they are being counted: two additions an answer, without a lock. Thread-safe.
class AckLatency {
public:
    void add(std::chrono::nanoseconds took);
    AckCounts counts() const;

private:
    std::array<std::atomic<std::uint64_t>, AckCounts::kBounds + 1> buckets_{};
    std::atomic<std::uint64_t> sum_us_{0};
};

}  // namespace labrelay::transport
