#include "labrelay/transport/ack_latency.hpp"

#include <algorithm>
#include <numeric>

namespace labrelay::transport {
namespace {

using std::chrono::microseconds;

constexpr std::array<microseconds, AckCounts::kBounds> make_bounds() {
    constexpr std::array kOfADecade{100, 125, 160, 200, 250, 315, 400, 500, 630, 800};
    std::array<microseconds, AckCounts::kBounds> bounds{};
    std::int64_t decade = 1;
    std::size_t next = 0;
    while (next + kOfADecade.size() <= bounds.size()) {
        for (const int step : kOfADecade) {
            bounds[next++] = microseconds(decade * step);
        }
        decade *= 10;
    }
    bounds[next] = microseconds(decade * kOfADecade.front());
    return bounds;
}

double milliseconds(microseconds time) {
    return static_cast<double>(time.count()) / 1000.0;
}

}  // namespace

const std::array<microseconds, AckCounts::kBounds> AckCounts::kUpTo = make_bounds();

std::uint64_t AckCounts::count() const {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

std::optional<double> AckCounts::quantile_ms(double part) const {
    const std::uint64_t all = count();
    if (all == 0) {
        return std::nullopt;
    }
    const double wanted = part * static_cast<double>(all);
    double below = 0;
    for (std::size_t bucket = 0; bucket < kBounds; ++bucket) {
        const auto here = static_cast<double>(buckets[bucket]);
        if (here > 0 && below + here >= wanted) {
            const double from = bucket == 0 ? 0.0 : milliseconds(kUpTo[bucket - 1]);
            const double within = std::max(0.0, (wanted - below) / here);
            return from + (milliseconds(kUpTo[bucket]) - from) * within;
        }
        below += here;
    }
    return milliseconds(kUpTo.back());
}

AckCounts AckCounts::since(const AckCounts& before) const {
    AckCounts rest = *this;
    for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
        rest.buckets[bucket] -= before.buckets[bucket];
    }
    rest.sum_us -= before.sum_us;
    return rest;
}

void AckLatency::add(std::chrono::nanoseconds took) {
    // What took a part of a microsecond more than a bound took longer than it.
    const auto time = std::chrono::ceil<microseconds>(std::max(took, std::chrono::nanoseconds(0)));
    const auto* const bucket = std::ranges::lower_bound(AckCounts::kUpTo, time);
    const auto index = static_cast<std::size_t>(bucket - AckCounts::kUpTo.data());
    buckets_[index].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<std::uint64_t>(time.count()), std::memory_order_relaxed);
}

AckCounts AckLatency::counts() const {
    AckCounts read;
    for (std::size_t bucket = 0; bucket < read.buckets.size(); ++bucket) {
        read.buckets[bucket] = buckets_[bucket].load(std::memory_order_relaxed);
    }
    read.sum_us = sum_us_.load(std::memory_order_relaxed);
    return read;
}

}  // namespace labrelay::transport
