#include "labrelay/delivery/worker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::delivery {
namespace {

BreakerSettings breaker_of(const WorkerSettings& settings) {
    return {settings.first_backoff, settings.longest_backoff, settings.stopped_interval,
            settings.seed};
}

}  // namespace

Worker::Worker(Outbox& outbox, Target& target, const Clock& clock, WorkerSettings settings,
               OnTrouble on_trouble)
    : outbox_(outbox),
      target_(target),
      clock_(clock),
      settings_(settings),
      on_trouble_(std::move(on_trouble)),
      fitting_(settings.batch),
      target_breaker_(breaker_of(settings)),
      own_breaker_(breaker_of(settings)) {}

void Worker::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (run_once()) {
            continue;
        }
        const std::chrono::milliseconds wait = time_to_wait();
        std::unique_lock lock(mutex_);
        // A wake() during a back-off is remembered and must not spin: only the time ends it then.
        const auto backing_off = [&] {
            return target_breaker_.not_before().has_value() ||
                   own_breaker_.not_before().has_value();
        };
        const bool was_backing_off = backing_off();
        changed_.wait_for(lock, stop, wait,
                          [&] { return was_backing_off ? !backing_off() : woken_ && !paused_; });
        woken_ = false;
    }
}

namespace {

struct RoundEnd {
    Outbox& outbox;
    const std::string& target;
    ~RoundEnd() { outbox.round_over(target); }
};

}  // namespace

bool Worker::run_once() {
    const std::lock_guard whole_round(round_);
    const Instant begun = clock_.now();
    const Permit permit = may_start(begun);
    if (permit == Permit::none) {
        return false;
    }
    const RoundEnd end{outbox_, target_.name()};
    // The boundary of this worker: a fault is told once and the round is tried again later.
    try {
        const Step step = round(permit == Permit::probe ? 1 : fitting_);
        if (permit == Permit::all && step != Step::idle) {
            fit_batch(begun);
        }
        if (step != Step::target_away) {
            end_incident(own_incident_, "the outbox is read and marked again");
            const std::lock_guard lock(mutex_);
            own_breaker_.succeeded();
        }
        return step == Step::went_on;
    } catch (const pipeline::StoreFault& fault) {
        survive(WorkerTrouble::Kind::store_fault, fault.what());
    } catch (const std::exception& defect) {
        survive(WorkerTrouble::Kind::defect, defect.what());
    }
    return false;
}

void Worker::fit_batch(Instant begun) {
    const std::int64_t took = clock_.now().microseconds - begun.microseconds;
    const std::int64_t budget = std::chrono::microseconds(settings_.round_budget).count();
    if (took > budget) {
        const auto fits = static_cast<std::int64_t>(handled_) * budget / took;
        fitting_ = static_cast<std::size_t>(std::max<std::int64_t>(1, fits));
    } else if (took < budget / 4) {
        fitting_ = std::min(settings_.batch, std::max(fitting_, handled_ * 2));
    }
}

Worker::Permit Worker::may_start(Instant now) {
    const std::lock_guard lock(mutex_);
    if (paused_) {
        return Permit::none;
    }
    const Permit ours = own_breaker_.permit(now);
    return ours == Permit::none ? ours : std::min(ours, target_breaker_.permit(now));
}

Worker::Step Worker::round(std::size_t limit) {
    const bool careful = !target_.repeat_is_harmless();
    if (careful) {
        if (!recovered_) {
            outbox_.recover(target_.name());
            recovered_ = true;
        }
        // What may stand there already comes first: nothing is sent over it before.
        if (const Step settled = settle(limit); settled != Step::idle) {
            return settled;
        }
    }
    std::vector<Delivery> batch = careful
                                      ? outbox_.take_settled(target_.name(), clock_.now(), limit)
                                      : outbox_.take(target_.name(), clock_.now(), limit);
    if (batch.empty()) {
        return Step::idle;
    }
    handled_ = batch.size();
    return careful ? send_carefully(std::move(batch)) : deliver_batch(batch);
}

Worker::Step Worker::deliver_batch(const std::vector<Delivery>& batch) {
    outbox_.mark_tried(batch);
    const TargetAnswer answer = target_.deliver(batch);
    switch (answer.kind) {
        case TargetAnswer::Kind::delivered:
            outbox_.mark_delivered(batch, clock_.now());
            return went_well(batch.size());
        case TargetAnswer::Kind::retry:
            return failed(false, answer.why, answer.alert);
        case TargetAnswer::Kind::stopped:
            return failed(true, answer.why, true);
        case TargetAnswer::Kind::rejected:
        case TargetAnswer::Kind::each:
            break;
    }
    for (const Delivery& delivery : batch) {
        if (deliver_one(delivery) == Step::target_away) {
            return Step::target_away;
        }
    }
    return Step::went_on;
}

