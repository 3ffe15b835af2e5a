#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/delivery/circuit_breaker.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/delivery/target.hpp"

namespace labrelay::delivery {

struct WorkerSettings {
    std::size_t batch = 256;  ///< deliveries a transaction of the target
    std::chrono::milliseconds first_backoff{200};
    std::chrono::milliseconds longest_backoff{60'000};
    /// What a round may take: a lock of the store waits until it is over. One that takes longer
    /// makes those after it smaller.
    std::chrono::milliseconds round_budget{20'000};
    /// How often a target that refuses labrelay itself is looked at.
    std::chrono::milliseconds stopped_interval{15 * 60'000};
    /// How often to look without being woken: for what waited for its time before a restart.
    std::chrono::milliseconds poll{1'000};
    /// A target that is away is an incident from this failure on; before, it is an ordinary pause.
    std::uint32_t failures_of_an_incident = 3;
    std::uint32_t seed = 1;  ///< of the jitter
};

/// Something that the log and a person want to know; `why` carries no patient data. An incident is
/// told once when it begins and once when it is over, however many rounds fail between.
struct WorkerTrouble {
    enum class Kind : std::uint8_t {
        away,         ///< an incident began: the target does not answer; deliveries wait
        stopped,      ///< an incident began: the target refuses labrelay itself; a person must act
        recovered,    ///< the incident is over
        rejected,     ///< one delivery, or some of its results, was refused by the target
        store_fault,  ///< an incident began: the outbox cannot be read or marked
        defect,       ///< an incident began: a bug of ours; the round is tried again
    };
    Kind kind = Kind::away;
    std::string target;
    std::int64_t delivery = 0;  ///< of `rejected`
    std::string why;
};

struct WorkerCounters {
    std::uint64_t delivered = 0;
    std::uint64_t rejected = 0;
    std::uint64_t retries = 0;       ///< rounds that ended with the target away
    std::uint64_t answers_lost = 0;  ///< deliveries that became `unknown`
    std::uint64_t read_back = 0;     ///< of these, settled
    std::uint64_t incidents = 0;
    std::uint64_t store_faults = 0;
    std::uint32_t failures_in_a_row = 0;
    BreakerState breaker = BreakerState::closed;
};

/// Carries deliveries from the outbox to one target, in order, with a circuit breaker while the
/// target or the store is away. Nothing is lost by a failure: a delivery leaves the outbox only by
/// being marked.
///
/// Where a repeat is harmless, a batch that was written but not marked is written again. Where it
/// can do harm, what is about to be sent is persisted first, and an answer that is lost is settled
/// by reading back (src/delivery/delivery_state.md). A rejected batch is tried again one by one, so
/// that only what the target refuses is marked and the rest goes through.
///
/// While the breaker is open no row is read or written: a backlog of any size waits at no cost.
/// run() and run_once() belong to one thread; the others may be called from any.
class Worker {
public:
    using OnTrouble = std::function<void(const WorkerTrouble&)>;

    Worker(Outbox& outbox, Target& target, const Clock& clock, WorkerSettings settings = {},
           OnTrouble on_trouble = {});

    /// Until stop is requested; between batches it waits for wake() or the next due time.
    void run(const std::stop_token& stop);
    /// One round; true when something was delivered, rejected or settled, so that another round is
    /// worth while. Does nothing while paused or backing off.
    bool run_once();
    /// Runs `work` while no delivery is between the outbox and the target: from any other thread,
    /// waits for the round in work.
    void between_rounds(const std::function<void()>& work);
    /// New deliveries stand in the outbox. Does not cut a back-off short.
    void wake();
    /// Unpausing also ends the worker's back-off; a delivery that was tried keeps its own time.
    void pause(bool paused);
    WorkerCounters counters() const;

private:
    using Permit = CircuitBreaker::Permit;
    enum class Step : std::uint8_t { idle, went_on, target_away };

    Permit may_start(Instant now);
    Step round(std::size_t limit);
    void fit_batch(Instant begun);

    Step deliver_batch(const std::vector<Delivery>& batch);
    Step deliver_one(const Delivery& delivery);

    Step settle(std::size_t limit);
    Instant stands_aside_until(const Delivery& delivery) const;
    void settle_without_results(std::vector<Delivery>& batch);
    Step send_carefully(std::vector<Delivery> batch);
    Step send_prepared(const std::vector<Delivery>& batch,
                       const std::vector<std::vector<Standing>>& sending);
    Step take_answers(const std::vector<Delivery>& batch,
                      const std::vector<std::vector<Standing>>& sending,
                      const TargetAnswer& answer);
    void refuse(Delivery& delivery, const std::vector<Refusal>& refusals);

    Step went_well(std::size_t delivered);
    Step only_read(std::size_t delivered);
    /// The target is away, or has stopped us.
    Step failed(bool stopped, const std::string& why, bool alert);
    void survive(WorkerTrouble::Kind kind, const char* why);
    Instant next_attempt() const;
    std::chrono::milliseconds time_to_wait() const;
    void begin_incident(std::optional<WorkerTrouble::Kind>& incident, WorkerTrouble::Kind kind,
                        const std::string& why);
    void end_incident(std::optional<WorkerTrouble::Kind>& incident, std::string_view words);
    void tell(const WorkerTrouble& trouble) const;

    Outbox& outbox_;
    Target& target_;
    const Clock& clock_;
    const WorkerSettings settings_;
    const OnTrouble on_trouble_;
    std::mutex round_;  // held for a whole round; taken before mutex_

    // run()'s thread only
    bool recovered_ = false;
    bool write_failed_ = false;  ///< the last time that something was sent
    std::size_t fitting_;        ///< deliveries a round that keeps to its budget
    std::size_t handled_ = 0;    ///< by the round
    std::optional<WorkerTrouble::Kind> target_incident_;
    std::optional<WorkerTrouble::Kind> own_incident_;

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    bool woken_ = false;
    bool paused_ = false;
    CircuitBreaker target_breaker_;
    CircuitBreaker own_breaker_;  ///< of the store and our own defects
    WorkerCounters counters_;
};

}  // namespace labrelay::delivery
