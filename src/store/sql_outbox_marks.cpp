// What the worker writes: each mark is one short transaction at the writer's gate, of at most one
// batch, so that a drain does not keep live traffic waiting.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "delivery_list.hpp"
#include "labrelay/store/sql_outbox.hpp"
#include "outbox_rows.hpp"
#include "shared_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using delivery::Delivery;
using delivery::Refusal;
using delivery::Standing;

void advance_progress(StoreWriter::Core& core, const std::vector<Delivery>& deliveries) {
    std::map<std::int64_t, std::int64_t> upto;
    for (const Delivery& delivery : deliveries) {
        std::int64_t& newest = upto[delivery.subject.value];
        newest = std::max(newest, delivery.id);
    }
    auto upsert = core.db().prepare(
        "INSERT INTO delivery_progress(subject_id, delivered_upto) VALUES (?, ?) "
        "ON CONFLICT(subject_id) DO UPDATE SET delivered_upto = excluded.delivered_upto "
        "WHERE delivery_progress.delivered_upto < excluded.delivered_upto");
    for (const auto& [subject, newest] : upto) upsert.bind(subject, newest).run();
}

void set_delivered(StoreWriter::Core& core, const std::vector<Delivery>& deliveries, Instant now) {
    auto update = core.db().prepare(
        "UPDATE outbox SET state = 'delivered', closed_us = ?, carries = ?, why = NULL "
        "WHERE delivery_id = ?");
    for (const Delivery& delivery : deliveries)
        update.bind(now.microseconds, std::max(delivery.carries, delivery.id), delivery.id).run();
}

void remember_sending(StoreWriter::Core& core, const Delivery& delivery,
                      const std::vector<Standing>& sending) {
    const std::int64_t target = core.term(delivery.target);
    auto upsert = core.db().prepare(
        "INSERT INTO delivered_value(target_id, subject_id, number, sending_place, "
        "sending_content) VALUES (?, ?, ?, ?, ?) ON CONFLICT(target_id, subject_id, number) "
        "DO UPDATE SET sending_place = excluded.sending_place, "
        "sending_content = excluded.sending_content");
    for (const Standing& one : sending)
        upsert.bind(target, delivery.subject.value, one.number, one.place, one.content).run();
}

// What was about to be written is settled, one way or the other.
void forget_sending(StoreWriter::Core& core, const Delivery& delivery) {
    const std::int64_t target = core.term(delivery.target);
    auto update = core.db().prepare(
        "UPDATE delivered_value SET sending_place = NULL, sending_content = NULL "
        "WHERE target_id = ? AND subject_id = ? AND number = ?");
    for (const delivery::DeliveredResult& result : delivery.results)
        update.bind(target, delivery.subject.value, result.number).run();
}

void remember_written(StoreWriter::Core& core, const Delivery& delivery,
                      const std::vector<Standing>& stands) {
    const std::int64_t target = core.term(delivery.target);
    for (const Standing& one : stands) {
        if (one.content.empty()) {
            core.db()
                .prepare(
                    "DELETE FROM delivered_value "
                    "WHERE target_id = ? AND subject_id = ? AND number = ?")
                .bind(target, delivery.subject.value, one.number)
                .run();
            continue;
        }
        core.db()
            .prepare(
                "INSERT INTO delivered_value(target_id, subject_id, number, place, content) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT(target_id, subject_id, number) "
                "DO UPDATE SET place = excluded.place, content = excluded.content, "
                "sending_place = NULL, sending_content = NULL")
            .bind(target, delivery.subject.value, one.number, one.place, one.content)
            .run();
    }
}

void set_state(StoreWriter::Core& core, const Delivery& delivery, delivery::DeliveryState state,
               std::string_view why) {
    core.db()
        .prepare("UPDATE outbox SET state = ?, why = ? WHERE delivery_id = ?")
        .bind(delivery::to_string(state), why, delivery.id)
        .run();
}

// The row is held until the end of the transaction, so that whoever takes the target over finds
// what is being sent.
bool is_still_ours(StoreWriter::Core& core, const Delivery& delivery) {
    auto hold = core.db().prepare(
        "UPDATE target SET fence = fence WHERE target_id = ? AND fence = ? RETURNING fence");
    hold.bind(core.term(delivery.target), delivery.fence);
    return hold.step();
}

// False: it waits no longer, or no longer with all its results. A lock came before it, or another
// node.
bool set_sending(StoreWriter::Core& core, const Delivery& delivery) {
    auto update = core.db().prepare(
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, carries = ?, why = NULL "
        "WHERE delivery_id = ? AND state IN ('ready', 'retry') RETURNING results");
    update.bind(delivery.carries, delivery.id);
    if (!update.step()) return false;
    const std::vector<ListedResult> waiting = unpack_results(update.text(0));
    return std::ranges::all_of(delivery.results, [&](const delivery::DeliveredResult& result) {
        return std::ranges::any_of(waiting, [&](const ListedResult& listed) {
            return !listed.lock && listed.number == result.number;
        });
    });
}