Worker::Step Worker::deliver_one(const Delivery& delivery) {
    const TargetAnswer answer = target_.deliver({delivery});
    switch (answer.kind) {
        case TargetAnswer::Kind::delivered:
            outbox_.mark_delivered({delivery}, clock_.now());
            return went_well(1);
        case TargetAnswer::Kind::retry:
            return failed(false, answer.why, answer.alert);
        case TargetAnswer::Kind::stopped:
            return failed(true, answer.why, true);
        case TargetAnswer::Kind::rejected:
        case TargetAnswer::Kind::each:
            break;
    }
    outbox_.mark_rejected(delivery, answer.why);
    {
        const std::lock_guard lock(mutex_);
        ++counters_.rejected;
    }
    tell({WorkerTrouble::Kind::rejected, target_.name(), delivery.id, answer.why});
    return went_well(0);
}

Worker::Step Worker::went_well(std::size_t delivered) {
    write_failed_ = false;
    {
        const std::lock_guard lock(mutex_);
        counters_.delivered += delivered;
        target_breaker_.succeeded();
    }
    end_incident(target_incident_, "the target takes deliveries again");
    return Step::went_on;
}

Worker::Step Worker::failed(bool stopped, const std::string& why, bool alert) {
    const Instant now = clock_.now();
    std::uint32_t failures = 0;
    {
        const std::lock_guard lock(mutex_);
        ++counters_.retries;
        stopped ? target_breaker_.stop(now) : target_breaker_.failed(now);
        failures = target_breaker_.failures_in_a_row();
    }
    if (stopped || alert || failures >= settings_.failures_of_an_incident) {
        using Kind = WorkerTrouble::Kind;
        begin_incident(target_incident_, stopped ? Kind::stopped : Kind::away, why);
    }
    return Step::target_away;
}

void Worker::survive(WorkerTrouble::Kind kind, const char* why) {
    // Whatever was being sent is no longer known to have been marked.
    recovered_ = false;
    {
        const std::lock_guard lock(mutex_);
        own_breaker_.failed(clock_.now());
        if (kind == WorkerTrouble::Kind::store_fault) {
            ++counters_.store_faults;
        }
    }
    begin_incident(own_incident_, kind, why);
}

void Worker::begin_incident(std::optional<WorkerTrouble::Kind>& incident, WorkerTrouble::Kind kind,
                            const std::string& why) {
    if (incident == kind) {
        return;
    }
    incident = kind;
    {
        const std::lock_guard lock(mutex_);
        ++counters_.incidents;
    }
    tell({kind, target_.name(), 0, why});
}

void Worker::end_incident(std::optional<WorkerTrouble::Kind>& incident, std::string_view words) {
    if (incident) {
        incident.reset();
        tell({WorkerTrouble::Kind::recovered, target_.name(), 0, std::string(words)});
    }
}

Instant Worker::next_attempt() const {
    const std::lock_guard lock(mutex_);
    return target_breaker_.not_before().value_or(clock_.now());
}

std::chrono::milliseconds Worker::time_to_wait() const {
    const Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    const std::optional<Instant> until =
        std::max(target_breaker_.not_before(), own_breaker_.not_before());
    if (!until) {
        return settings_.poll;
    }
    const std::chrono::microseconds left{until->microseconds - now.microseconds};
    return std::max(std::chrono::milliseconds{0},
                    std::chrono::ceil<std::chrono::milliseconds>(left));
}

void Worker::between_rounds(const std::function<void()>& work) {
    const std::lock_guard round(round_);
    work();
}

void Worker::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Worker::pause(bool paused) {
    {
        const std::lock_guard lock(mutex_);
        paused_ = paused;
        if (!paused) {
            target_breaker_.try_now();
            own_breaker_.try_now();
            woken_ = true;
        }
    }
    changed_.notify_all();
}

WorkerCounters Worker::counters() const {
    const std::lock_guard lock(mutex_);
    WorkerCounters counters = counters_;
    counters.failures_in_a_row =
        std::max(target_breaker_.failures_in_a_row(), own_breaker_.failures_in_a_row());
    counters.breaker = target_breaker_.state();
    return counters;
}

void Worker::tell(const WorkerTrouble& trouble) const {
    if (on_trouble_) {
        on_trouble_(trouble);
    }
}

}  // namespace labrelay::delivery
