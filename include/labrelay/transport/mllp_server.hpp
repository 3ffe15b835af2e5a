#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/hl7/mllp_framer.hpp"
#include "labrelay/mapping/peer_range.hpp"
#include "labrelay/transport/live_traffic.hpp"
#include "labrelay/transport/message_sink.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

struct MllpSettings {
    std::string name = "mllp";  ///< of the listener, for log and metrics
    std::string host = "127.0.0.1";
    std::uint16_t port = 2575;  ///< 0: any free port
    int max_connections = 100;
    int max_connections_per_peer = 0;  ///< by address; 0: only the limit in total
    /// A new connection takes the place of an open one of the same address: for a sender that has
    /// one connection and whose old one is half open. Others open several.
    bool one_connection = false;
    /// Proxies in front of us. A connection from one of them must begin with a PROXY header
    /// (version 1 or 2), and the address that it names is the peer's; from anybody else such a
    /// header is stray bytes.
    std::vector<mapping::PeerRange> trusted_proxies;
    std::shared_ptr<const TlsContext> tls;  ///< nothing: plain
    std::chrono::milliseconds handshake_timeout{10'000};
    std::size_t max_message_bytes = std::size_t{16} << 20U;
    hl7::Framing framing = hl7::Framing::strict;
    std::chrono::milliseconds idle_timeout{600'000};
    std::chrono::milliseconds mid_frame_timeout{30'000};  ///< from a frame's first byte to its last
    std::chrono::milliseconds write_timeout{10'000};
    /// How long stop() waits for the connections to finish before it cuts them.
    std::chrono::milliseconds stop_timeout{15'000};
    /// How long a connection that we close waits for the peer's end of stream, so that bytes on
    /// their way do not make TCP throw the last answer away.
    std::chrono::milliseconds close_linger{200};
};

/// Counters for metrics and tests; read from any thread.
struct MllpCounters {
    std::uint64_t connections = 0;  ///< accepted and served
    std::uint64_t open = 0;
    std::uint64_t refused = 0;  ///< over the limit
    std::uint64_t frames = 0;   ///< complete messages
    std::uint64_t stray_bytes = 0;
    std::uint64_t truncated = 0;
    std::uint64_t oversized = 0;
    std::uint64_t frame_timeouts = 0;
    std::uint64_t idle_closed = 0;
    std::uint64_t write_timeouts = 0;
    std::uint64_t superseded = 0;         ///< ended by a new connection of the same peer
    std::uint64_t handshakes_failed = 0;  ///< TLS
};

/// An MLLP listener with a thread for each connection: framing, time-outs, limits; answers in
/// order. A connection over the limit is accepted, told nothing, closed, counted and reported, so
/// that no client waits in a backlog unseen. Binds in the constructor (throws Poco::Exception, also
/// when another process listens there).
///
/// stop() takes no new connection; every connection finishes the messages that have arrived whole,
/// sends their answers and closes; a frame that is still coming in is dropped unanswered, so that
/// its sender sends it again. Every thread is joined when stop() returns; it waits as long as the
/// sink does.
class MllpServer {
public:
    /// `live`: told of connections and answers; outlives the server, as the sink does.
    MllpServer(MllpSettings settings, MessageSink& sink, LiveTraffic* live = nullptr);
    ~MllpServer();

    std::uint16_t port() const;
    void stop();
    MllpCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
