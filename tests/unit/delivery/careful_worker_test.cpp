// The worker with a target where a repeat can do harm: what is persisted before, and what a lost
// answer costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "labrelay/delivery/worker.hpp"
#include "memory_outbox.hpp"

namespace labrelay::delivery {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;
using testing::MemoryOutbox;
using namespace std::chrono_literals;
using enum DeliveryState;

/// Counts how often each delivery was sent; everything else is said by the test.
class CarefulTarget final : public Target {
public:
    const std::string& name() const override { return name_; }
    bool repeat_is_harmless() const override { return false; }

    Preparation prepare(const std::vector<Delivery>& deliveries) override {
        if (preparation) {
            return preparation(deliveries);
        }
        Preparation ready;
        for (const Delivery& delivery : deliveries) {
            Preparation::Each& each = ready.each.emplace_back();
            for (const DeliveredResult& result : delivery.results) {
                each.sending.push_back({result.number, "place", "content"});
            }
        }
        return ready;
    }
    TargetAnswer deliver(const std::vector<Delivery>& deliveries) override {
        batches.push_back(deliveries.size());
        for (const Delivery& delivery : deliveries) {
            ++sent[delivery.id];
        }
        return answer ? answer(deliveries) : TargetAnswer{};
    }
    std::vector<ReadBack> read_back(const std::vector<Delivery>& deliveries) override {
        std::vector<ReadBack> all;
        for (const Delivery& delivery : deliveries) {
            all.push_back(reading(delivery));
        }
        return all;
    }

    std::function<Preparation(const std::vector<Delivery>&)> preparation;
    std::function<TargetAnswer(const std::vector<Delivery>&)> answer;
    std::function<ReadBack(const Delivery&)> reading;
    std::map<std::int64_t, int> sent;
    std::vector<std::size_t> batches;

private:
    std::string name_ = "redcap";
};

TargetAnswer lost(const std::vector<Delivery>& deliveries) {
    TargetAnswer answer{TargetAnswer::Kind::each, "no answer", false, {}};
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        answer.each.push_back({DeliveryAnswer::Kind::unknown, {}, {}, {}});
    }
    return answer;
}

class CarefulWorker : public ::testing::Test {
protected:
    CarefulWorker() {
        outbox.add(1, 7, {1, 2});
        outbox.add(2, 8, {1});
    }
    Worker make() {
        return Worker(outbox, target, clock, {.batch = 50},
                      [this](const WorkerTrouble& trouble) { troubles.push_back(trouble.kind); });
    }
    void later(Worker& worker) {
        clock.advance(1h);
        worker.run_once();
    }

    FakeClock clock;
    MemoryOutbox outbox;
    CarefulTarget target;
    std::vector<WorkerTrouble::Kind> troubles;
};

TEST_F(CarefulWorker, PersistsWhatItIsAboutToSendBeforeItIsSent) {
    target.answer = [&](const auto&) {
        EXPECT_THAT(outbox.ids_in(sending), ElementsAre(1, 2));
        EXPECT_EQ(outbox.row(1).delivery.standings.sending.size(), 2U);
        return TargetAnswer{};
    };
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_EQ(outbox.row(1).delivery.standings.written.size(), 2U);
    EXPECT_EQ(worker.counters().delivered, 2U);
}

TEST_F(CarefulWorker, WhatHasNothingForTheTargetIsDelivered) {
    outbox.add(3, 9);  // a lock that it cannot show, or results that are all kept back
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_FALSE(worker.run_once()) << "it would be taken again and again";
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2, 3));
    EXPECT_EQ(target.sent.count(3), 0U);
}

TEST_F(CarefulWorker, ALostAnswerIsReadBackAndNotSentAgainWhereItIsFound) {
    target.answer = lost;
    target.reading = [](const Delivery& delivery) {
        return ReadBack{ReadBack::Kind::found, {}, {}, delivery.standings.sending};
    };
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(unknown), ElementsAre(1, 2));
    EXPECT_EQ(worker.counters().answers_lost, 2U);
    later(worker);
    EXPECT_THAT(outbox.ids_in(unknown), ElementsAre(2)) << "a probe settles one";
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_THAT(target.batches, ElementsAre(2)) << "sent once";
    EXPECT_EQ(worker.counters().read_back, 2U);
}

