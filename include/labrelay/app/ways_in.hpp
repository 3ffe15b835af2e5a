#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/app/settings.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/transport/live_traffic.hpp"
#include "labrelay/transport/message_sink.hpp"

namespace labrelay::app {

/// Every way in of one server: MLLP listeners, the HTTP intake, analyzers that are dialled, watched
/// folders. All of them end in one sink. stop() ends them all at once; each finishes what has
/// arrived whole.
class WaysIn {
public:
    /// `live` is told of connections and answers; both outlive the ways in.
    /// Errors: tls-bad, connection-failed (a port that cannot be bound), pickup-failed.
    static Result<std::unique_ptr<WaysIn>> open(const ServerSettings& settings,
                                                transport::MessageSink& sink,
                                                transport::LiveTraffic& live);
    ~WaysIn();

    void stop();

    struct Address {
        std::string kind;  ///< mllp, http, dial, folder
        std::string name;
        std::string host;  ///< or the folder
        std::uint16_t port = 0;
        bool tls = false;
    };
    std::vector<Address> addresses() const;
    std::uint16_t mllp_port() const;         ///< of the listener `mllp`; 0: it is off
    std::uint16_t http_intake_port() const;  ///< 0: it is off
    /// Prometheus text.
    std::string metrics() const;

private:
    struct Parts;
    explicit WaysIn(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace labrelay::app
