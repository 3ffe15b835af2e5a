#include "labrelay/delivery/worker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::delivery {
namespace {

using Kind = TargetAnswer::Kind;
using testing::ElementsAre;
using namespace std::chrono_literals;

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

    void add(std::int64_t id, std::int64_t subject) {
        const std::lock_guard lock(mutex_);
        Row row;
        row.delivery.id = id;
        row.delivery.subject = SubjectId{subject};
        rows_[id] = row;
    }

    std::vector<Delivery> take(std::string_view /*target*/, Instant now,
                               std::size_t limit) override {
        const std::lock_guard lock(mutex_);
        count_call();
        ++takes_;
        std::vector<Delivery> due;
        std::set<SubjectId> waiting;
        for (const auto& [id, row] : rows_) {
            if (row.state == DeliveryState::retry && row.not_before > now) {
                waiting.insert(row.delivery.subject);
            }
            const bool open =
                row.state == DeliveryState::ready || row.state == DeliveryState::retry;
            if (open && !waiting.contains(row.delivery.subject) && due.size() < limit) {
                due.push_back(row.delivery);
            }
        }
        return due;
    }
    void mark_delivered(const std::vector<Delivery>& deliveries, Instant /*now*/) override {
        const std::lock_guard lock(mutex_);
        count_call();
        for (const Delivery& delivery : deliveries) {
            move(delivery, DeliveryState::delivered);
        }
    }
    void mark_retry(const Delivery& delivery, Instant not_before, std::string_view why) override {
        const std::lock_guard lock(mutex_);
        count_call();
        Row& row = move(delivery, DeliveryState::retry);
        row.not_before = not_before;
        row.why = why;
        ++row.delivery.attempts;
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

    std::set<int> faults;  // call numbers, from 1
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
    int calls_ = 0;
    int takes_ = 0;
};

// Keeps what was written; `answer` decides before anything is.
class FakeTarget final : public Target {
public:
    const std::string& name() const override { return name_; }
    TargetAnswer deliver(const std::vector<Delivery>& deliveries) override {
        const std::lock_guard lock(mutex_);
        ++calls_;
        TargetAnswer given = answer ? answer(deliveries) : TargetAnswer{};
        if (given.kind == Kind::delivered) {
            for (const Delivery& delivery : deliveries) {
                if (known_.insert(delivery.id).second) {
                    written_.push_back(delivery);
                }
            }
            changed_.notify_all();
        }
        return given;
    }

    std::function<TargetAnswer(const std::vector<Delivery>&)> answer;

    std::vector<std::int64_t> written() {
        const std::lock_guard lock(mutex_);
        std::vector<std::int64_t> ids;
        for (const Delivery& delivery : written_) {
            ids.push_back(delivery.id);
        }
        return ids;
    }
    std::map<std::int64_t, std::vector<std::int64_t>> written_by_subject() {
        const std::lock_guard lock(mutex_);
        std::map<std::int64_t, std::vector<std::int64_t>> ids;
        for (const Delivery& delivery : written_) {
            ids[delivery.subject.value].push_back(delivery.id);
        }
        return ids;
    }
    bool wait_for_written(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 10s, [&] { return written_.size() >= count; });
    }
    int calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

private:
    std::string name_ = "study";
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Delivery> written_;
    std::set<std::int64_t> known_;
    int calls_ = 0;
};

bool holds(const std::vector<Delivery>& deliveries, std::int64_t id) {
    return std::any_of(deliveries.begin(), deliveries.end(),
                       [&](const Delivery& delivery) { return delivery.id == id; });
}

class DeliveryWorker : public testing::Test {
protected:
    Worker make(WorkerSettings settings = {}) {
        return Worker(outbox, target, clock, settings,
                      [this](const WorkerTrouble& trouble) { troubles.push_back(trouble); });
    }

    FakeClock clock;
    MemoryOutbox outbox;
    FakeTarget target;
    std::vector<WorkerTrouble> troubles;
};

