#include "labrelay/store/sql_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "delivery_list.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "outbox_rows.hpp"
#include "read_transaction.hpp"
#include "result_publisher.hpp"
#include "shared_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using delivery::Delivery;
using pipeline::StoreFault;

void add_standings(Connection& database, std::int64_t target, Delivery& delivery) {
    auto query = database.prepare(
        "SELECT number, place, content, sending_place, sending_content FROM delivered_value "
        "WHERE target_id = ? AND subject_id = ? ORDER BY number");
    query.bind(target, delivery.subject.value);
    while (query.step()) {
        const std::int64_t number = query.integer(0);
        if (!query.is_null(1))
            delivery.standings.written.push_back({number, query.string(1), query.string(2)});
        if (!query.is_null(3))
            delivery.standings.sending.push_back({number, query.string(3), query.string(4)});
    }
}

std::int64_t count_of(Connection& database, const char* sql, std::int64_t target) {
    auto query = database.prepare(sql);
    query.bind(target);
    query.step();
    return query.integer(0);
}

std::int64_t waiting_of(Connection& database, std::int64_t target) {
    return count_of(
        database, "SELECT count(*) FROM outbox WHERE target_id = ? AND state IN ('ready', 'retry')",
        target);
}

delivery::QueueState queue_of(Connection& database, std::int64_t target) {
    delivery::QueueState state;
    state.waiting = waiting_of(database, target);
    state.unknown = count_of(database,
                             "SELECT count(*) FROM outbox "
                             "WHERE target_id = ? AND state IN ('sending', 'unknown')",
                             target);
    state.rejected = count_of(
        database, "SELECT count(*) FROM outbox WHERE target_id = ? AND state = 'rejected'", target);
    state.oldest = oldest_waiting(database, target);
    return state;
}

}  // namespace

/// The reading side, made at first use and again after a fault.
struct SqlOutbox::Reading {
    struct Open {
        Open(const StoreWriter::Core& core)
            : connection(open_store(core.place, sql::Access::read, core.options.vfs)),
              database(*connection),
              publisher(database, terms, specimens, core.results_key) {}
        std::unique_ptr<Connection> connection;
        Connection& database;
        Terms terms;
        Specimens specimens;
        ResultPublisher publisher;
        std::map<std::string, std::int64_t, std::less<>> fences;  ///< of targets that are ours
        std::set<std::string, std::less<>> rounds;                ///< that were not ended yet
        std::map<std::string, std::int64_t, std::less<>> tried;   ///< what stands as tried_upto

        bool in_round(std::string_view target) const {
            return !is_shared(database) || rounds.contains(target);
        }
        // Before the rows are read: who waits for the end of the round must find them as they were.
        // False: a lock waits or is in work, and the round comes after it.
        bool begin_round(std::string_view target) {
            if (in_round(target)) return true;
            if (!try_enter_round(database, target)) return false;
            rounds.emplace(target);
            return true;
        }
        void end_round(std::string_view target) {
            const auto found = rounds.find(target);
            if (found == rounds.end()) return;
            rounds.erase(found);
            leave_round(database, target);
        }

        OutboxRows rows(std::string_view target, std::int64_t target_id) {
            const auto fence = fences.find(target);
            return {database, publisher, target, target_id,
                    fence == fences.end() ? std::nullopt : std::optional(fence->second)};
        }
    };

    std::mutex mutex;
    std::unique_ptr<Open> open;
    std::set<std::int64_t> told_unreadable;  ///< deliveries

    /// Those that nobody was told of yet.
    std::vector<UnreadableDelivery> news(std::vector<UnreadableDelivery> found) {
        const std::lock_guard lock(mutex);
        std::erase_if(
            found, [&](const UnreadableDelivery& one) { return told_unreadable.contains(one.id); });
        return found;
    }
    void were_told(const std::vector<UnreadableDelivery>& told) {
        const std::lock_guard lock(mutex);
        for (const UnreadableDelivery& one : told) told_unreadable.insert(one.id);
    }

