#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/sql_outbox.hpp"

namespace labrelay::app {

/// An outbox that one can wait on until nothing waits for a target and nothing is on its way there.
/// Any thread.
class WatchedOutbox final : public delivery::Outbox {
public:
    using Delivery = delivery::Delivery;
    using Standing = delivery::Standing;

    explicit WatchedOutbox(store::SqlOutbox& outbox) : outbox_(outbox) {}

    void drain(std::string_view target) {
        std::unique_lock lock(mutex_);
        marked_.wait(lock, [&] {
            const delivery::QueueState queue = outbox_.queue(target);
            return queue.waiting + queue.unknown == 0;
        });
    }

    std::vector<Delivery> take(std::string_view target, Instant now, std::size_t limit) override {
        return outbox_.take(target, now, limit);
    }
    void round_over(std::string_view target) override { outbox_.round_over(target); }
    void mark_tried(const std::vector<Delivery>& deliveries) override {
        outbox_.mark_tried(deliveries);
    }
    void mark_delivered(const std::vector<Delivery>& deliveries, Instant now) override {
        outbox_.mark_delivered(deliveries, now);
        tell();
    }
    void mark_rejected(const Delivery& delivery, std::string_view why) override {
        outbox_.mark_rejected(delivery, why);
        tell();
    }
    std::int64_t waiting(std::string_view target) override { return outbox_.waiting(target); }
    void recover(std::string_view target) override { outbox_.recover(target); }
    void load_standings(std::vector<Delivery>& deliveries) override {
        outbox_.load_standings(deliveries);
    }
    std::vector<Delivery> unsettled(std::string_view target, std::size_t limit) override {
        return outbox_.unsettled(target, limit);
    }
    std::vector<Delivery> take_settled(std::string_view target, Instant now,
                                       std::size_t limit) override {
        return outbox_.take_settled(target, now, limit);
    }
    void mark_sending(const std::vector<Delivery>& deliveries,
                      const std::vector<std::vector<Standing>>& sending) override {
        outbox_.mark_sending(deliveries, sending);
    }
    void mark_retry(const std::vector<Delivery>& deliveries, Instant not_before,
                    std::string_view why) override {
        outbox_.mark_retry(deliveries, not_before, why);
    }
    void mark_unknown(const std::vector<Delivery>& deliveries, std::string_view why) override {
        outbox_.mark_unknown(deliveries, why);
    }
    void mark_ready(const Delivery& delivery, const std::vector<Standing>& stands,
                    Instant not_before) override {
        outbox_.mark_ready(delivery, stands, not_before);
    }
    void mark_settled(const std::vector<Delivery>& deliveries,
                      const std::vector<std::vector<Standing>>& stands, Instant now) override {
        outbox_.mark_settled(deliveries, stands, now);
        tell();
    }
    void mark_refused(const Delivery& delivery, const std::vector<delivery::Refusal>& refusals,
                      Instant now) override {
        outbox_.mark_refused(delivery, refusals, now);
        tell();
    }

private:
    void tell() {
        const std::lock_guard lock(mutex_);
        marked_.notify_all();
    }

    store::SqlOutbox& outbox_;
    std::mutex mutex_;
    std::condition_variable marked_;
};

}  // namespace labrelay::app
