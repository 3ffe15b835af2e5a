#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// An application acknowledgement on its way to a source's own reply connection.
struct WaitingAck {
    MessageId message;
    std::string ack_id;  ///< its MSH-10, which the peer's accept acknowledgement repeats in MSA-2
    std::string bytes;
    std::int32_t attempts = 0;
};

/// Table ack_outbox: rows are made in the commit of their message and go when they are delivered.
/// Any thread; outlived by the writer. Failures are StoreFault.
class SqlAckOutbox {
public:
    explicit SqlAckOutbox(StoreWriter& writer) : core_(writer.core()) {}

    /// What waits for the source, oldest first. Nothing while the oldest waits for its time, so
    /// that the order stays.
    std::vector<WaitingAck> take(std::string_view source, Instant now, std::size_t limit);
    void mark_delivered(MessageId message);
    void mark_retry(MessageId message, Instant not_before, std::string_view why);
    std::int64_t waiting();  ///< of all sources

private:
    StoreWriter::Core& core_;
};

}  // namespace labrelay::store
