#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/delivery/delivery_state.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// One row of the outbox, for a person.
struct DeliveryRow {
    std::int64_t id = 0;
    std::string target;
    delivery::DeliveryState state = delivery::DeliveryState::ready;
    SubjectId subject;
    std::optional<MessageId> message;  ///< that caused it
    std::int64_t results = 0;
    std::int64_t attempts = 0;
    std::optional<Instant> not_before;
    std::optional<Instant> closed;
    std::string why;  ///< the target's words
};

/// Empty members do not restrict; without a state those that are still to be delivered or decided.
struct DeliveryFilter {
    std::string target;
    std::optional<delivery::DeliveryState> state;
    std::size_t limit = 500;
};

/// By target and id. Throws pipeline::StoreFault.
std::vector<DeliveryRow> deliveries(ReadSession& session, const DeliveryFilter& filter);

/// The next page by id within one target and state; of delivered ones the newest first.
struct DeliveryPage {
    std::string target;
    delivery::DeliveryState state = delivery::DeliveryState::ready;
    std::int64_t after = 0;  ///< 0: from the beginning
    std::size_t limit = 50;
};
std::vector<DeliveryRow> delivery_page(ReadSession& session, const DeliveryPage& page);

std::optional<DeliveryRow> delivery(ReadSession& session, std::int64_t id);

/// How one target stands. Counts stop at 100,000.
struct TargetStanding {
    std::string name;
    std::int64_t waiting = 0;
    std::int64_t unknown = 0;
    std::int64_t rejected = 0;
    std::optional<Instant> oldest;     ///< when the message of the oldest waiting delivery came
    std::string last_error;            ///< of what waits, in the target's words
    SubjectId last_error_of;           ///< whose delivery it is; none: of no subject
    std::int64_t delivered_since = 0;  ///< of the newest 1,000 deliveries
};
std::vector<TargetStanding> target_standings(ReadSession& session, Instant since);

}  // namespace labrelay::store
