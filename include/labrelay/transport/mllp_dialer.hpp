#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "labrelay/transport/mllp_server.hpp"

namespace labrelay::transport {

/// An analyzer that is the server: we connect, it sends.
struct DialSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 2575;
    std::chrono::milliseconds connect_timeout{10'000};
    /// After a connection that failed or gave nothing: this long, then twice as long each time.
    std::chrono::milliseconds first_wait{1'000};
    std::chrono::milliseconds longest_wait{60'000};
    /// Limits of the conversation, name and TLS (as client); host and port are not used.
    MllpSettings conversation;
};

struct DialCounters {
    std::uint64_t attempts = 0;
    std::uint64_t failures = 0;  ///< of them
    bool connected = false;
    MllpCounters conversation;
};

/// Keeps one connection to an analyzer open, on a thread of its own: reads its frames, gives them
/// to the sink, answers on the same connection; dials again when the connection ends. The origin's
/// port is 0 and its peer the analyzer's address; its certificate the analyzer's.
///
/// stop() finishes the messages that have arrived whole, answers them and hangs up.
class MllpDialer {
public:
    /// `live`: told of connections and answers; outlives the dialler, as the sink does.
    MllpDialer(DialSettings settings, MessageSink& sink, LiveTraffic* live = nullptr);
    ~MllpDialer();

    void stop();
    DialCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
