#include "labrelay/transport/live_traffic.hpp"

#include <algorithm>
#include <utility>

namespace labrelay::transport {

using std::chrono::steady_clock;

LiveTraffic::Connection::Connection(LiveTraffic& traffic, ConnectionPeer peer)
    : traffic_(traffic), peer_(std::move(peer)), since_(steady_clock::now()) {
    const std::lock_guard lock(traffic_.connections_mutex_);
    traffic_.connections_.insert(this);
}

LiveTraffic::Connection::~Connection() {
    const std::lock_guard lock(traffic_.connections_mutex_);
    traffic_.connections_.erase(this);
}

void LiveTraffic::Connection::took(std::string_view source,
                                   std::optional<std::chrono::nanoseconds> answered) {
    if (source.empty()) {
        return;
    }
    AckLatency* latency = nullptr;
    {
        const std::lock_guard lock(mutex_);
        auto found = came_.find(source);
        if (found == came_.end()) {
            found = came_.emplace(source, Came{&traffic_.latency_of(source), 0, {}}).first;
        }
        ++found->second.messages;
        found->second.last = steady_clock::now();
        latency = found->second.latency;
    }
    if (answered) {
        latency->add(*answered);
    }
}

void LiveTraffic::took(std::string_view source, std::chrono::nanoseconds answered) {
    if (!source.empty()) {
        latency_of(source).add(answered);
    }
}

AckLatency& LiveTraffic::latency_of(std::string_view source) {
    {
        const std::shared_lock lock(latencies_mutex_);
        const auto found = latencies_.find(source);
        if (found != latencies_.end()) {
            return *found->second;
        }
    }
    const std::lock_guard lock(latencies_mutex_);
    std::unique_ptr<AckLatency>& latency = latencies_[std::string(source)];
    if (!latency) {
        latency = std::make_unique<AckLatency>();
    }
    return *latency;
}

std::vector<OpenConnection> LiveTraffic::connections(std::string_view source) const {
    std::vector<OpenConnection> open;
    const auto now = steady_clock::now();
    const auto until_now = [now](steady_clock::time_point then) {
        return std::max(std::chrono::milliseconds(0),
                        std::chrono::duration_cast<std::chrono::milliseconds>(now - then));
    };
    {
        const std::lock_guard lock(connections_mutex_);
        for (const Connection* connection : connections_) {
            const std::lock_guard of_it(connection->mutex_);
            const auto came = connection->came_.find(source);
            if (came != connection->came_.end()) {
                open.push_back({connection->peer_, until_now(connection->since_),
                                until_now(came->second.last), came->second.messages});
            }
        }
    }
    std::ranges::sort(open, {}, [](const OpenConnection& one) {
        return std::pair<std::string_view, std::string_view>(one.peer.way, one.peer.address);
    });
    return open;
}

std::map<std::string, AckCounts> LiveTraffic::latencies() const {
    const std::shared_lock lock(latencies_mutex_);
    std::map<std::string, AckCounts> read;
    for (const auto& [source, latency] : latencies_) {
        read.emplace(source, latency->counts());
    }
    return read;
}

}  // namespace labrelay::transport