TEST_F(CarefulWorker, ALostAnswerThatIsNotFoundIsSentOnceMore) {
    target.answer = lost;
    target.reading = [](const Delivery&) {
        return ReadBack{ReadBack::Kind::not_found, {}, {}, {}};
    };
    Worker worker = make();
    worker.run_once();
    target.answer = {};
    for (int round = 0; round < 5; ++round) {
        later(worker);
    }
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_EQ(target.sent[1], 2);
}

TEST_F(CarefulWorker, NothingIsSentOverWhatIsUnknownWhereALockEndsWithinTheRound) {
    target.answer = lost;
    target.reading = [](const Delivery& delivery) {
        return ReadBack{ReadBack::Kind::found, {}, {}, delivery.standings.sending};
    };
    Worker worker = make();
    worker.run_once();
    target.answer = {};
    outbox.add(3, 9, {1});
    clock.advance(1h);
    outbox.locks_in_work = 1;
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(target.sent.count(3), 0U) << "it was not asked what is unknown";
    EXPECT_THAT(outbox.ids_in(unknown), ElementsAre(1, 2));
    for (int round = 0; round < 5; ++round) {
        later(worker);
    }
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2, 3));
}

TEST_F(CarefulWorker, OfOneResultOneDeliveryAtATimeIsOnItsWay) {
    outbox.add(3, 7, {2, 3});
    outbox.add(4, 7, {3});
    outbox.add(5, 7, {4});
    target.answer = [](const std::vector<Delivery>& deliveries) {
        TargetAnswer answer{TargetAnswer::Kind::each, {}, false, {}};
        for (const Delivery& delivery : deliveries) {
            DeliveryAnswer& each = answer.each.emplace_back();
            if (delivery.id == 1) {
                each.kind = DeliveryAnswer::Kind::rejected;
                each.refusals = {{2, Code::delivery_rejected, "locked"}};
            }
        }
        return answer;
    };
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(ready), ElementsAre(3, 4)) << "4 stays behind 3";
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(ready), ElementsAre(4));
    EXPECT_TRUE(worker.run_once());
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(ready), IsEmpty());
    EXPECT_THAT(target.batches, ElementsAre(3, 1, 1));
}

TEST_F(CarefulWorker, ALockIsSettledWithoutAskingTheTarget) {
    MemoryOutbox box;
    box.add_lock(1);
    box.add_lock(2);
    box.add(3, 7, {1});
    box.add_lock(4, 7);
    CarefulTarget remote;
    std::vector<std::size_t> prepared;
    remote.preparation = [&](const std::vector<Delivery>& deliveries) {
        prepared.push_back(deliveries.size());
        Preparation ready;
        for (const Delivery& delivery : deliveries) {
            EXPECT_EQ(delivery.id, 3);
            ready.each.emplace_back().sending.push_back({1, "place", "content"});
        }
        return ready;
    };
    Worker worker(box, remote, clock, {.batch = 2});
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(box.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_THAT(prepared, IsEmpty()) << "with nothing to tell it is not even read";
    EXPECT_TRUE(worker.run_once());
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(box.ids_in(delivered), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(prepared, ElementsAre(1));
    EXPECT_EQ(worker.counters().delivered, 4U);
}

TEST_F(CarefulWorker, ALockDoesNotEndTheIncidentOfATargetThatIsAway) {
    target.preparation = [](const auto&) {
        return Preparation{Preparation::Kind::stopped, "no rights", {}};
    };
    Worker worker = make();
    worker.run_once();
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::stopped));
    outbox.add_lock(0);
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(0));
    EXPECT_EQ(worker.counters().breaker, BreakerState::half_open);
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::stopped));
}

