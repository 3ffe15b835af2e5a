#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "labrelay/transport/live_traffic.hpp"

namespace labrelay::api {

/// What one source does now, as far as this node takes it in. Of the last 24 hours, or since the
/// node started.
struct LiveSource {
    std::uint64_t answers = 0;
    std::optional<double> ack_p50_ms;  ///< from the last byte of a message to its answer's
    std::optional<double> ack_p99_ms;
    std::vector<transport::OpenConnection> connections;
};

}  // namespace labrelay::api
