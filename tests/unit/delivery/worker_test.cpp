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
#include "memory_outbox.hpp"

namespace labrelay::delivery {
namespace {

using Kind = TargetAnswer::Kind;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::MemoryOutbox;
using namespace std::chrono_literals;

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

class DeliveryWorker : public ::testing::Test {
protected:
    Worker make(WorkerSettings settings = {}) {
        return Worker(outbox, target, clock, settings,
                      [this](const WorkerTrouble& trouble) { troubles.push_back(trouble); });
    }

    std::vector<WorkerTrouble::Kind> kinds() const {
        std::vector<WorkerTrouble::Kind> all;
        for (const WorkerTrouble& trouble : troubles) {
            all.push_back(trouble.kind);
        }
        return all;
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
    EXPECT_THAT(outbox.ids_in(DeliveryState::ready), ElementsAre(1, 2)) << "no row is touched";
    EXPECT_THAT(kinds(), ElementsAre(WorkerTrouble::Kind::away));
    EXPECT_EQ(troubles[0].why, "disk full");

    outbox.add(3, 8);
    const int calls = outbox.calls();
    EXPECT_FALSE(worker.run_once()) << "an away target is not asked before its time";
    EXPECT_EQ(target.calls(), 1);
    EXPECT_EQ(outbox.calls(), calls) << "and the outbox is neither read nor written";
    EXPECT_EQ(worker.counters().breaker, BreakerState::open);

    away = false;
    clock.advance(1min);
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1)) << "one as a probe";
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(target.written(), ElementsAre(1, 2, 3));
    EXPECT_THAT(kinds(), ElementsAre(WorkerTrouble::Kind::away, WorkerTrouble::Kind::recovered));
}

TEST_F(DeliveryWorker, AShortPauseIsNoIncidentAndALongOneIsOne) {
    outbox.add(1, 7);
    target.answer = [](const auto&) { return TargetAnswer{Kind::retry, "busy", false}; };
    Worker worker = make({.failures_of_an_incident = 3});
    for (int failure = 1; failure <= 10; ++failure) {
        EXPECT_EQ(troubles.size(), failure <= 3 ? 0U : 1U) << failure;
        worker.run_once();
        clock.advance(2min);
    }
    EXPECT_EQ(worker.counters().incidents, 1U);
    target.answer = {};
    worker.run_once();
    EXPECT_THAT(kinds(), ElementsAre(WorkerTrouble::Kind::away, WorkerTrouble::Kind::recovered));
}

TEST_F(DeliveryWorker, ATargetThatRefusesUsIsToldOnceAndAskedRarelyWithOne) {
    for (int id = 1; id <= 5; ++id) {
        outbox.add(id, id);
    }
    std::vector<std::size_t> asked;
    bool refuses = true;
    target.answer = [&](const std::vector<Delivery>& deliveries) {
        asked.push_back(deliveries.size());
        return refuses ? TargetAnswer{Kind::stopped, "token", false} : TargetAnswer{};
    };
    Worker worker = make();
    for (int minute = 0; minute < 60; ++minute) {
        worker.run_once();
        clock.advance(1min);
    }
    EXPECT_THAT(asked, ElementsAre(5, 1, 1, 1));
    EXPECT_THAT(kinds(), ElementsAre(WorkerTrouble::Kind::stopped));
    EXPECT_EQ(worker.counters().breaker, BreakerState::stopped);
    EXPECT_EQ(outbox.waiting("study"), 5) << "the queue is not burnt";

    refuses = false;
    worker.pause(true);
    worker.pause(false);
    EXPECT_TRUE(worker.run_once()) << "a person has acted";
    EXPECT_TRUE(worker.run_once());
    EXPECT_EQ(outbox.waiting("study"), 0);
    EXPECT_EQ(troubles.back().kind, WorkerTrouble::Kind::recovered);
}

TEST_F(DeliveryWorker, BacksOffExponentiallyWithJitterUpToTheCap) {
    CircuitBreaker breaker({.first_backoff = 200ms, .longest_backoff = 1000ms});
    std::int64_t full = 200'000;
    std::set<std::int64_t> seen;
    Instant now{1'000'000};
    for (int failure = 1; failure <= 12; ++failure) {
        const std::int64_t wait = breaker.failed(now).microseconds - now.microseconds;
        EXPECT_GE(wait, full / 2) << failure;
        EXPECT_LE(wait, full) << failure;
        EXPECT_EQ(breaker.permit(Instant{now.microseconds + wait - 1}),
                  CircuitBreaker::Permit::none);
        now.microseconds += wait;
        EXPECT_EQ(breaker.permit(now), CircuitBreaker::Permit::probe);
        EXPECT_EQ(breaker.state(), BreakerState::half_open);
        seen.insert(wait);
        full = std::min<std::int64_t>(full * 2, 1'000'000);
    }
    EXPECT_GT(seen.size(), 6U) << "no jitter";
    EXPECT_EQ(breaker.failures_in_a_row(), 12U);
    breaker.succeeded();
    EXPECT_EQ(breaker.failures_in_a_row(), 0U);
    EXPECT_EQ(breaker.permit(now), CircuitBreaker::Permit::all);
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
    EXPECT_THAT(outbox.ids_in(DeliveryState::ready), ElementsAre(3, 4));

    away = false;
    clock.advance(1min);
    EXPECT_TRUE(worker.run_once());
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
    EXPECT_THAT(kinds(), ElementsAre(WorkerTrouble::Kind::defect));
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
        for (int round = 0; round < 5000 && box.waiting("study") > 0; ++round) {
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

TEST(Worker, WhatIsGivenToATargetIsRememberedBefore) {
    FakeClock clock;
    MemoryOutbox outbox;
    FakeTarget target;
    outbox.add(1, 7);
    target.answer = [&](const auto&) {
        EXPECT_TRUE(outbox.tried.contains(1));
        return TargetAnswer{Kind::retry, "the connection is gone", false};
    };
    Worker(outbox, target, clock).run_once();
    EXPECT_EQ(target.calls(), 1);
}

TEST(Worker, ARoundThatTakesLongMakesTheNextOnesSmaller) {
    FakeClock clock;
    MemoryOutbox outbox;
    FakeTarget target;
    for (int id = 1; id <= 200; ++id) {
        outbox.add(id, id);
    }
    std::vector<std::size_t> batches;
    std::chrono::milliseconds each = 2s;
    target.answer = [&](const std::vector<Delivery>& deliveries) {
        batches.push_back(deliveries.size());
        clock.advance(each * static_cast<int>(deliveries.size()));
        return TargetAnswer{};
    };
    Worker worker(outbox, target, clock, {.batch = 50, .round_budget = 20s});
    worker.run_once();
    worker.run_once();
    worker.run_once();
    EXPECT_THAT(batches, ElementsAre(50, 10, 10)) << "a lock waits no longer than the budget";
    each = 60s;
    worker.run_once();
    worker.run_once();
    EXPECT_EQ(batches.back(), 1U);
    each = 1ms;
    for (int round = 0; round < 7; ++round) {
        worker.run_once();
    }
    EXPECT_EQ(batches.back(), 50U);
}

}  // namespace
}  // namespace labrelay::delivery