TEST_F(CarefulWorker, WhatIsNeverFoundAddsUpToAnIncidentAndStandsAsideLonger) {
    target.answer = [](const std::vector<Delivery>& deliveries) {
        return deliveries.front().id == 1 ? lost(deliveries) : TargetAnswer{};
    };
    target.reading = [](const Delivery&) {
        return ReadBack{ReadBack::Kind::not_found, {}, {}, {}};
    };
    MemoryOutbox box;
    box.add(1, 7, {1});
    Worker worker(box, target, clock, {.batch = 50},
                  [this](const WorkerTrouble& trouble) { troubles.push_back(trouble.kind); });
    for (int round = 0; round < 100; ++round) {
        worker.run_once();
        clock.advance(100ms);
    }
    EXPECT_LE(target.sent[1], 6) << "within ten seconds";
    EXPECT_GE(target.sent[1], 3);
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::away)) << "told once, and not as over";
    EXPECT_GE(worker.counters().failures_in_a_row, 3U);

    box.add(2, 8, {1});
    for (int round = 0; round < 5; ++round) {
        later(worker);
        worker.run_once();  // at once, as it has settled something
    }
    EXPECT_THAT(box.ids_in(delivered), ElementsAre(2)) << "the others go on";
}

TEST_F(CarefulWorker, WhatOnlyNeededReadingDoesNotEndAnIncidentOfWriting) {
    bool nothing_changes = false;
    target.answer = [](const auto&) {
        return TargetAnswer{TargetAnswer::Kind::stopped, "no right to import", false, {}};
    };
    target.preparation = [&](const std::vector<Delivery>& deliveries) {
        Preparation ready;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            Preparation::Each& each = ready.each.emplace_back();
            (nothing_changes ? each.stands : each.sending).push_back({1, "place", "content"});
        }
        return ready;
    };
    Worker worker = make();
    worker.run_once();
    nothing_changes = true;
    later(worker);
    EXPECT_EQ(outbox.ids_in(delivered).size(), 1U);
    EXPECT_EQ(worker.counters().breaker, BreakerState::half_open);
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::stopped));
}

TEST_F(CarefulWorker, AsLongAsReadingBackFailsNothingIsSent) {
    target.answer = lost;
    target.reading = [](const Delivery&) { return ReadBack{ReadBack::Kind::away, "503", {}, {}}; };
    Worker worker = make();
    worker.run_once();
    outbox.add(3, 9, {1});
    for (int round = 0; round < 5; ++round) {
        later(worker);
    }
    EXPECT_THAT(outbox.ids_in(unknown), ElementsAre(1, 2));
    EXPECT_THAT(target.batches, ElementsAre(2));
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::away)) << "one incident";
}

TEST_F(CarefulWorker, WhatStandsThereInsteadIsForAPerson) {
    target.answer = lost;
    target.reading = [](const Delivery& delivery) {
        ReadBack reading{ReadBack::Kind::differs, {}, {}, {}};
        reading.refusals.push_back({1, Code::target_value_edited, "cd4"});
        if (delivery.results.size() > 1) {
            reading.stands.push_back({2, "place", "content"});
        }
        return reading;
    };
    Worker worker = make();
    worker.run_once();
    later(worker);
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1)) << "its other result stands";
    EXPECT_THAT(outbox.ids_in(rejected), ElementsAre(2));
    ASSERT_EQ(outbox.refused.size(), 2U);
    EXPECT_EQ(outbox.refused[0].rule, Code::target_value_edited);
}

TEST_F(CarefulWorker, ADefectWhileSendingIsReadBackLikeACrash) {
    target.answer = [](const auto&) -> TargetAnswer { throw std::logic_error("a bug"); };
    target.reading = [](const Delivery& delivery) {
        return ReadBack{ReadBack::Kind::found, {}, {}, delivery.standings.sending};
    };
    Worker worker = make();
    EXPECT_FALSE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(sending), ElementsAre(1, 2));
    later(worker);
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::defect, WorkerTrouble::Kind::recovered));
}