    static void sending_is_unknown(Connection& database, std::int64_t target,
                                   std::string_view why) {
        database
            .prepare(
                "UPDATE outbox SET state = 'unknown', why = ? "
                "WHERE target_id = ? AND state = 'sending'")
            .bind(why, target)
            .run();
    }

    /// On a shared store one node at a time empties the outbox for a target. It raises the fence,
    /// so that whoever did it before and is only slow cannot overwrite what follows.
    static bool leads(Open& open, std::string_view target) {
        if (!is_shared(open.database) || open.fences.contains(target)) return true;
        if (!try_session_lock(open.database, fmt::format("deliveries to {}", target))) return false;
        const auto id = open.terms.find(open.database, target);
        if (!id) return true;
        auto raise = open.database.prepare(
            "UPDATE target SET fence = fence + 1 WHERE target_id = ? RETURNING fence");
        raise.bind(*id);
        if (raise.step()) open.fences.emplace(target, raise.integer(0));
        // What the one before was sending when it died is settled by reading back.
        sending_is_unknown(open.database, *id, "a node ended while it was sent");
        return true;
    }

    /// Of a shared store: where the target is this node's, nobody else is sending, and what stands
    /// as `sending` was never marked. By the session that makes it ours, so that one which was lost
    /// marks nothing.
    void recover(const StoreWriter::Core& core, std::string_view target) {
        const std::lock_guard lock(mutex);
        try {
            if (!open) open = std::make_unique<Open>(core);
            if (!leads(*open, target)) return;
            if (const auto id = open->terms.find(open->database, target))
                sending_is_unknown(open->database, *id, "it was sent, and could not be marked");
        } catch (const StoreFault&) {
            open.reset();
            throw;
        }
    }

    static void set_tried(Connection& database, std::int64_t target, std::int64_t newest) {
        database.prepare("UPDATE target SET tried_upto = ? WHERE target_id = ? AND tried_upto < ?")
            .bind(newest, target, newest)
            .run();
    }

    /// Of a shared store: it must be known to whoever locks after this node has lost its sessions,
    /// also at a server that took over. By the session that leads and is in the round: where it was
    /// lost, nothing of the round is sent any more.
    void mark_tried(const Delivery& first, std::int64_t newest) {
        const std::lock_guard lock(mutex);
        const bool ours = open && open->rounds.contains(first.target) &&
                          open->fences.contains(first.target) &&
                          open->fences.at(first.target) == first.fence;
        if (!ours) throw lost_its_place(first.target);
        const auto known = open->tried.find(first.target);
        if (known != open->tried.end() && known->second >= newest) return;
        try {
            const auto id = open->terms.find(open->database, first.target);
            if (!id) throw lost_its_place(first.target);
            set_tried(open->database, *id, newest);
        } catch (const StoreFault&) {
            open.reset();
            throw;
        }
        open->tried.insert_or_assign(first.target, newest);
    }

    /// `target` empty: no target's work, only a look.
    template <class Work>
    auto with(const StoreWriter::Core& core, std::string_view target, const Work& work,
              Round round = Round::begin) {
        const std::lock_guard lock(mutex);
        try {
            if (!open) open = std::make_unique<Open>(core);
            if (round == Round::begun && !open->in_round(target)) return decltype(work(*open)){};
            if (!target.empty() && !leads(*open, target)) return decltype(work(*open)){};
            if (!target.empty() && !open->begin_round(target)) return decltype(work(*open)){};
            const ReadTransaction transaction(open->database);
            return work(*open);
        } catch (const StoreFault& fault) {
            // With the session every target's lead and round would go.
            if (!fault.store_is_well()) open.reset();
            throw;
        }
    }
};

SqlOutbox::SqlOutbox(StoreWriter& writer)
    : core_(writer.core()), reading_(std::make_unique<Reading>()) {}
SqlOutbox::~SqlOutbox() = default;

void SqlOutbox::recover(std::string_view target) {
    if (core_.shared()) return reading_->recover(core_, target);
    WriteTransaction transaction(core_, Durability::full);
    Reading::sending_is_unknown(core_.db(), core_.term(target), "labrelay ended while it was sent");
    transaction.commit();
}

