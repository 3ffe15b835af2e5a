#pragma once

#include <cstdint>
#include <memory>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

struct UnreadableDelivery;

/// The outbox, on SQLite or PostgreSQL. Reads on a connection of its own, beside the writer; a mark
/// waits its turn at the writer and is written without a sync of its own: a mark that a power
/// failure takes makes its delivery go out again, which changes nothing. What a target where a
/// repeat can do harm is about to be sent is synced before it is sent. Thread-safe. What is
/// delivered is the result as it stands when it is taken. A delivery that cannot be read is left
/// out, with what comes later of its results, and a person is told.
class SqlOutbox final : public delivery::Outbox {
public:
    explicit SqlOutbox(StoreWriter& writer);
    ~SqlOutbox() override;

    std::vector<delivery::Delivery> take(std::string_view target, Instant now,
                                         std::size_t limit) override;
    void round_over(std::string_view target) override;
    void mark_tried(const std::vector<delivery::Delivery>& deliveries) override;
    void mark_delivered(const std::vector<delivery::Delivery>& deliveries, Instant now) override;
    /// The refusal becomes a problem for a person.
    void mark_rejected(const delivery::Delivery& delivery, std::string_view why) override;
    std::int64_t waiting(std::string_view target) override;

    void recover(std::string_view target) override;
    void load_standings(std::vector<delivery::Delivery>& deliveries) override;
    std::vector<delivery::Delivery> unsettled(std::string_view target, std::size_t limit) override;
    std::vector<delivery::Delivery> take_settled(std::string_view target, Instant now,
                                                 std::size_t limit) override;
    void mark_sending(const std::vector<delivery::Delivery>& deliveries,
                      const std::vector<std::vector<delivery::Standing>>& sending) override;
    void mark_retry(const std::vector<delivery::Delivery>& deliveries, Instant not_before,
                    std::string_view why) override;
    void mark_unknown(const std::vector<delivery::Delivery>& deliveries,
                      std::string_view why) override;
    void mark_ready(const delivery::Delivery& delivery,
                    const std::vector<delivery::Standing>& stands, Instant not_before) override;
    void mark_settled(const std::vector<delivery::Delivery>& deliveries,
                      const std::vector<std::vector<delivery::Standing>>& stands,
                      Instant now) override;
    void mark_refused(const delivery::Delivery& delivery,
                      const std::vector<delivery::Refusal>& refusals, Instant now) override;

    delivery::QueueState queue(std::string_view target);
    /// A person sends a rejected delivery again, with what its results are now. False where there
    /// is no rejected delivery of this id.
    bool send_again(std::int64_t delivery, const Act& act = {});

private:
    struct Reading;
    enum class Round : std::uint8_t { begin, begun };
    std::vector<delivery::Delivery> take_in(Round round, std::string_view target, Instant now,
                                            std::size_t limit);
    void tell_unreadable(std::string_view target, std::vector<UnreadableDelivery> found);
    void write_unreadable(std::string_view target, const std::vector<UnreadableDelivery>& news);
    StoreWriter::Core& core_;
    std::unique_ptr<Reading> reading_;
};

}  // namespace labrelay::store
