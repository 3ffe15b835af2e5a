#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "labrelay/transport/live_traffic.hpp"
#include "labrelay/transport/message_sink.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::transport {

struct HttpIntakeSettings {
    std::string host = "127.0.0.1";
    std::uint16_t port = 2580;  ///< 0: any free port
    int max_connections = 32;   ///< each is one request; one more is closed and counted
    std::size_t max_message_bytes = std::size_t{16} << 20U;
    std::chrono::milliseconds read_timeout{30'000};  ///< for a whole request
    std::shared_ptr<const TlsContext> tls;           ///< nothing: plain
};

struct HttpIntakeCounters {
    std::uint64_t requests = 0;
    std::uint64_t stored = 0;   ///< answered 200 or 204
    std::uint64_t refused = 0;  ///< answered 4xx: nothing was stored
    std::uint64_t unavailable = 0;
    std::uint64_t connections_refused = 0;
};

/// HL7 over HTTP: POST /hl7 with one message or batch as application/hl7-v2; the body goes to the
/// sink as it came, and what the sink answers is the body of the answer. The status says whether
/// it was stored, the acknowledgement what was thought of it:
///
/// | status | when |
/// |---|---|
/// | 200 | stored; the acknowledgement, whichever it is |
/// | 204 | stored; the sender wants no acknowledgement |
/// | 400 | no body, no HL7, or the charset parameter contradicts MSH-18 |
/// | 404, 405, 411, 415 | other path, method, a body of unknown end, other content type or coding |
/// | 408, 413 | the request took too long, is too large |
/// | 503 | the store cannot take it: send it again |
///
/// Binds in the constructor (throws Poco::Exception). stop() takes no new connection and waits for
/// the requests that run.
class HttpIntake {
public:
    /// `live`: told of answers; outlives the intake, as the sink does. Each request is a connection
    /// of its own, so none is listed there.
    HttpIntake(HttpIntakeSettings settings, MessageSink& sink, LiveTraffic* live = nullptr);
    ~HttpIntake();

    std::uint16_t port() const;
    void stop();
    HttpIntakeCounters counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace labrelay::transport
