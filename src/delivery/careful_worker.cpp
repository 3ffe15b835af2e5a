// The worker's rounds for targets where a repeat can do harm: persist, send, and where the answer
// is lost read back. The picture: delivery_state.md.
#include <algorithm>
#include <set>
#include <utility>

#include "labrelay/delivery/worker.hpp"

namespace labrelay::delivery {
namespace {

std::vector<Refusal> refused_whole(const Delivery& delivery, const std::string& why) {
    std::vector<Refusal> refusals;
    for (const DeliveredResult& result : delivery.results) {
        refusals.push_back({result.number, Code::delivery_rejected, why});
    }
    return refusals;
}

/// Of each result one delivery is on its way at a time: before it is answered nobody knows what the
/// next one would meet. What is left out stays in the outbox for the next round.
void keep_first_of_each_result(std::vector<Delivery>& batch) {
    std::set<std::pair<SubjectId, std::int64_t>> results;
    std::erase_if(batch, [&](const Delivery& delivery) {
        const bool again = std::any_of(
            delivery.results.begin(), delivery.results.end(), [&](const DeliveredResult& result) {
                return results.contains({delivery.subject, result.number});
            });
        for (const DeliveredResult& result : delivery.results) {
            results.emplace(delivery.subject, result.number);
        }
        return again;
    });
}

}  // namespace

Worker::Step Worker::settle(std::size_t limit) {
    std::vector<Delivery> unsettled = outbox_.unsettled(target_.name(), limit);
    if (unsettled.empty()) {
        return Step::idle;
    }
    handled_ = unsettled.size();
    const std::vector<ReadBack> readings = target_.read_back(unsettled);
    std::uint64_t settled = 0;
    std::size_t delivered = 0;
    for (std::size_t i = 0; i < unsettled.size(); ++i) {
        const ReadBack& reading = readings.at(i);
        switch (reading.kind) {
            case ReadBack::Kind::away:
            case ReadBack::Kind::stopped:
                return failed(reading.kind == ReadBack::Kind::stopped, reading.why, false);
            case ReadBack::Kind::found:
                outbox_.mark_settled({unsettled[i]}, {reading.stands}, clock_.now());
                ++delivered;
                break;
            case ReadBack::Kind::not_found:
                outbox_.mark_ready(unsettled[i], reading.stands, stands_aside_until(unsettled[i]));
                break;
            case ReadBack::Kind::differs:
                refuse(unsettled[i], reading.refusals);
                if (!unsettled[i].results.empty()) {
                    outbox_.mark_settled({unsettled[i]}, {reading.stands}, clock_.now());
                }
                break;
        }
        ++settled;
    }
    {
        const std::lock_guard lock(mutex_);
        counters_.read_back += settled;
    }
    return delivered > 0 ? went_well(delivered) : only_read(0);
}

/// What was sent and did not arrive stands aside, longer each time, so that the others go on.
Instant Worker::stands_aside_until(const Delivery& delivery) const {
    std::chrono::milliseconds delay = settings_.first_backoff;
    for (std::int32_t i = 1; i < delivery.attempts && delay < settings_.longest_backoff; ++i) {
        delay *= 2;
    }
    delay = std::min(delay, settings_.longest_backoff);
    return {clock_.now().microseconds + std::chrono::microseconds(delay).count()};
}

/// That it can be read does not say that it can be written: where that failed, neither the breaker
/// closes by it nor an incident ends.
Worker::Step Worker::only_read(std::size_t delivered) {
    if (!write_failed_) {
        return went_well(delivered);
    }
    const std::lock_guard lock(mutex_);
    counters_.delivered += delivered;
    return Step::went_on;
}

/// A lock, or results that are kept back: of these the target is told nothing, and it is not asked.
void Worker::settle_without_results(std::vector<Delivery>& batch) {
    const auto first =
        std::stable_partition(batch.begin(), batch.end(),
                              [](const Delivery& delivery) { return !delivery.results.empty(); });
    const std::vector<Delivery> nothing(first, batch.end());
    if (nothing.empty()) {
        return;
    }
    batch.erase(first, batch.end());
    outbox_.mark_settled(nothing, std::vector<std::vector<Standing>>(nothing.size()), clock_.now());
    const std::lock_guard lock(mutex_);
    counters_.delivered += nothing.size();
}

Worker::Step Worker::send_carefully(std::vector<Delivery> batch) {
    settle_without_results(batch);
    keep_first_of_each_result(batch);
    if (batch.empty()) {
        return Step::went_on;
    }
    outbox_.load_standings(batch);
    Preparation prepared = target_.prepare(batch);
    if (prepared.kind != Preparation::Kind::ready) {
        return failed(prepared.kind == Preparation::Kind::stopped, prepared.why, false);
    }
    std::vector<Delivery> to_send;
    std::vector<std::vector<Standing>> sending;
    std::vector<Delivery> nothing_to_send;
    std::vector<std::vector<Standing>> stands;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Preparation::Each& each = prepared.each.at(i);
        if (!each.refusals.empty()) {
            refuse(batch[i], each.refusals);
        }
        if (batch[i].results.empty()) {
            continue;  // refused as a whole, and marked so
        }
        if (each.sending.empty()) {
            nothing_to_send.push_back(std::move(batch[i]));
            stands.push_back(std::move(each.stands));
        } else {
            to_send.push_back(std::move(batch[i]));
            sending.push_back(std::move(each.sending));
        }
    }
    if (!nothing_to_send.empty()) {
        outbox_.mark_settled(nothing_to_send, stands, clock_.now());
    }
    if (to_send.empty()) {
        return only_read(nothing_to_send.size());
    }
    {
        const std::lock_guard lock(mutex_);
        counters_.delivered += nothing_to_send.size();
    }
    return send_prepared(to_send, sending);
}

