#pragma once

#include <memory>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/sqlite_writer.hpp"

namespace labrelay::store {

/// The outbox on SQLite. Reads on a connection of its own, beside the writer; a mark waits its turn
/// at the writer and is written without a sync of its own: a mark that a power failure takes makes
/// its delivery go out again, which changes nothing. Thread-safe. What is delivered is the result
/// as it stands when it is taken.
class SqliteOutbox final : public delivery::Outbox {
public:
    explicit SqliteOutbox(SqliteWriter& writer);
    ~SqliteOutbox() override;

    std::vector<delivery::Delivery> take(std::string_view target, Instant now,
                                         std::size_t limit) override;
    void mark_delivered(const std::vector<delivery::Delivery>& deliveries, Instant now) override;
    void mark_retry(const delivery::Delivery& delivery, Instant not_before,
                    std::string_view why) override;
    /// The refusal becomes a problem for a person.
    void mark_rejected(const delivery::Delivery& delivery, std::string_view why) override;
    std::int64_t waiting(std::string_view target) override;

private:
    struct Reading;
    SqliteWriter::Core& core_;
    std::unique_ptr<Reading> reading_;
};

}  // namespace labrelay::store
