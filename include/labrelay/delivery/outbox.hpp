#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/ids.hpp"
#include "labrelay/delivery/delivery_state.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::delivery {

/// One result as a target is to know it: the current state of the record, whatever caused the
/// delivery, so that a repeat changes nothing. Pseudonymous by construction: there is no field for
/// a name, MRN or birth date.
struct DeliveredResult {
    std::string result_id;    ///< keyed digest of the result's identity, 26 characters base 32
    std::int64_t number = 0;  ///< within the subject
    std::string study;
    std::string site;
    std::string subject;   ///< the subject's label
    std::string specimen;  ///< specimen id, else order number
    study::ResultRecord record;
    std::vector<std::string> derived_from;  ///< result_ids
    std::vector<std::string> received_at;   ///< ISO, one a version
    std::vector<std::string> config_hash;   ///< one a version
    std::string reason;
    /// The subject's last value of the analyte before the first infusion, where the result is a
    /// later one whose grade asks for it.
    std::optional<study::ResultValue> baseline;
};

/// One outbox row with its results.
struct Delivery {
    std::int64_t id = 0;  ///< also the order
    std::int64_t fence = 0;
    std::string target;
    SubjectId subject;
    std::int32_t attempts = 0;
    std::vector<DeliveredResult> results;
};

/// The worker's port to the store. Failures are pipeline::StoreFault.
class Outbox {
public:
    virtual ~Outbox() = default;
    /// The oldest deliveries of a target that are due, at most `limit`, in order. A subject whose
    /// earlier delivery waits for a retry is left out.
    virtual std::vector<Delivery> take(std::string_view target, Instant now, std::size_t limit) = 0;
    virtual void mark_delivered(const std::vector<Delivery>& deliveries, Instant now) = 0;
    virtual void mark_retry(const Delivery& delivery, Instant not_before, std::string_view why) = 0;
    virtual void mark_rejected(const Delivery& delivery, std::string_view why) = 0;
    virtual std::int64_t waiting(std::string_view target) = 0;  ///< ready or retry
};

}  // namespace labrelay::delivery