std::vector<Delivery> SqlOutbox::take_in(Round round, std::string_view target, Instant now,
                                         std::size_t limit) {
    const auto work = [&](Reading::Open& open) {
        const auto target_id = open.terms.find(open.database, target);
        return target_id ? open.rows(target, *target_id).due(now, limit) : ReadDeliveries{};
    };
    ReadDeliveries found = reading_->with(core_, target, work, round);
    tell_unreadable(target, std::move(found.unreadable));
    return std::move(found.deliveries);
}

std::vector<Delivery> SqlOutbox::take(std::string_view target, Instant now, std::size_t limit) {
    return take_in(Round::begin, target, now, limit);
}

std::vector<Delivery> SqlOutbox::take_settled(std::string_view target, Instant now,
                                              std::size_t limit) {
    return take_in(Round::begun, target, now, limit);
}

std::vector<Delivery> SqlOutbox::unsettled(std::string_view target, std::size_t limit) {
    ReadDeliveries found = reading_->with(core_, target, [&](Reading::Open& open) {
        const auto target_id = open.terms.find(open.database, target);
        if (!target_id) return ReadDeliveries{};
        ReadDeliveries unknown = open.rows(target, *target_id).unknown(limit);
        for (Delivery& delivery : unknown.deliveries)
            add_standings(open.database, *target_id, delivery);
        return unknown;
    });
    tell_unreadable(target, std::move(found.unreadable));
    return std::move(found.deliveries);
}

// Once in this process's life: the delivery is looked at again in every round.
void SqlOutbox::tell_unreadable(std::string_view target, std::vector<UnreadableDelivery> found) {
    if (found.empty()) return;
    const std::vector<UnreadableDelivery> news = reading_->news(std::move(found));
    if (news.empty()) return;
    write_unreadable(target, news);
    reading_->were_told(news);
}

void SqlOutbox::mark_tried(const std::vector<Delivery>& deliveries) {
    if (deliveries.empty()) return;
    const std::string& target = deliveries.front().target;
    const std::int64_t newest = std::ranges::max_element(deliveries, {}, &Delivery::id)->id;
    if (core_.shared()) return reading_->mark_tried(deliveries.front(), newest);
    {
        const std::lock_guard lock(reading_->mutex);
        if (reading_->open) {
            const auto known = reading_->open->tried.find(target);
            if (known != reading_->open->tried.end() && known->second >= newest) return;
        }
    }
    WriteTransaction transaction(core_, Durability::relaxed);
    Reading::set_tried(core_.db(), core_.term(target), newest);
    transaction.commit();
    const std::lock_guard lock(reading_->mutex);
    if (reading_->open) reading_->open->tried.insert_or_assign(target, newest);
}

void SqlOutbox::round_over(std::string_view target) {
    const std::lock_guard lock(reading_->mutex);
    if (!reading_->open) return;
    try {
        reading_->open->end_round(target);
    } catch (const StoreFault&) {
        reading_->open.reset();  // with its session the round is over too
    }
}

void SqlOutbox::load_standings(std::vector<Delivery>& deliveries) {
    reading_->with(core_, {}, [&](Reading::Open& open) {
        for (Delivery& delivery : deliveries) {
            delivery.standings = {};
            if (const auto target_id = open.terms.find(open.database, delivery.target))
                add_standings(open.database, *target_id, delivery);
        }
        return true;
    });
}

std::int64_t SqlOutbox::waiting(std::string_view target) {
    return reading_->with(core_, {}, [&](Reading::Open& open) -> std::int64_t {
        const auto target_id = open.terms.find(open.database, target);
        return target_id ? waiting_of(open.database, *target_id) : 0;
    });
}

delivery::QueueState SqlOutbox::queue(std::string_view target) {
    return reading_->with(core_, {}, [&](Reading::Open& open) {
        delivery::QueueState state;
        const auto target_id = open.terms.find(open.database, target);
        return target_id ? queue_of(open.database, *target_id) : state;
    });
}

}  // namespace labrelay::store