TEST_F(CarefulWorker, WhateverTheStoreFailsAtNothingIsSentTwiceUnread) {
    for (int fault = 1; fault <= 12; ++fault) {
        MemoryOutbox box;
        box.add(1, 7, {1});
        box.faults = {fault};
        CarefulTarget remote;
        bool stands = false;
        remote.answer = [&](const auto&) {
            EXPECT_FALSE(stands) << "written twice, fault " << fault;
            stands = true;
            return TargetAnswer{};
        };
        remote.reading = [&](const Delivery& delivery) {
            using Read = ReadBack::Kind;
            return ReadBack{stands ? Read::found : Read::not_found,
                            {},
                            {},
                            stands ? delivery.standings.sending : std::vector<Standing>{}};
        };
        Worker worker(box, remote, clock);
        for (int round = 0; round < 6; ++round) {
            later(worker);
        }
        EXPECT_THAT(box.ids_in(delivered), ElementsAre(1)) << fault;
        EXPECT_EQ(remote.sent[1], 1) << fault;
    }
}

TEST_F(CarefulWorker, ARefusedResultLeavesTheOthersOfItsDelivery) {
    target.answer = [](const auto&) {
        TargetAnswer answer{TargetAnswer::Kind::each, {}, false, {}};
        answer.each.push_back({DeliveryAnswer::Kind::rejected,
                               {},
                               {{2, Code::delivery_rejected, "locked"}},
                               {{1, "place", "content"}}});
        answer.each.push_back({DeliveryAnswer::Kind::delivered, {}, {}, {}});
        return answer;
    };
    Worker worker = make();
    EXPECT_TRUE(worker.run_once());
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    ASSERT_EQ(outbox.refused.size(), 1U);
    EXPECT_EQ(outbox.refused[0].number, 2);
    EXPECT_EQ(outbox.row(1).delivery.standings.written.size(), 1U);
}

TEST_F(CarefulWorker, WhatIsRefusedBeforeSendingIsNotLostWithTheAnswer) {
    target.preparation = [](const std::vector<Delivery>& deliveries) {
        Preparation ready;
        for (const Delivery& delivery : deliveries) {
            Preparation::Each& each = ready.each.emplace_back();
            each.refusals.push_back({1, Code::target_value_edited, "edited"});
            if (delivery.results.size() > 1) {
                each.sending.push_back({2, "place", "content"});
            }
        }
        return ready;
    };
    target.answer = lost;
    target.reading = [](const Delivery& delivery) {
        return ReadBack{ReadBack::Kind::found, {}, {}, delivery.standings.sending};
    };
    Worker worker = make();
    worker.run_once();
    EXPECT_EQ(outbox.refused.size(), 2U);
    EXPECT_THAT(outbox.ids_in(rejected), ElementsAre(2));
    EXPECT_THAT(outbox.ids_in(unknown), ElementsAre(1));
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1));
    EXPECT_EQ(outbox.row(1).delivery.results.size(), 1U);
}

TEST_F(CarefulWorker, ATargetThatMayBeReadButNotWrittenIsOneIncident) {
    target.answer = [](const auto&) {
        return TargetAnswer{TargetAnswer::Kind::stopped, "no right to import", false, {}};
    };
    Worker worker = make();
    for (int round = 0; round < 5; ++round) {
        later(worker);
    }
    EXPECT_THAT(troubles, ElementsAre(WorkerTrouble::Kind::stopped));
    EXPECT_THAT(target.batches, ElementsAre(2, 1, 1, 1, 1)) << "probed with one";
    target.answer = {};
    later(worker);
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
    EXPECT_EQ(troubles.back(), WorkerTrouble::Kind::recovered);
}

TEST_F(CarefulWorker, WhatWasNotSentWaitsForItsTimeAndIsSentWhenItIsDue) {
    bool away = true;
    target.answer = [&](const auto&) {
        return away ? TargetAnswer{TargetAnswer::Kind::retry, "connection refused", false, {}}
                    : TargetAnswer{};
    };
    Worker worker = make();
    worker.run_once();
    EXPECT_THAT(outbox.ids_in(retry), ElementsAre(1, 2));
    EXPECT_THAT(outbox.row(1).delivery.standings.sending, IsEmpty());
    const int calls = outbox.calls();
    EXPECT_FALSE(worker.run_once());
    EXPECT_EQ(outbox.calls(), calls) << "no row is touched while the breaker is open";
    away = false;
    later(worker);
    later(worker);
    EXPECT_THAT(outbox.ids_in(delivered), ElementsAre(1, 2));
}

}  // namespace
}  // namespace labrelay::delivery