// The same words about the same subject are one problem, opened again where it had been closed.
void notify(StoreWriter::Core& core, SubjectId subject, std::string_view target, Code rule,
            std::string_view why, std::int64_t now) {
    const std::string detail = fmt::format("{}: {}", target, why);
    core.db()
        .prepare(
            "INSERT INTO notice(rule, subject_id, detail, opened_us) VALUES (?, ?, ?, ?) "
            "ON CONFLICT(rule, subject_id, detail) DO UPDATE SET "
            "opened_us = excluded.opened_us, problem_id = NULL")
        .bind(static_cast<int>(rule), subject.value, detail, now)
        .run();
}

void notify(StoreWriter::Core& core, const Delivery& delivery, Code rule, std::string_view why,
            std::int64_t now) {
    notify(core, delivery.subject, delivery.target, rule, why, now);
}

std::vector<ListedResult> listed_results(StoreWriter::Core& core, std::int64_t delivery) {
    auto query = core.db().prepare("SELECT results FROM outbox WHERE delivery_id = ?");
    query.bind(delivery);
    return query.step() ? unpack_results(query.text(0)) : std::vector<ListedResult>{};
}

std::string words_of(const std::vector<Refusal>& refusals) {
    std::string words;
    for (const Refusal& refusal : refusals) {
        if (words.find(refusal.why) != std::string::npos) continue;
        words += (words.empty() ? "" : "; ") + refusal.why;
    }
    return words;
}

void insert_refused(StoreWriter::Core& core, const Delivery& delivery, const std::string& results,
                    std::string_view why, std::int64_t now) {
    std::optional<std::int64_t> message;
    std::int64_t whole = delivery.id;
    {
        auto query = core.db().prepare(
            "SELECT message_id, coalesce(split_of, delivery_id) FROM outbox WHERE delivery_id = ?");
        query.bind(delivery.id);
        if (query.step()) {
            message = query.optional_integer(0);
            whole = query.integer(1);
        }
    }
    const std::int64_t target = core.term(delivery.target);
    const std::int64_t id = core.take_deliveries(1);
    core.db()
        .prepare(
            "INSERT INTO outbox(delivery_id, target_id, subject_id, message_id, state, fence, "
            "attempts, results, closed_us, why, split_of) "
            "VALUES (?, ?, ?, ?, 'rejected', ?, ?, ?, ?, ?, ?)")
        .bind(id, target, delivery.subject.value, message, delivery.fence, delivery.attempts,
              results, now, why, whole)
        .run();
}

}  // namespace

void SqlOutbox::mark_delivered(const std::vector<Delivery>& deliveries, Instant now) {
    if (deliveries.empty()) return;
    WriteTransaction transaction(core_, Durability::relaxed);
    set_delivered(core_, deliveries, now);
    advance_progress(core_, deliveries);
    transaction.commit();
}

void SqlOutbox::mark_rejected(const Delivery& delivery, std::string_view why) {
    WriteTransaction transaction(core_, Durability::full);
    const std::int64_t now = core_.clock.now().microseconds;
    core_.db()
        .prepare(
            "UPDATE outbox SET state = 'rejected', closed_us = ?, why = ? WHERE delivery_id = ?")
        .bind(now, why, delivery.id)
        .run();
    notify(core_, delivery, Code::delivery_rejected, why, now);
    transaction.commit();
}

void SqlOutbox::write_unreadable(std::string_view target,
                                 const std::vector<UnreadableDelivery>& news) {
    WriteTransaction transaction(core_, Durability::full);
    const std::int64_t now = core_.clock.now().microseconds;
    for (const UnreadableDelivery& one : news)
        notify(core_, one.subject, target, Code::store_io,
               fmt::format("delivery {} cannot be read: {}", one.id, one.why), now);
    transaction.commit();
}

void SqlOutbox::mark_sending(const std::vector<Delivery>& deliveries,
                             const std::vector<std::vector<Standing>>& sending) {
    if (deliveries.empty()) return;
    WriteTransaction transaction(core_, Durability::full);
    const std::string& target = deliveries.front().target;
    if (core_.shared() && !is_still_ours(core_, deliveries.front())) throw lost_its_place(target);
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        if (!set_sending(core_, deliveries[i])) throw lost_its_place(target);
        remember_sending(core_, deliveries[i], sending.at(i));
    }
    transaction.commit();
}

