#pragma once

#include <cstdint>
#include <string>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::pipeline {

/// Everything about a message that is not in its bytes: made once at the edge, stored with the
/// message and used again for every reprocessing, so that nothing depends on today.
struct Arrival {
    MessageId message_id;
    Instant received_at;
    std::uint16_t port = 0;   ///< 0: no listener (a command, a file)
    std::string peer;         ///< address, or a file's name
    std::string certificate;  ///< SHA-256 of the verified client certificate, hex; empty: none
    std::string ack_id;       ///< MSH-10 of the answer
};

}  // namespace labrelay::pipeline
