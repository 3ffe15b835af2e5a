#include "labrelay/delivery/worker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::delivery {
namespace {

Instant later(Instant now, std::chrono::milliseconds delay) {
    return Instant{now.microseconds + std::chrono::microseconds(delay).count()};
}

}  // namespace

Worker::Worker(Outbox& outbox, Target& target, const Clock& clock, WorkerSettings settings,
               OnTrouble on_trouble)
    : outbox_(outbox),
      target_(target),
      clock_(clock),
      settings_(settings),
      on_trouble_(std::move(on_trouble)),
      random_(settings.seed) {}

void Worker::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (run_once()) {
            continue;
        }
        const std::chrono::milliseconds wait = time_to_wait();
        std::unique_lock lock(mutex_);
        // A wake() during a back-off is remembered and must not spin: only the time ends it then.
        const bool backing_off = not_before_.has_value();
        changed_.wait_for(lock, stop, wait, [&] {
            return backing_off ? !not_before_.has_value() : woken_ && !paused_;
        });
        woken_ = false;
    }
}

bool Worker::run_once() {
    const Instant now = clock_.now();
    if (!may_start(now)) {
        return false;
    }
    // The boundary of this worker: a fault is told once and the round is tried again later.
    try {
        const std::vector<Delivery> batch = outbox_.take(target_.name(), now, settings_.batch);
        if (batch.empty()) {
            return false;
        }
        deliver_batch(batch);
    } catch (const pipeline::StoreFault& fault) {
        survive(WorkerTrouble::Kind::store_fault, fault.what());
    } catch (const std::exception& defect) {
        survive(WorkerTrouble::Kind::defect, defect.what());
    }
    const std::lock_guard lock(mutex_);
    return !not_before_.has_value();
}

bool Worker::may_start(Instant now) {
    const std::lock_guard lock(mutex_);
    if (paused_ || (not_before_ && now < *not_before_)) {
        return false;
    }
    not_before_.reset();
    return true;
}

void Worker::deliver_batch(const std::vector<Delivery>& batch) {
    const TargetAnswer answer = target_.deliver(batch);
    switch (answer.kind) {
        case TargetAnswer::Kind::delivered: {
            outbox_.mark_delivered(batch, clock_.now());
            const std::lock_guard lock(mutex_);
            counters_.delivered += batch.size();
            counters_.failures_in_a_row = 0;
            return;
        }
        case TargetAnswer::Kind::retry:
            back_off(batch, answer);
            return;
        case TargetAnswer::Kind::rejected:
            break;
    }
    for (const Delivery& delivery : batch) {
        if (deliver_one(delivery) == Step::target_away) {
            return;
        }
    }
}

Worker::Step Worker::deliver_one(const Delivery& delivery) {
    const TargetAnswer answer = target_.deliver({delivery});
    switch (answer.kind) {
        case TargetAnswer::Kind::delivered: {
            outbox_.mark_delivered({delivery}, clock_.now());
            const std::lock_guard lock(mutex_);
            ++counters_.delivered;
            counters_.failures_in_a_row = 0;
            return Step::went_on;
        }
        case TargetAnswer::Kind::retry:
            back_off({delivery}, answer);
            return Step::target_away;
        case TargetAnswer::Kind::rejected:
            break;
    }
    outbox_.mark_rejected(delivery, answer.why);
    {
        const std::lock_guard lock(mutex_);
        ++counters_.rejected;
        counters_.failures_in_a_row = 0;
    }
    tell({WorkerTrouble::Kind::rejected, target_.name(), delivery.id, answer.why, true});
    return Step::went_on;
}

void Worker::back_off(const std::vector<Delivery>& batch, const TargetAnswer& answer) {
    const Instant not_before = postpone();
    {
        const std::lock_guard lock(mutex_);
        ++counters_.retries;
    }
    tell({WorkerTrouble::Kind::retry, target_.name(), 0, answer.why, answer.alert});
    for (const Delivery& delivery : batch) {
        outbox_.mark_retry(delivery, not_before, answer.why);
    }
}

void Worker::survive(WorkerTrouble::Kind kind, const char* why) {
    postpone();
    if (kind == WorkerTrouble::Kind::store_fault) {
        const std::lock_guard lock(mutex_);
        ++counters_.store_faults;
    }
    tell({kind, target_.name(), 0, why, true});
}

Instant Worker::postpone() {
    const Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    ++counters_.failures_in_a_row;
    not_before_ = later(now, backoff_delay(counters_.failures_in_a_row));
    return *not_before_;
}

std::chrono::milliseconds Worker::backoff_delay(std::uint32_t failures) {
    std::chrono::milliseconds delay = settings_.first_backoff;
    for (std::uint32_t i = 1; i < failures && delay < settings_.longest_backoff; ++i) {
        delay *= 2;
    }
    delay = std::min(delay, settings_.longest_backoff);
    // Half fixed, half random: several workers that lost the same target do not come back together.
    std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(0, delay.count() / 2);
    return delay - std::chrono::milliseconds(jitter(random_));
}

std::chrono::milliseconds Worker::time_to_wait() const {
    const Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    if (!not_before_ || *not_before_ <= now) {
        return not_before_ ? std::chrono::milliseconds{0} : settings_.poll;
    }
    const std::chrono::microseconds left{not_before_->microseconds - now.microseconds};
    return std::chrono::ceil<std::chrono::milliseconds>(left);
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
            not_before_.reset();
            woken_ = true;
        }
    }
    changed_.notify_all();
}

WorkerCounters Worker::counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
}

void Worker::tell(const WorkerTrouble& trouble) const {
    if (on_trouble_) {
        on_trouble_(trouble);
    }
}

}  // namespace labrelay::delivery
