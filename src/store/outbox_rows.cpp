#include "outbox_rows.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "delivery_list.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "lock_tables.hpp"

namespace labrelay::store {
namespace {

using delivery::Delivery;
using pipeline::StoreFault;

// A backlog of deliveries that wait for their time is looked through, not carried along.
constexpr int kRowsLookedAt = 20'000;

/// Nothing where the list cannot be read.
std::optional<std::vector<ListedResult>> readable_results(std::string_view text) {
    try {
        return unpack_results(text);
    } catch (const StoreFault& fault) {
        if (fault.kind() != StoreFault::Kind::unreadable) throw;
        return std::nullopt;
    }
}

/// Results of a subject that an earlier delivery has not settled.
class Blocked {
public:
    /// `results`: nothing where it cannot be read which; it may be any of the subject's.
    void add(std::int64_t subject, const std::optional<std::vector<ListedResult>>& results) {
        if (!results) {
            subjects_.insert(subject);
            return;
        }
        for (const ListedResult& result : *results) keys_.insert(key_of(subject, result));
    }
    bool any(std::int64_t subject, const std::vector<ListedResult>& results) const {
        return subjects_.contains(subject) ||
               std::ranges::any_of(results, [&](const ListedResult& result) {
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
    std::set<std::int64_t> subjects_;
};

Blocked unsettled_results(Connection& database, std::int64_t target) {
    Blocked blocked;
    auto query = database.prepare(
        "SELECT subject_id, results FROM outbox "
        "WHERE target_id = ? AND state IN ('sending', 'unknown')");
    query.bind(target);
    while (query.step()) blocked.add(query.integer(0), readable_results(query.text(1)));
    return blocked;
}

/// The newest row of each subject: what is read now carries what all up to it brought.
class Newest {
public:
    explicit Newest(Connection& database) : database_(database) {}

    std::int64_t of(std::int64_t subject, std::int64_t at_least) {
        const auto [known, added] = known_.try_emplace(subject, at_least);
        if (added) {
            auto query =
                database_.prepare("SELECT max(delivery_id) FROM outbox WHERE subject_id = ?");
            query.bind(subject);
            if (query.step()) known->second = query.integer(0);
        }
        return known->second;
    }

private:
    Connection& database_;
    std::map<std::int64_t, std::int64_t> known_;
};

}  // namespace

struct OutboxRows::Row {
    Delivery delivery;
    std::optional<std::vector<ListedResult>> results;
};

OutboxRows::OutboxRows(Connection& database, ResultPublisher& publisher, std::string_view target,
                       std::int64_t target_id, std::optional<std::int64_t> fence)
    : database_(database),
      publisher_(publisher),
      target_(target),
      target_id_(target_id),
      fence_(fence) {
    publisher_.begin();
}

ReadDeliveries OutboxRows::due(Instant now, std::size_t limit) {
    ReadDeliveries found;
    Blocked blocked = unsettled_results(database_, target_id_);
    Newest newest(database_);
    auto query = database_.prepare(
        "SELECT delivery_id, subject_id, fence, attempts, not_before_us, results FROM outbox "
        "WHERE target_id = ? AND state IN ('ready', 'retry') ORDER BY delivery_id LIMIT ?");
    query.bind(target_id_, kRowsLookedAt);
    while (found.deliveries.size() < limit && query.step()) {
        const std::int64_t subject = query.integer(1);
        Row row;
        row.results = readable_results(query.text(5));
        if (query.integer(4) > now.microseconds ||
            (row.results && blocked.any(subject, *row.results))) {
            blocked.add(subject, row.results);
            continue;
        }
        row.delivery.id = query.integer(0);
        row.delivery.subject = SubjectId{subject};
        row.delivery.fence = query.integer(2);
        row.delivery.attempts = static_cast<std::int32_t>(query.integer(3));
        row.delivery.carries = newest.of(subject, row.delivery.id);
        if (!add(row, found)) blocked.add(subject, row.results);
    }
    return found;
}

// What they carry is what was being sent, not what is read now.
ReadDeliveries OutboxRows::unknown(std::size_t limit) {
    ReadDeliveries found;
    auto query = database_.prepare(
        "SELECT delivery_id, subject_id, fence, attempts, results, coalesce(carries, delivery_id) "
        "FROM outbox WHERE target_id = ? AND state = 'unknown' ORDER BY delivery_id LIMIT ?");
    query.bind(target_id_, kRowsLookedAt);
    while (found.deliveries.size() < limit && query.step()) {
        Row row;
        row.delivery.id = query.integer(0);
        row.delivery.subject = SubjectId{query.integer(1)};
        row.delivery.fence = query.integer(2);
        row.delivery.attempts = static_cast<std::int32_t>(query.integer(3));
        row.results = readable_results(query.text(4));
        row.delivery.carries = query.integer(5);
        add(row, found);
    }
    return found;
}

bool OutboxRows::add(const Row& row, ReadDeliveries& found) {
    const Delivery& read = row.delivery;
    if (!row.results) {
        found.unreadable.push_back({read.id, read.subject, "an outbox row is broken"});
        return false;
    }
    try {
        found.deliveries.push_back(published(row));
        return true;
    } catch (const StoreFault& fault) {
        if (fault.kind() != StoreFault::Kind::unreadable) throw;
        publisher_.begin();  // what was read halfway is not to be believed
        found.unreadable.push_back({read.id, read.subject, fault.what()});
        return false;
    }
}

Delivery OutboxRows::published(const Row& row) {
    Delivery delivery = row.delivery;
    delivery.target = std::string(target_);
    delivery.fence = fence_.value_or(delivery.fence);
    for (const ListedResult& listed : *row.results) {
        if (listed.lock) {
            auto notice = lock_notice(database_, listed.number);
            if (!notice) throw pipeline::unreadable("a delivery's lock is missing");
            delivery.locks.push_back(std::move(*notice));
            continue;
        }
        auto result = publisher_.for_target(delivery.subject, listed.number, target_);
        if (!result) continue;  // kept back, and never told
        if (listed.reason != Code::none) result->reason = std::string(key(listed.reason));
        delivery.results.push_back(std::move(*result));
    }
    return delivery;
}

}  // namespace labrelay::store
