#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/delivery/target.hpp"

namespace labrelay::delivery {

struct WorkerSettings {
    std::size_t batch = 256;  ///< deliveries a transaction of the target
    std::chrono::milliseconds first_backoff{200};
    std::chrono::milliseconds longest_backoff{60'000};
    /// How often to look without being woken: for what waited for its time before a restart.
    std::chrono::milliseconds poll{1'000};
    std::uint32_t seed = 1;  ///< of the jitter
};

/// Something that the log and a person want to know; `why` carries no patient data.
struct WorkerTrouble {
    enum class Kind : std::uint8_t {
        retry,        ///< the target is away; deliveries wait
        rejected,     ///< one delivery was refused by the target
        store_fault,  ///< the outbox cannot be read or marked
        defect,       ///< a bug of ours; the round is tried again
    };
    Kind kind = Kind::retry;
    std::string target;
    std::int64_t delivery = 0;  ///< of `rejected`
    std::string why;
    bool alert = false;
};

struct WorkerCounters {
    std::uint64_t delivered = 0;
    std::uint64_t rejected = 0;
    std::uint64_t retries = 0;  ///< rounds that ended with the target away
    std::uint64_t store_faults = 0;
    std::uint32_t failures_in_a_row = 0;
};

/// Carries deliveries from the outbox to one target, in order, with exponential back-off and jitter
/// while the target or the store is away. Nothing is lost by a failure: a delivery leaves the
/// outbox only by being marked, and a batch that was written but not marked is written again, which
/// changes nothing.
///
/// A rejected batch is tried again one by one, so that only what the target refuses is marked and
/// the rest goes through. run() and run_once() belong to one thread; the others may be called from
/// any.
class Worker {
public:
    using OnTrouble = std::function<void(const WorkerTrouble&)>;

    Worker(Outbox& outbox, Target& target, const Clock& clock, WorkerSettings settings = {},
           OnTrouble on_trouble = {});

    /// Until stop is requested; between batches it waits for wake() or the next due time.
    void run(const std::stop_token& stop);
    /// One round; true when something was delivered or rejected, so that another round is worth
    /// while. Does nothing while paused or backing off.
    bool run_once();
    /// New deliveries stand in the outbox. Does not cut a back-off short.
    void wake();
    /// Unpausing also ends the worker's back-off; a delivery that was tried keeps its own time.
    void pause(bool paused);
    WorkerCounters counters() const;

private:
    enum class Step : std::uint8_t { went_on, target_away };

    bool may_start(Instant now);
    void deliver_batch(const std::vector<Delivery>& batch);
    Step deliver_one(const Delivery& delivery);
    void back_off(const std::vector<Delivery>& batch, const TargetAnswer& answer);
    void survive(WorkerTrouble::Kind kind, const char* why);
    Instant postpone();
    std::chrono::milliseconds backoff_delay(std::uint32_t failures);
    std::chrono::milliseconds time_to_wait() const;
    void tell(const WorkerTrouble& trouble) const;

    Outbox& outbox_;
    Target& target_;
    const Clock& clock_;
    const WorkerSettings settings_;
    const OnTrouble on_trouble_;
    std::minstd_rand random_;  // run()'s thread only

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    bool woken_ = false;
    bool paused_ = false;
    std::optional<Instant> not_before_;
    WorkerCounters counters_;
};

}  // namespace labrelay::delivery
