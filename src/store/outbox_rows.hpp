#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "result_publisher.hpp"

namespace labrelay::store {

/// A delivery that was left out, because it or a result of it cannot be read.
struct UnreadableDelivery {
    std::int64_t id = 0;
    SubjectId subject;
    std::string why;
};

struct ReadDeliveries {
    std::vector<delivery::Delivery> deliveries;
    std::vector<UnreadableDelivery> unreadable;
};

/// Reads what one target is to be told, in one transaction. A row that cannot be read is left out,
/// and what comes later of its results stays behind it; all others go on.
class OutboxRows {
public:
    /// `fence`: that of whoever has the target, nothing where a store has one process only.
    OutboxRows(Connection& database, ResultPublisher& publisher, std::string_view target,
               std::int64_t target_id, std::optional<std::int64_t> fence);

    /// At most `limit` that are due and have no result that an earlier one has not settled.
    ReadDeliveries due(Instant now, std::size_t limit);
    /// What was sent, and nobody knows with what end.
    ReadDeliveries unknown(std::size_t limit);

private:
    struct Row;
    /// False: it cannot be read.
    bool add(const Row& row, ReadDeliveries& found);
    delivery::Delivery published(const Row& row);

    Connection& database_;
    ResultPublisher& publisher_;
    const std::string_view target_;
    const std::int64_t target_id_;
    const std::optional<std::int64_t> fence_;
};

}  // namespace labrelay::store
