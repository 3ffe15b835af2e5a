#include "labrelay/store/delivery_query.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "delivery_list.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

using delivery::DeliveryState;

// One state after the other, so that each is read by its index.
constexpr std::array kOpen{DeliveryState::ready, DeliveryState::retry, DeliveryState::sending,
                           DeliveryState::unknown, DeliveryState::rejected};

std::vector<std::int64_t> targets_of(ReadSession::Core& core, const DeliveryFilter& filter) {
    std::vector<std::int64_t> targets;
    auto query = core.database.prepare("SELECT target_id FROM target ORDER BY target_id");
    while (query.step())
        if (filter.target.empty() || core.term(query.integer(0)) == filter.target)
            targets.push_back(query.integer(0));
    return targets;
}

DeliveryRow read_row(ReadSession::Core& core, const Query& row, std::int64_t target) {
    DeliveryRow found;
    found.id = row.integer(0);
    found.target = core.term(target);
    const auto state = delivery::delivery_state_from(row.text(1));
    if (!state) throw pipeline::unreadable("a delivery's state cannot be read");
    found.state = *state;
    found.subject = SubjectId{row.integer(2)};
    if (const auto message = row.optional_integer(3)) found.message = MessageId{*message};
    found.results = static_cast<std::int64_t>(unpack_results(row.text(4)).size());
    found.attempts = row.integer(5);
    if (row.integer(6) != 0) found.not_before = Instant{row.integer(6)};
    if (const auto closed = row.optional_integer(7)) found.closed = Instant{*closed};
    found.why = row.string(8);
    return found;
}

void add_rows(ReadSession::Core& core, std::int64_t target, DeliveryState state, std::size_t limit,
              std::vector<DeliveryRow>& rows) {
    const std::string_view word = delivery::to_string(state);
    auto query = core.database.prepare(
        "SELECT delivery_id, state, subject_id, message_id, results, attempts, not_before_us, "
        "closed_us, why FROM outbox WHERE target_id = ? AND state = ? "
        "ORDER BY delivery_id LIMIT ?");
    query.bind(target, word, static_cast<std::int64_t>(limit - rows.size()));
    while (query.step()) rows.push_back(read_row(core, query, target));
}

}  // namespace

std::vector<DeliveryRow> deliveries(ReadSession& session, const DeliveryFilter& filter) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<DeliveryRow> rows;
    for (const std::int64_t target : targets_of(core, filter)) {
        if (filter.state) {
            add_rows(core, target, *filter.state, filter.limit, rows);
            continue;
        }
        for (const DeliveryState state : kOpen) add_rows(core, target, state, filter.limit, rows);
    }
    std::ranges::sort(rows, {}, [](const DeliveryRow& row) {
        return std::pair<std::string_view, std::int64_t>(row.target, row.id);
    });
    return rows;
}

std::optional<DeliveryRow> delivery(ReadSession& session, std::int64_t id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT delivery_id, state, subject_id, message_id, results, attempts, not_before_us, "
        "closed_us, why, target_id FROM outbox WHERE delivery_id = ?");
    query.bind(id);
    if (!query.step()) return std::nullopt;
    const std::int64_t target = query.integer(9);
    return read_row(core, query, target);
}

std::vector<DeliveryRow> delivery_page(ReadSession& session, const DeliveryPage& page) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<DeliveryRow> rows;
    const auto target = core.terms.find(core.database, page.target);
    if (!target) return rows;
    // The partial indexes are found by their own words.
    const char* sql = nullptr;
    const bool delivered = page.state == DeliveryState::delivered;
    switch (page.state) {
        case DeliveryState::ready:
        case DeliveryState::retry:
            sql =
                "SELECT delivery_id, state, subject_id, message_id, results, attempts, "
                "not_before_us, closed_us, why FROM outbox WHERE target_id = ? AND state IN "
                "('ready', 'retry') AND state = ? AND delivery_id > ? ORDER BY delivery_id LIMIT ?";
            break;
        case DeliveryState::sending:
        case DeliveryState::unknown:
        case DeliveryState::rejected:
            sql =
                "SELECT delivery_id, state, subject_id, message_id, results, attempts, "
                "not_before_us, closed_us, why FROM outbox WHERE target_id = ? AND state IN "
                "('sending', 'unknown', 'rejected') AND state = ? AND delivery_id > ? "
                "ORDER BY delivery_id LIMIT ?";
            break;
        case DeliveryState::delivered:
            sql =
                "SELECT delivery_id, state, subject_id, message_id, results, attempts, "
                "not_before_us, closed_us, why FROM outbox WHERE target_id = ? AND state = ? AND "
                "delivery_id < ? ORDER BY delivery_id DESC LIMIT ?";
            break;
    }
    const std::string_view word = delivery::to_string(page.state);
    const std::int64_t after =
        delivered && page.after == 0 ? std::numeric_limits<std::int64_t>::max() : page.after;
    auto query = core.database.prepare(sql);
    query.bind(*target, word, after, static_cast<std::int64_t>(page.limit));
    while (query.step()) rows.push_back(read_row(core, query, *target));
    return rows;
}

namespace {

TargetStanding standing_of(ReadSession::Core& core, std::int64_t target, Instant since) {
    TargetStanding standing;
    standing.name = core.term(target);
    {
        auto query = core.database.prepare(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox WHERE target_id = ?1 AND state IN "
            "('ready', 'retry') LIMIT 100000) a), (SELECT count(*) FROM (SELECT 1 FROM outbox "
            "WHERE target_id = ?1 AND state IN ('sending', 'unknown', 'rejected') AND state IN "
            "('sending', 'unknown') LIMIT 100000) b), (SELECT count(*) FROM (SELECT 1 FROM outbox "
            "WHERE target_id = ?1 AND state IN ('sending', 'unknown', 'rejected') AND state = "
            "'rejected' LIMIT 100000) c)");
        query.bind(target);
        query.step();
        standing.waiting = query.integer(0);
        standing.unknown = query.integer(1);
        standing.rejected = query.integer(2);
    }
    {
        auto query = core.database.prepare(
            "SELECT why, subject_id FROM outbox WHERE target_id = ? AND state IN "
            "('ready', 'retry') ORDER BY delivery_id LIMIT 1");
        query.bind(target);
        if (query.step()) {
            standing.last_error = query.string(0);
            standing.last_error_of = SubjectId{query.integer(1)};
        }
    }
    standing.oldest = oldest_waiting(core.database, target);
    auto query = core.database.prepare(
        "SELECT count(*) FROM (SELECT target_id, closed_us FROM outbox WHERE delivery_id > 0 "
        "ORDER BY delivery_id DESC LIMIT 1000) recent WHERE target_id = ? AND closed_us >= ?");
    query.bind(target, since.microseconds);
    query.step();
    standing.delivered_since = query.integer(0);
    return standing;
}

}  // namespace

std::vector<TargetStanding> target_standings(ReadSession& session, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<TargetStanding> standings;
    for (const std::int64_t target : targets_of(core, {}))
        standings.push_back(standing_of(core, target, since));
    return standings;
}

}  // namespace labrelay::store