void SqlOutbox::mark_retry(const std::vector<Delivery>& deliveries, Instant not_before,
                           std::string_view why) {
    WriteTransaction transaction(core_, Durability::relaxed);
    for (const Delivery& delivery : deliveries) {
        auto update = core_.db().prepare(
            "UPDATE outbox SET state = 'retry', not_before_us = ?, why = ? WHERE delivery_id = ? "
            "AND state IN ('ready', 'retry', 'sending') RETURNING delivery_id");
        update.bind(not_before.microseconds, why, delivery.id);
        if (!update.step()) throw lost_its_place(delivery.target);
        forget_sending(core_, delivery);
    }
    transaction.commit();
}

void SqlOutbox::mark_unknown(const std::vector<Delivery>& deliveries, std::string_view why) {
    WriteTransaction transaction(core_, Durability::relaxed);
    for (const Delivery& delivery : deliveries)
        set_state(core_, delivery, delivery::DeliveryState::unknown, why);
    transaction.commit();
}

void SqlOutbox::mark_ready(const Delivery& delivery, const std::vector<Standing>& stands,
                           Instant not_before) {
    WriteTransaction transaction(core_, Durability::relaxed);
    {
        auto update = core_.db().prepare(
            "UPDATE outbox SET state = 'ready', not_before_us = ?, why = NULL "
            "WHERE delivery_id = ? AND state = 'unknown' RETURNING delivery_id");
        update.bind(not_before.microseconds, delivery.id);
        if (!update.step()) throw lost_its_place(delivery.target);
    }
    forget_sending(core_, delivery);
    remember_written(core_, delivery, stands);
    transaction.commit();
}

void SqlOutbox::mark_settled(const std::vector<Delivery>& deliveries,
                             const std::vector<std::vector<Standing>>& stands, Instant now) {
    if (deliveries.empty()) return;
    WriteTransaction transaction(core_, Durability::relaxed);
    set_delivered(core_, deliveries, now);
    advance_progress(core_, deliveries);
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        forget_sending(core_, deliveries[i]);
        remember_written(core_, deliveries[i], stands.at(i));
    }
    transaction.commit();
}

void SqlOutbox::mark_refused(const Delivery& delivery, const std::vector<Refusal>& refusals,
                             Instant now) {
    WriteTransaction transaction(core_, Durability::full);
    std::vector<ListedResult> refused = listed_results(core_, delivery.id);
    std::vector<ListedResult> rest;
    std::erase_if(refused, [&](const ListedResult& listed) {
        const bool named = std::ranges::any_of(
            refusals, [&](const Refusal& refusal) { return refusal.number == listed.number; });
        if (!named) rest.push_back(listed);
        return !named;
    });
    const std::string why = words_of(refusals);
    if (rest.empty()) {
        core_.db()
            .prepare(
                "UPDATE outbox SET state = 'rejected', closed_us = ?, why = ? "
                "WHERE delivery_id = ?")
            .bind(now.microseconds, why, delivery.id)
            .run();
    } else if (!refused.empty()) {
        insert_refused(core_, delivery, pack_results(refused), why, now.microseconds);
        const std::string left = pack_results(rest);
        core_.db()
            .prepare("UPDATE outbox SET results = ? WHERE delivery_id = ?")
            .bind(left, delivery.id)
            .run();
        // What is kept back, or a lock: no target is told of it, so it is done with.
        const bool nothing_to_tell = std::ranges::none_of(rest, [&](const ListedResult& listed) {
            return !listed.lock &&
                   std::ranges::any_of(delivery.results,
                                       [&](const delivery::DeliveredResult& result) {
                                           return result.number == listed.number;
                                       });
        });
        if (nothing_to_tell) set_delivered(core_, {delivery}, now);
    }
    Delivery only_refused = delivery;
    std::erase_if(only_refused.results, [&](const delivery::DeliveredResult& result) {
        return std::ranges::none_of(
            refused, [&](const ListedResult& listed) { return listed.number == result.number; });
    });
    forget_sending(core_, only_refused);
    for (const Refusal& refusal : refusals)
        notify(core_, delivery, refusal.rule, refusal.why, now.microseconds);
    transaction.commit();
}

bool SqlOutbox::send_again(std::int64_t delivery, const Act& act) {
    WriteTransaction transaction(core_, Durability::full);
    {
        auto query =
            core_.db().prepare("SELECT 1 FROM outbox WHERE delivery_id = ? AND state = 'rejected'");
        query.bind(delivery);
        if (!query.step()) return false;
    }
    core_.db()
        .prepare(
            "UPDATE outbox SET state = 'ready', not_before_us = 0, closed_us = NULL, why = NULL "
            "WHERE delivery_id = ?")
        .bind(delivery)
        .run();
    const std::string what = fmt::format("delivery {} is sent again", delivery);
    const std::string object = std::to_string(delivery);
    core_.audit->append(core_.db(), entry_of(core_.clock.now(), act,
                                             {"resend", what, "delivery", object,
                                              R"({"state":"rejected"})", R"({"state":"ready"})"}));
    transaction.commit();
    return true;
}

}  // namespace labrelay::store
