#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::pipeline {

/// Where a member of a batch stands.
struct BatchPlace {
    MessageId message_id;      ///< the batch
    std::uint64_t offset = 0;  ///< of the member in the batch's bytes
    Code hold = Code::none;    ///< why nothing of the batch may be stored; else none
    bool marked = false;       ///< a UTF-8 byte-order mark stands before the batch

    friend bool operator==(const BatchPlace&, const BatchPlace&) = default;
};

/// Everything about a message that is not in its bytes: made once at the edge, stored with the
/// message and used again for every reprocessing, so that nothing depends on today.
struct Arrival {
    MessageId message_id;
    Instant received_at;
    std::uint16_t port = 0;    ///< 0: no listener (a command, a file)
    std::string peer;          ///< address, or a file's name
    std::string certificate;   ///< SHA-256 of the verified client certificate, hex; empty: none
    std::string ack_id;        ///< MSH-10 of the answer
    std::uint64_t offset = 0;  ///< of evidence: where it began in its connection's bytes
    std::optional<BatchPlace> batch;
};

}  // namespace labrelay::pipeline