TEST_F(DeliveryWorker, WritesInOrderAndMarks) {
    outbox.add(1, 7);
    outbox.add(2, 8);
    outbox.add(3, 7);
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 2, 3));
    EXPECT_EQ(outbox.waiting("study"), 0);
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(worker.counters().delivered, 3U);
    EXPECT_TRUE(troubles.empty());
}

TEST_F(DeliveryWorker, TakesNoMoreThanABatch) {
    for (int id = 1; id <= 5; ++id) {
        outbox.add(id, id);
    }
    Worker worker = make({.batch = 2});
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 2));
    EXPECT_TRUE(worker.run_once());
    EXPECT_TRUE(worker.run_once());
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(outbox.waiting("study"), 0);
}

TEST_F(DeliveryWorker, AnAwayTargetCostsNothingButTime) {
    outbox.add(1, 7);
    outbox.add(2, 7);
    bool away = true;
    target.answer = [&](const auto&) {
        return away ? TargetAnswer{Kind::retry, "disk full", true} : TargetAnswer{};
    };
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(DeliveryState::retry), ElementsAre(1, 2));
    EXPECT_EQ(outbox.row(1).why, "disk full");
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles[0].kind, WorkerTrouble::Kind::retry);
    EXPECT_TRUE(troubles[0].alert);

    outbox.add(3, 8);
    EXPECT_FALSE(worker.run_once()) << "an away target is not asked before its time";
    EXPECT_EQ(target.calls(), 1);

    away = false;
    clock.advance(1min);
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 2, 3));
}

TEST_F(DeliveryWorker, BacksOffExponentiallyWithJitterUpToTheCap) {
    outbox.add(1, 7);
    target.answer = [](const auto&) { return TargetAnswer{Kind::retry, "away", false}; };
    Worker worker = make({.first_backoff = 200ms, .longest_backoff = 1000ms});
    std::int64_t full = 200'000;
    std::set<std::int64_t> seen;
    for (int failure = 1; failure <= 12; ++failure) {
        worker.run_once();
        const std::int64_t wait = outbox.row(1).not_before.microseconds - clock.now().microseconds;
        EXPECT_GE(wait, full / 2) << failure;
        EXPECT_LE(wait, full) << failure;
        seen.insert(wait);
        clock.advance(
            std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(wait)));
        full = std::min<std::int64_t>(full * 2, 1'000'000);
    }
    EXPECT_GT(seen.size(), 6U) << "no jitter";
    EXPECT_EQ(target.calls(), 12);
    EXPECT_EQ(worker.counters().failures_in_a_row, 12U);

    target.answer = {};
    EXPECT_TRUE(worker.run_once());
    EXPECT_EQ(worker.counters().failures_in_a_row, 0U);
}

TEST_F(DeliveryWorker, ARejectedDeliveryIsMarkedAndTheRestGoesOn) {
    for (int id = 1; id <= 4; ++id) {
        outbox.add(id, 7);
    }
    target.answer = [](const std::vector<Delivery>& deliveries) {
        return holds(deliveries, 2) ? TargetAnswer{Kind::rejected, "CHECK failed", false}
                                    : TargetAnswer{};
    };
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 3, 4));
    EXPECT_THAT(outbox.ids_in(DeliveryState::rejected), ElementsAre(2));
    EXPECT_EQ(outbox.row(2).why, "CHECK failed");
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles[0].kind, WorkerTrouble::Kind::rejected);
    EXPECT_EQ(troubles[0].delivery, 2);
    EXPECT_EQ(worker.counters().rejected, 1U);
    EXPECT_EQ(worker.counters().delivered, 3U);
}

