#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/delivery/delivery_state.hpp"
#include "labrelay/study/lock.hpp"
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

/// What stands at a target because we wrote it, or is about to: of one result. Kept by the store
/// beside the outbox, because without it nobody could tell a value that the site edited from one
/// that we wrote ourselves. The words are the target's own; the store does not read them.
struct Standing {
    std::int64_t number = 0;  ///< the result's within the subject
    std::string place;        ///< record, event, form, instance
    std::string content;      ///< the fields and their values; empty: nothing of it stands there

    friend bool operator==(const Standing&, const Standing&) = default;
};

/// All that one target was told about one subject.
struct SubjectStandings {
    std::vector<Standing> written;  ///< confirmed; one a result
    std::vector<Standing> sending;  ///< of deliveries in `sending` and `unknown`; one a result
};

/// A study, subject or visit that was frozen, locked or released, as it stands now.
struct LockNotice {
    std::string study;
    std::string subject;  ///< label; empty: the whole study
    std::string visit;    ///< empty: the whole subject
    std::string scope;    ///< study, subject, visit
    study::LockState state = study::LockState::open;
    std::string since;  ///< ISO 8601, UTC
};

/// One outbox row with its results, or with the lock that it tells of.
struct Delivery {
    std::int64_t id = 0;  ///< also the order
    std::int64_t fence = 0;
    std::string target;
    SubjectId subject;
    std::int32_t attempts = 0;
    std::vector<DeliveredResult> results;
    SubjectStandings standings;  ///< only where it was asked for
    /// A target that cannot show locks may leave them out.
    std::vector<LockNotice> locks;
    /// The subject's newest outbox row when the results were read: with it goes whatever rows up to
    /// that one brought of them. The store keeps it, so that it knows what a target holds.
    std::int64_t carries = 0;
};

/// Why one result of a delivery did not get through, in the target's words beside our field.
/// Becomes a problem for a person; carries no value and no patient data.
struct Refusal {
    std::int64_t number = 0;
    Code rule = Code::delivery_rejected;
    std::string why;
};

/// What waits for a target, for metrics and commands.
struct QueueState {
    std::int64_t waiting = 0;       ///< ready or retry
    std::int64_t unknown = 0;       ///< sending or unknown
    std::int64_t rejected = 0;      ///< waits for a person
    std::optional<Instant> oldest;  ///< when the message of the oldest waiting delivery came
};

/// The worker's port to the store. Failures are pipeline::StoreFault.
class Outbox {
public:
    virtual ~Outbox() = default;
    /// The oldest deliveries of a target that are due, at most `limit`, in order. Left out is what
    /// has a result in common with an earlier delivery that waits for its time, or whose answer was
    /// lost: order holds for each result, and one locked form does not keep the others waiting.
    virtual std::vector<Delivery> take(std::string_view target, Instant now, std::size_t limit) = 0;
    /// Nothing of what was taken last is on its way to the target any more, marked or not.
    virtual void round_over(std::string_view /*target*/) {}
    /// They are about to be given to a target where a repeat is harmless: as long as nothing else
    /// is marked, they may stand there.
    virtual void mark_tried(const std::vector<Delivery>& /*deliveries*/) {}
    virtual void mark_delivered(const std::vector<Delivery>& deliveries, Instant now) = 0;
    /// The delivery is refused as a whole.
    virtual void mark_rejected(const Delivery& delivery, std::string_view why) = 0;
    virtual std::int64_t waiting(std::string_view target) = 0;  ///< ready or retry

    // For targets where a repeat can do harm.

    /// At a start, and after a mark that failed: what was being sent is `unknown`.
    virtual void recover(std::string_view target) = 0;
    /// Fills in Delivery::standings.
    virtual void load_standings(std::vector<Delivery>& deliveries) = 0;
    /// The oldest deliveries in `unknown`, at most `limit`, in order, with their standings.
    virtual std::vector<Delivery> unsettled(std::string_view target, std::size_t limit) = 0;
    /// take(), in the round that unsettled() began. Nothing where it began none (a lock is in work,
    /// and unsettled() said nothing for that reason), or where that round was lost since.
    virtual std::vector<Delivery> take_settled(std::string_view target, Instant now,
                                               std::size_t limit) {
        return take(target, now, limit);
    }
    /// On stable storage when it returns: from now on a crash means reading back. A fault where one
    /// of them waits no longer as it was taken: a lock or another node came before.
    virtual void mark_sending(const std::vector<Delivery>& deliveries,
                              const std::vector<std::vector<Standing>>& sending) = 0;
    /// Nothing was sent.
    virtual void mark_retry(const std::vector<Delivery>& deliveries, Instant not_before,
                            std::string_view why) = 0;
    virtual void mark_unknown(const std::vector<Delivery>& deliveries, std::string_view why) = 0;
    /// Read back and not found, but for what `stands`. It is not due before `not_before`.
    virtual void mark_ready(const Delivery& delivery, const std::vector<Standing>& stands,
                            Instant not_before) = 0;
    /// Delivered; what stands at the target now is remembered, one list a delivery.
    virtual void mark_settled(const std::vector<Delivery>& deliveries,
                              const std::vector<std::vector<Standing>>& stands, Instant now) = 0;
    /// Splits the refused results off into a rejected delivery of their own, and tells a person.
    /// What is left of the delivery keeps its state; where nothing is left it is rejected itself,
    /// and where only what no target is told is left it is delivered.
    virtual void mark_refused(const Delivery& delivery, const std::vector<Refusal>& refusals,
                              Instant now) = 0;
};

}  // namespace labrelay::delivery
