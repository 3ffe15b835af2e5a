#include "labrelay/app/live_sources.hpp"

#include <fmt/format.h>

#include <chrono>

namespace labrelay::app {
namespace {

using transport::AckCounts;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kDayUs = 24 * kHourUs;

/// Of ten bounds in a decade Prometheus is given these: 1, 2.5 and 5.
bool is_told(std::size_t bound) {
    const std::size_t step = bound % 10;
    return step == 0 || step == 4 || step == 7;
}

}  // namespace

void LiveSources::note(Instant now) {
    const std::lock_guard lock(mutex_);
    if (!hours_.empty() && now.microseconds - hours_.back().first.microseconds < kHourUs) {
        return;
    }
    Counts counts;
    for (auto& [source, counted] : traffic_.latencies()) {
        counts.emplace(source, counted);
    }
    hours_.emplace_back(now, std::move(counts));
    while (hours_.size() > 1 && now.microseconds - hours_[1].first.microseconds >= kDayUs) {
        hours_.pop_front();
    }
}

api::LiveSource LiveSources::of(std::string_view source, Instant now) const {
    api::LiveSource live;
    live.connections = traffic_.connections(source);
    const auto all = traffic_.latencies();
    const auto found = all.find(std::string(source));
    if (found == all.end()) {
        return live;
    }
    AckCounts counts = found->second;
    {
        const std::lock_guard lock(mutex_);
        for (auto hour = hours_.rbegin(); hour != hours_.rend(); ++hour) {
            if (now.microseconds - hour->first.microseconds < kDayUs) {
                continue;
            }
            const auto before = hour->second.find(source);
            if (before != hour->second.end()) {
                counts = counts.since(before->second);
            }
            break;
        }
    }
    live.answers = counts.count();
    live.ack_p50_ms = counts.quantile_ms(0.5);
    live.ack_p99_ms = counts.quantile_ms(0.99);
    return live;
}

std::string LiveSources::metrics() const {
    const auto all = traffic_.latencies();
    std::string text = "# TYPE labrelay_source_ack_seconds histogram\n";
    for (const auto& [source, counts] : all) {
        std::uint64_t sum = 0;
        for (std::size_t bound = 0; bound < AckCounts::kBounds; ++bound) {
            sum += counts.buckets[bound];
            if (is_told(bound)) {
                text += fmt::format(
                    "labrelay_source_ack_seconds_bucket{{source=\"{}\",le=\"{}\"}} {}\n", source,
                    std::chrono::duration<double>(AckCounts::kUpTo[bound]).count(), sum);
            }
        }
        text += fmt::format(
            "labrelay_source_ack_seconds_bucket{{source=\"{0}\",le=\"+Inf\"}} {1}\n"
            "labrelay_source_ack_seconds_sum{{source=\"{0}\"}} {2}\n"
            "labrelay_source_ack_seconds_count{{source=\"{0}\"}} {1}\n",
            source, counts.count(), static_cast<double>(counts.sum_us) / 1e6);
    }
    text += "# TYPE labrelay_source_connections_open gauge\n";
    for (const auto& [source, counts] : all) {
        text += fmt::format("labrelay_source_connections_open{{source=\"{}\"}} {}\n", source,
                            traffic_.connections(source).size());
    }
    return text;
}

}  // namespace labrelay::app
