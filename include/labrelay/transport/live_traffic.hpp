#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/transport/ack_latency.hpp"

namespace labrelay::transport {

/// Who is at the other end of a connection. Nothing of a message.
struct ConnectionPeer {
    std::string way;  ///< the listener, or the analyzer that is dialled
    std::string address;
    bool tls = false;
    std::string subject;             ///< of its verified certificate; empty: none was asked for
    std::optional<Instant> expires;  ///< that certificate
};

/// A connection that is open now, and what came over it of one source.
struct OpenConnection {
    ConnectionPeer peer;
    std::chrono::milliseconds age{0};
    std::chrono::milliseconds quiet{0};  ///< since the source's last message on it
    std::uint64_t messages = 0;
};

/// What comes in now, by source: how long answers take, from the last byte of a frame to the last
/// byte of its answer, and over which connections. Of this process only; nothing is stored. A
/// message costs its connection's own lock, which nobody else holds but who looks at it, and the
/// counts of its source, which have none. Thread-safe.
class LiveTraffic {
public:
    /// One open connection, as long as it is open. LiveTraffic outlives it.
    class Connection {
    public:
        Connection(LiveTraffic& traffic, ConnectionPeer peer);
        ~Connection();
        Connection(const Connection&) = delete;
        Connection& operator=(const Connection&) = delete;

        /// A message of the source; `answered`: so long after its last byte, nothing: it is not
        /// answered here.
        void took(std::string_view source, std::optional<std::chrono::nanoseconds> answered);

    private:
        friend class LiveTraffic;
        struct Came {
            AckLatency* latency = nullptr;
            std::uint64_t messages = 0;
            std::chrono::steady_clock::time_point last;
        };

        LiveTraffic& traffic_;
        const ConnectionPeer peer_;
        const std::chrono::steady_clock::time_point since_;
        mutable std::mutex mutex_;  // guards came_
        std::map<std::string, Came, std::less<>> came_;
    };

    /// A message that came without a connection that stays: a request over HTTP.
    void took(std::string_view source, std::chrono::nanoseconds answered);

    /// Those that brought something of the source, in the order of their peers.
    std::vector<OpenConnection> connections(std::string_view source) const;
    /// Of every source that was answered since the start.
    std::map<std::string, AckCounts> latencies() const;

private:
    AckLatency& latency_of(std::string_view source);

    mutable std::mutex connections_mutex_;
    std::set<const Connection*> connections_;
    mutable std::shared_mutex latencies_mutex_;
    std::map<std::string, std::unique_ptr<AckLatency>, std::less<>> latencies_;
};

}  // namespace labrelay::transport
