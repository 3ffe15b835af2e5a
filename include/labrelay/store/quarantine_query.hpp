#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// Bytes that were no message, kept as evidence.
struct Evidence {
    MessageId id;
    Code why{};
    Instant received_at;
    std::uint16_t port = 0;
    std::string peer;
    std::uint64_t offset = 0;  ///< where they began in their connection
    std::int64_t size = 0;     ///< of what was kept
};

/// The newest first, at most `limit`.
std::vector<Evidence> evidence(ReadSession& session, std::size_t limit);

struct EvidenceBytes {
    Evidence row;
    std::string bytes;
};

/// Throws pipeline::StoreFault (raw-unreadable) where the bytes fit neither digest nor key.
std::optional<EvidenceBytes> evidence_bytes(ReadSession& session, MessageId id);

}  // namespace labrelay::store
