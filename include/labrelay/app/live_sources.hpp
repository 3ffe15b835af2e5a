#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "labrelay/api/live_source.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/transport/live_traffic.hpp"

namespace labrelay::app {

/// LiveTraffic of this node as the page and the metrics show it: the last 24 hours of counts that
/// only grow, by what they were at each hour. Thread-safe.
class LiveSources {
public:
    /// What the ways in tell.
    transport::LiveTraffic& traffic() { return traffic_; }

    /// Remembers an hour's counts; to be called at least once an hour.
    void note(Instant now);
    api::LiveSource of(std::string_view source, Instant now) const;
    /// Prometheus text: a histogram of each source, and its open connections.
    std::string metrics() const;

private:
    using Counts = std::map<std::string, transport::AckCounts, std::less<>>;

    transport::LiveTraffic traffic_;
    mutable std::mutex mutex_;                      // guards hours_
    std::deque<std::pair<Instant, Counts>> hours_;  ///< oldest first
};

}  // namespace labrelay::app
