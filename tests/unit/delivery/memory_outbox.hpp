#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::delivery::testing {

class FakeClock final : public Clock {
public:
    Instant now() const override { return now_; }
    void advance(std::chrono::milliseconds by) {
        now_.microseconds += std::chrono::microseconds(by).count();
    }

private:
    Instant now_{1'000'000};
};

// The contract of Outbox in memory; a call numbered in `faults` throws before it changes anything.
class MemoryOutbox final : public Outbox {
public:
    struct Row {
        Delivery delivery;
        DeliveryState state = DeliveryState::ready;
        Instant not_before;
        std::string why;
    };

    std::vector<Refusal> refused;
    std::set<std::int64_t> tried;

    void add(std::int64_t id, std::int64_t subject, std::vector<std::int64_t> numbers = {}) {
        const std::lock_guard lock(mutex_);
        Row row;
        row.delivery.id = id;
        row.delivery.subject = SubjectId{subject};
        for (const std::int64_t number : numbers) {
            row.delivery.results.emplace_back().number = number;
        }
        rows_[id] = row;
    }

    /// What freezing, locking and unlocking leave for every target.
    void add_lock(std::int64_t id, std::int64_t subject = 0) {
        add(id, subject);
        const std::lock_guard lock(mutex_);
        rows_.at(id).delivery.locks.emplace_back();
    }

    std::vector<Delivery> take(std::string_view /*target*/, Instant now,
                               std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        count_call();
        ++takes_;
        std::vector<Delivery> due;
        std::set<SubjectId> waiting;
        for (const auto& [id, row] : rows_) {
            const bool lost =
                row.state == DeliveryState::sending || row.state == DeliveryState::unknown;
            const bool open =
                row.state == DeliveryState::ready || row.state == DeliveryState::retry;
            if (lost || (open && row.not_before > now)) {
                waiting.insert(row.delivery.subject);
            }
            if (open && !waiting.contains(row.delivery.subject) && due.size() < limit) {
                due.push_back(row.delivery);
            }
        }
        return due;
    }
    std::vector<Delivery> take_settled(std::string_view target, Instant now,
                                       std::size_t limit) override {
        return round_begun_ ? take(target, now, limit) : std::vector<Delivery>{};
    }
    void mark_tried(const std::vector<Delivery>& deliveries) override {
        const std::lock_guard lock(mutex_);
        for (const Delivery& delivery : deliveries) {
            tried.insert(delivery.id);
        }
    }
    void mark_delivered(const std::vector<Delivery>& deliveries, Instant /*now*/) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (const Delivery& delivery : deliveries) {
            move(delivery, DeliveryState::delivered);
        }
    }
    void mark_rejected(const Delivery& delivery, std::string_view why) override {
        const std::lock_guard lock(mutex_);
        count_call();
        move(delivery, DeliveryState::rejected).why = why;
    }
    std::int64_t waiting(std::string_view /*target*/) override {
        const std::lock_guard lock(mutex_);
        return std::count_if(rows_.begin(), rows_.end(), [](const auto& item) {
            return item.second.state == DeliveryState::ready ||
                   item.second.state == DeliveryState::retry;
        });
    }
    void recover(std::string_view /*target*/) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (auto& [id, row] : rows_) {
            if (row.state == DeliveryState::sending) {
                row.state = DeliveryState::unknown;
            }
        }
    }
    void load_standings(std::vector<Delivery>& deliveries) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (Delivery& delivery : deliveries) {
            delivery.standings = rows_.at(delivery.id).delivery.standings;
        }
    }
    std::vector<Delivery> unsettled(std::string_view /*target*/, std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        count_call();
        round_begun_ = locks_in_work == 0;
        if (!round_begun_) {
            --locks_in_work;
            return {};
        }
        std::vector<Delivery> found;
        for (const auto& [id, row] : rows_) {
            if (row.state == DeliveryState::unknown && found.size() < limit) {
                found.push_back(row.delivery);
            }
        }
        return found;
    }
    void mark_sending(const std::vector<Delivery>& deliveries,
                      const std::vector<std::vector<Standing>>& sending) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            Row& row = move(deliveries[i], DeliveryState::sending);
            row.delivery.standings.sending = sending.at(i);
            ++row.delivery.attempts;
        }
    }
    void mark_retry(const std::vector<Delivery>& deliveries, Instant not_before,
                    std::string_view why) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (const Delivery& delivery : deliveries) {
            Row& row = move(delivery, DeliveryState::retry);
            row.delivery.standings.sending.clear();
            row.not_before = not_before;
            row.why = why;
        }
    }
    void mark_unknown(const std::vector<Delivery>& deliveries, std::string_view why) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (const Delivery& delivery : deliveries) {
            move(delivery, DeliveryState::unknown).why = why;
        }
    }
    void mark_ready(const Delivery& delivery, const std::vector<Standing>& stands,
                    Instant not_before) override {
        const std::lock_guard lock(mutex_);
        count_call();
        Row& row = move(delivery, DeliveryState::ready);
        row.not_before = not_before;
        row.delivery.standings = {stands, {}};
    }
    void mark_settled(const std::vector<Delivery>& deliveries,
                      const std::vector<std::vector<Standing>>& stands, Instant /*now*/) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            move(deliveries[i], DeliveryState::delivered).delivery.standings = {stands.at(i), {}};
        }
    }
    void mark_refused(const Delivery& delivery, const std::vector<Refusal>& refusals,
                      Instant /*now*/) override {
        const std::lock_guard lock(mutex_);
        count_call();
        auto& results = rows_.at(delivery.id).delivery.results;
        std::erase_if(results, [&](const DeliveredResult& result) {
            return std::any_of(refusals.begin(), refusals.end(), [&](const Refusal& refusal) {
                return refusal.number == result.number;
            });
        });
        refused.insert(refused.end(), refusals.begin(), refusals.end());
        if (results.empty()) {
            move(delivery, DeliveryState::rejected);
        }
    }

    Row row(std::int64_t id) {
        const std::lock_guard lock(mutex_);
        return rows_.at(id);
    }
    std::vector<std::int64_t> ids_in(DeliveryState state) {
        const std::lock_guard lock(mutex_);
        std::vector<std::int64_t> ids;
        for (const auto& [id, row] : rows_) {
            if (row.state == state) {
                ids.push_back(id);
            }
        }
        return ids;
    }

    int locks_in_work = 0;  // as many calls of unsettled() begin no round
    std::set<int> faults;   // call numbers, from 1
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    int takes() {
        const std::lock_guard lock(mutex_);
        return takes_;
    }

private:
    void count_call() {
        if (faults.contains(++calls_)) {
            throw pipeline::StoreFault("the store is away", false);
        }
    }
    Row& move(const Delivery& delivery, DeliveryState to) {
        Row& row = rows_.at(delivery.id);
        EXPECT_TRUE(allowed(row.state, to)) << to_string(row.state) << " -> " << to_string(to);
        row.state = to;
        return row;
    }

    std::mutex mutex_;
    std::map<std::int64_t, Row> rows_;
    bool round_begun_ = false;
    int calls_ = 0;
    int takes_ = 0;
};

}  // namespace labrelay::delivery::testing