TEST_F(DeliveryWorker, WhenTheTargetGoesAwayOneByOneTheRestWaitsInOrder) {
    for (int id = 1; id <= 4; ++id) {
        outbox.add(id, 7);
    }
    bool away = true;
    target.answer = [&](const std::vector<Delivery>& deliveries) {
        if (holds(deliveries, 2)) {
            return TargetAnswer{Kind::rejected, "no", false};
        }
        return away && holds(deliveries, 3) ? TargetAnswer{Kind::retry, "away", false}
                                            : TargetAnswer{};
    };
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1));
    EXPECT_THAT(outbox.ids_in(DeliveryState::rejected), ElementsAre(2));
    EXPECT_THAT(outbox.ids_in(DeliveryState::retry), ElementsAre(3));
    EXPECT_THAT(outbox.ids_in(DeliveryState::ready), ElementsAre(4));

    away = false;
    clock.advance(1min);
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 3, 4));
}

TEST_F(DeliveryWorker, WrittenButNotMarkedIsWrittenAgain) {
    outbox.add(1, 7);
    outbox.faults = {2};  // take, then mark_delivered
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(DeliveryState::ready), ElementsAre(1));
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_EQ(troubles[0].kind, WorkerTrouble::Kind::store_fault);

    clock.advance(1min);
    EXPECT_TRUE(worker.run_once());
    EXPECT_EQ(target.calls(), 2);
    EXPECT_THAT(target.written(), ElementsAre(1));
    EXPECT_EQ(outbox.waiting("study"), 0);
}

TEST_F(DeliveryWorker, ADefectOfTheTargetLosesNothing) {
    outbox.add(1, 7);
    target.answer = [](const auto&) -> TargetAnswer { throw std::logic_error("a bug"); };
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(outbox.waiting("study"), 1);
    EXPECT_EQ(worker.counters().store_faults, 0U);
    EXPECT_EQ(worker.counters().failures_in_a_row, 1U);
    ASSERT_EQ(troubles.size(), 1U);
    EXPECT_TRUE(troubles[0].alert);
}

TEST_F(DeliveryWorker, PausedTakesNothing) {
    outbox.add(1, 7);
    Worker worker = make();
    worker.pause(true);
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(outbox.takes(), 0);
    worker.pause(false);
    EXPECT_TRUE(worker.run_once());
    EXPECT_EQ(outbox.waiting("study"), 0);
}

TEST_F(DeliveryWorker, RunsUntilStoppedAndIsWoken) {
    Worker worker = make({.poll = 1h});
    std::jthread thread([&](std::stop_token stop) { worker.run(stop); });
    for (std::int64_t id = 1; id <= 20; ++id) {
        outbox.add(id, 7);
        worker.wake();
        ASSERT_TRUE(target.wait_for_written(static_cast<std::size_t>(id))) << id;
    }
    worker.pause(true);
    outbox.add(21, 7);
    worker.wake();
    worker.pause(false);
    EXPECT_TRUE(target.wait_for_written(21));
    thread.request_stop();
    thread.join();
    EXPECT_EQ(outbox.waiting("study"), 0);
}

TEST_F(DeliveryWorker, WhateverFailsEverythingArrivesAndEachSubjectInOrder) {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        MemoryOutbox box;
        FakeTarget study;
        std::mt19937 random(seed);
        for (std::int64_t id = 1; id <= 60; ++id) {
            box.add(id, static_cast<std::int64_t>(random() % 5));
        }
        for (int i = 0; i < 20; ++i) {
            box.faults.insert(static_cast<int>(random() % 100));
        }
        study.answer = [&](const std::vector<Delivery>& deliveries) {
            if (random() % 3 == 0) {
                return TargetAnswer{Kind::retry, "away", false};
            }
            return holds(deliveries, 13) ? TargetAnswer{Kind::rejected, "no", false}
                                         : TargetAnswer{};
        };
        Worker worker(box, study, clock, {.batch = 7, .seed = seed});
        for (int round = 0; round < 2000 && box.waiting("study") > 0; ++round) {
            worker.run_once();
            clock.advance(500ms);
        }
        EXPECT_EQ(study.written().size(), 59U) << seed;
        EXPECT_THAT(box.ids_in(DeliveryState::rejected), ElementsAre(13)) << seed;
        for (const auto& [subject, ids] : study.written_by_subject()) {
            EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << seed << " subject " << subject;
        }
    }
}

}  // namespace
}  // namespace labrelay::delivery