Worker::Step Worker::send_prepared(const std::vector<Delivery>& batch,
                                   const std::vector<std::vector<Standing>>& sending) {
    outbox_.mark_sending(batch, sending);
    const TargetAnswer answer = target_.deliver(batch);
    switch (answer.kind) {
        case TargetAnswer::Kind::delivered:
            outbox_.mark_settled(batch, sending, clock_.now());
            return went_well(batch.size());
        case TargetAnswer::Kind::retry:
        case TargetAnswer::Kind::stopped: {
            write_failed_ = true;
            const Step away =
                failed(answer.kind == TargetAnswer::Kind::stopped, answer.why, answer.alert);
            outbox_.mark_retry(batch, next_attempt(), answer.why);
            return away;
        }
        case TargetAnswer::Kind::rejected:
            for (Delivery delivery : batch) {
                refuse(delivery, refused_whole(delivery, answer.why));
            }
            return went_well(0);
        case TargetAnswer::Kind::each:
            break;
    }
    return take_answers(batch, sending, answer);
}

Worker::Step Worker::take_answers(const std::vector<Delivery>& batch,
                                  const std::vector<std::vector<Standing>>& sending,
                                  const TargetAnswer& answer) {
    std::vector<Delivery> delivered;
    std::vector<std::vector<Standing>> stands;
    std::vector<Delivery> lost;
    std::vector<Delivery> waiting;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const DeliveryAnswer& each = answer.each.at(i);
        switch (each.kind) {
            case DeliveryAnswer::Kind::unknown:
                lost.push_back(batch[i]);
                continue;
            case DeliveryAnswer::Kind::retry:
                waiting.push_back(batch[i]);
                continue;
            case DeliveryAnswer::Kind::delivered:
                delivered.push_back(batch[i]);
                stands.push_back(each.stands.empty() ? sending[i] : each.stands);
                continue;
            case DeliveryAnswer::Kind::rejected:
                break;
        }
        Delivery rest = batch[i];
        refuse(rest, each.refusals);
        if (!rest.results.empty()) {
            delivered.push_back(std::move(rest));
            stands.push_back(each.stands);
        }
    }
    if (!delivered.empty()) {
        outbox_.mark_settled(delivered, stands, clock_.now());
    }
    if (lost.empty() && waiting.empty()) {
        return went_well(delivered.size());
    }
    {
        const std::lock_guard lock(mutex_);
        counters_.delivered += delivered.size();
        counters_.answers_lost += lost.size();
    }
    write_failed_ = true;
    const Step away = failed(false, answer.why, answer.alert);
    if (!lost.empty()) {
        outbox_.mark_unknown(lost, answer.why);
    }
    if (!waiting.empty()) {
        outbox_.mark_retry(waiting, next_attempt(), answer.why);
    }
    return away;
}

void Worker::refuse(Delivery& delivery, const std::vector<Refusal>& refusals) {
    outbox_.mark_refused(delivery, refusals, clock_.now());
    std::erase_if(delivery.results, [&](const DeliveredResult& result) {
        return std::any_of(refusals.begin(), refusals.end(),
                           [&](const Refusal& refusal) { return refusal.number == result.number; });
    });
    {
        const std::lock_guard lock(mutex_);
        ++counters_.rejected;
    }
    tell({WorkerTrouble::Kind::rejected, target_.name(), delivery.id,
          refusals.empty() ? std::string() : refusals.front().why});
}

}  // namespace labrelay::delivery
