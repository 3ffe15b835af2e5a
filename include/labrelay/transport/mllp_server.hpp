#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay::transport {

struct MllpSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 2575;  ///< 0: any free port
    int max_connections = 100;
    std::size_t max_message_bytes = std::size_t{16} << 20U;
    std::chrono::milliseconds idle_timeout{600'000};
    std::chrono::milliseconds mid_frame_timeout{30'000};
    std::chrono::milliseconds write_timeout{10'000};
};

/// What the transport does with what it received. Called from connection threads, concurrently.
class MessageSink {
public:
    virtual ~MessageSink() = default;

    /// `bytes` empty: nothing is sent. `close`: the connection is closed without an answer, because the
    /// store cannot take the message.
    struct Reply {
        std::string bytes;
        bool close = false;
    };
    /// Blocks until the message is committed. Must not throw.
    virtual Reply receive(std::string bytes, std::uint16_t port, const std::string& peer) = 0;
    /// Starts receive() for several messages that arrived together and gives the replies in their order.
    virtual std::vector<Reply> receive_all(std::vector<std::string> messages, std::uint16_t port,
                                           const std::string& peer) = 0;
    /// Evidence of a frame that is no message: kept with peer and time. Returns the reply, if any.
    virtual Reply quarantine(std::string bytes, Code why, std::uint16_t port, const std::string& peer) = 0;
};

/// Counters for metrics and tests; read from any thread.
struct MllpCounters {
    std::uint64_t connections = 0;
    std::uint64_t open = 0;
    std::uint64_t refused = 0;
    std::uint64_t frames = 0;
    std::uint64_t stray_bytes = 0;
    std::uint64_t truncated = 0;
    std::uint64_t oversized = 0;
    std::uint64_t idle_closed = 0;
};

/// An MLLP listener on its own thread pool: framing, time-outs, limits; answers in order. A connection over
/// the limit is accepted, told nothing, closed, counted and logged, so that no client waits in a backlog
/// unseen. Binds in the constructor (throws Poco::Exception); stop() finishes and answers what was received,
/// then joins every connection thread.
class MllpServer {
public:
    MllpServer(MllpSettings settings, MessageSink& sink);
    ~MllpServer();

    std::uint16_t port() const;
    void stop();
    MllpCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
