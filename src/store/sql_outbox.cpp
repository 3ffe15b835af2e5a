#include "labrelay/store/sql_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "delivery_list.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "lock_tables.hpp"
#include "read_transaction.hpp"
#include "result_publisher.hpp"
#include "shared_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {
namespace {

using delivery::Delivery;
using pipeline::StoreFault;

struct Row {
    Delivery delivery;
    std::vector<ListedResult> results;
};

// A backlog of deliveries that wait for their time is looked through, not carried along.
constexpr int kRowsLookedAt = 20'000;

/// Results of a subject that an earlier delivery has not settled.
class Blocked {
public:
    void add(std::int64_t subject, const std::vector<ListedResult>& results) {
        for (const ListedResult& result : results) keys_.insert(key_of(subject, result));
    }
    bool any(std::int64_t subject, const std::vector<ListedResult>& results) const {
        return std::ranges::any_of(results, [&](const ListedResult& result) {
            return keys_.contains(key_of(subject, result));
        });
    }

private:
    using Key = std::pair<std::int64_t, std::int64_t>;
    // A lock is numbered by itself.
    static Key key_of(std::int64_t subject, const ListedResult& listed) {
        return {subject, listed.lock ? -listed.number : listed.number};
    }

    std::set<Key> keys_;
};

Blocked unsettled_results(Connection& database, std::int64_t target) {
    Blocked blocked;
    auto query = database.prepare(
        "SELECT subject_id, results FROM outbox "
        "WHERE target_id = ? AND state IN ('sending', 'unknown')");
    query.bind(target);
    while (query.step()) blocked.add(query.integer(0), unpack_results(query.text(1)));
    return blocked;
}

std::vector<Row> due_rows(Connection& database, std::int64_t target, Instant now,
                          std::size_t limit) {
    std::vector<Row> rows;
    Blocked blocked = unsettled_results(database, target);
    auto query = database.prepare(
        "SELECT delivery_id, subject_id, fence, attempts, not_before_us, results FROM outbox "
        "WHERE target_id = ? AND state IN ('ready', 'retry') ORDER BY delivery_id LIMIT ?");
    query.bind(target, kRowsLookedAt);
    while (rows.size() < limit && query.step()) {
        const std::int64_t subject = query.integer(1);
        Row row;
        row.results = unpack_results(query.text(5));
        if (query.integer(4) > now.microseconds || blocked.any(subject, row.results)) {
            blocked.add(subject, row.results);
            continue;
        }
        row.delivery.id = query.integer(0);
        row.delivery.subject = SubjectId{subject};
        row.delivery.fence = query.integer(2);
        row.delivery.attempts = static_cast<std::int32_t>(query.integer(3));
        rows.push_back(std::move(row));
    }
    return rows;
}

void add_what_they_carry(Connection& database, std::vector<Row>& rows) {
    std::map<std::int64_t, std::int64_t> newest;
    for (Row& row : rows) {
        const auto [known, added] = newest.try_emplace(row.delivery.subject.value, row.delivery.id);
        if (added) {
            auto query =
                database.prepare("SELECT max(delivery_id) FROM outbox WHERE subject_id = ?");
            query.bind(known->first);
            if (query.step()) known->second = query.integer(0);
        }
        row.delivery.carries = known->second;
    }
}

// What they carry is what was being sent, not what is read now.
std::vector<Row> unknown_rows(Connection& database, std::int64_t target, std::size_t limit) {
    std::vector<Row> rows;
    auto query = database.prepare(
        "SELECT delivery_id, subject_id, fence, attempts, results, coalesce(carries, delivery_id) "
        "FROM outbox WHERE target_id = ? AND state = 'unknown' ORDER BY delivery_id LIMIT ?");
    query.bind(target, static_cast<std::int64_t>(limit));
    while (query.step()) {
        Row& row = rows.emplace_back();
        row.delivery.id = query.integer(0);
        row.delivery.subject = SubjectId{query.integer(1)};
        row.delivery.fence = query.integer(2);
        row.delivery.attempts = static_cast<std::int32_t>(query.integer(3));
        row.results = unpack_results(query.text(4));
        row.delivery.carries = query.integer(5);
    }
    return rows;
}

std::vector<Delivery> publish(std::vector<Row> rows, std::string_view target, Connection& database,
                              ResultPublisher& publisher) {
    std::vector<Delivery> deliveries;
    for (Row& row : rows) {
        row.delivery.target = std::string(target);
        for (const ListedResult& listed : row.results) {
            if (listed.lock) {
                auto notice = lock_notice(database, listed.number);
                if (!notice) throw pipeline::unreadable("a delivery's lock is missing");
                row.delivery.locks.push_back(std::move(*notice));
                continue;
            }
            auto result = publisher.for_target(row.delivery.subject, listed.number, target);
            if (!result) continue;  // kept back, and never told
            if (listed.reason != Code::none) result->reason = std::string(key(listed.reason));
            row.delivery.results.push_back(std::move(*result));
        }
        deliveries.push_back(std::move(row.delivery));
    }
    return deliveries;
}

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

        std::vector<Delivery> publish(std::vector<Row> rows, std::string_view target) {
            publisher.begin();
            if (const auto fence = fences.find(target); fence != fences.end())
                for (Row& row : rows) row.delivery.fence = fence->second;
            return store::publish(std::move(rows), target, database, publisher);
        }
    };

    std::mutex mutex;
    std::unique_ptr<Open> open;

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
        } catch (const StoreFault&) {
            open.reset();
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
        if (!target_id) return std::vector<Delivery>{};
        std::vector<Row> rows = due_rows(open.database, *target_id, now, limit);
        add_what_they_carry(open.database, rows);
        return open.publish(std::move(rows), target);
    };
    return reading_->with(core_, target, work, round);
}

std::vector<Delivery> SqlOutbox::take(std::string_view target, Instant now, std::size_t limit) {
    return take_in(Round::begin, target, now, limit);
}

std::vector<Delivery> SqlOutbox::take_settled(std::string_view target, Instant now,
                                              std::size_t limit) {
    return take_in(Round::begun, target, now, limit);
}

std::vector<Delivery> SqlOutbox::unsettled(std::string_view target, std::size_t limit) {
    return reading_->with(core_, target, [&](Reading::Open& open) {
        const auto target_id = open.terms.find(open.database, target);
        if (!target_id) return std::vector<Delivery>{};
        auto deliveries = open.publish(unknown_rows(open.database, *target_id, limit), target);
        for (Delivery& delivery : deliveries) add_standings(open.database, *target_id, delivery);
        return deliveries;
    });
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
