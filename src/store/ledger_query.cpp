#include "labrelay/store/ledger_query.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

// A filter as the statements bind it: ends that are always there, source 0 for all.
struct Bounds {
    std::int64_t from = std::numeric_limits<std::int64_t>::min();
    std::int64_t until = std::numeric_limits<std::int64_t>::max();
    std::int64_t source = 0;
    std::int64_t offset_us = 0;
    bool nothing = false;  // the source has no messages
};

Bounds bounds_of(ReadSession::Core& core, const LedgerFilter& filter) {
    Bounds bounds;
    if (filter.from) bounds.from = filter.from->microseconds;
    if (filter.until) bounds.until = filter.until->microseconds;
    bounds.offset_us = std::chrono::microseconds(filter.utc_offset).count();
    if (filter.source) {
        const auto id = core.terms.find(core.database, *filter.source);
        bounds.nothing = !id;
        if (id) bounds.source = *id;
    }
    return bounds;
}

using DayAndSource = std::pair<std::int64_t, std::int64_t>;

std::map<DayAndSource, LedgerRow> message_rows(ReadSession::Core& core, const Bounds& bounds) {
    std::map<DayAndSource, LedgerRow> rows;
    auto query = core.database.prepare(
        "SELECT (received_us + ?1) / 86400000000 - CASE WHEN (received_us + ?1) % 86400000000 < 0 "
        "THEN 1 ELSE 0 END AS day, source_id, "
        "sum(CASE WHEN state <> 'batch' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN state = 'duplicate' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN state = 'quarantined' THEN 1 ELSE 0 END), CAST(sum(received) AS BIGINT) "
        "FROM message "
        "WHERE received_us >= ?2 AND received_us < ?3 AND (CAST(?4 AS BIGINT) = 0 OR source_id = "
        "?4) "
        "GROUP BY 1, 2");
    query.bind(bounds.offset_us, bounds.from, bounds.until, bounds.source);
    while (query.step()) {
        LedgerRow row;
        row.day = LocalDay(std::chrono::days(query.integer(0)));
        row.source = core.term(query.integer(1));
        row.messages = query.integer(2);
        row.duplicates = query.integer(3);
        row.refused = query.integer(4);
        row.quarantined = query.integer(5);
        row.received = query.integer(6);
        rows.emplace(DayAndSource(query.integer(0), query.integer(1)), std::move(row));
    }
    return rows;
}

void add_lines(ReadSession::Core& core, const Bounds& bounds,
               std::map<DayAndSource, LedgerRow>& rows) {
    auto query = core.database.prepare(
        "SELECT (received_us + ?1) / 86400000000 - CASE WHEN (received_us + ?1) % 86400000000 < 0 "
        "THEN 1 ELSE 0 END AS day, m.source_id, o.disposition, o.rule, count(*) FROM message m "
        "JOIN observation o USING "
        "(message_id) WHERE m.received_us >= ?2 AND m.received_us < ?3 AND "
        "(CAST(?4 AS BIGINT) = 0 OR m.source_id = ?4) GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 4");
    query.bind(bounds.offset_us, bounds.from, bounds.until, bounds.source);
    while (query.step()) {
        LedgerRow& row = rows[DayAndSource(query.integer(0), query.integer(1))];
        const RuleCount count{static_cast<Code>(query.integer(3)), query.integer(4)};
        const std::string_view disposition = query.text(2);
        if (disposition == "S") {
            row.stored += count.count;
        } else if (disposition == "H") {
            row.held += count.count;
            row.held_by_rule.push_back(count);
        } else {
            row.ignored += count.count;
            row.ignored_by_rule.push_back(count);
        }
    }
}

/// Takes the lines of some analytes out of everything that counts lines.
void remove_lines(ReadSession::Core& core, const Bounds& bounds,
                  const std::vector<std::string>& without,
                  std::map<DayAndSource, LedgerRow>& rows) {
    const auto remove = [](std::vector<RuleCount>& counts, const RuleCount& removed) {
        for (RuleCount& count : counts)
            if (count.rule == removed.rule) count.count -= removed.count;
        std::erase_if(counts, [](const RuleCount& count) { return count.count <= 0; });
        std::ranges::stable_sort(counts, std::greater<>{}, &RuleCount::count);
    };
    for (const std::string& analyte : without) {
        const auto id = core.terms.find(core.database, analyte);
        if (!id) continue;
        auto query = core.database.prepare(
            "SELECT (received_us + ?1) / 86400000000 - CASE WHEN (received_us + ?1) % 86400000000 "
            "< 0 THEN 1 ELSE 0 END AS day, m.source_id, o.disposition, o.rule, count(*) FROM "
            "message m JOIN observation o USING (message_id) WHERE m.received_us >= ?2 AND "
            "m.received_us < ?3 AND (CAST(?4 AS BIGINT) = 0 OR m.source_id = ?4) AND "
            "o.analyte_id = ?5 GROUP BY 1, 2, 3, 4");
        query.bind(bounds.offset_us, bounds.from, bounds.until, bounds.source, *id);
        while (query.step()) {
            LedgerRow& row = rows[DayAndSource(query.integer(0), query.integer(1))];
            const RuleCount count{static_cast<Code>(query.integer(3)), query.integer(4)};
            const std::string_view disposition = query.text(2);
            row.received -= count.count;
            if (disposition == "S") {
                row.stored -= count.count;
            } else if (disposition == "H") {
                row.held -= count.count;
                remove(row.held_by_rule, count);
            } else {
                row.ignored -= count.count;
                remove(row.ignored_by_rule, count);
            }
        }
    }
}

}  // namespace

std::vector<LedgerRow> ledger(ReadSession& session, const LedgerFilter& filter) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const Bounds bounds = bounds_of(core, filter);
    std::vector<LedgerRow> ledger;
    if (bounds.nothing) return ledger;
    auto rows = message_rows(core, bounds);
    add_lines(core, bounds, rows);
    remove_lines(core, bounds, filter.without, rows);
    for (auto& [key, row] : rows) ledger.push_back(std::move(row));
    std::ranges::stable_sort(ledger, [](const LedgerRow& left, const LedgerRow& right) {
        return std::pair(left.day, left.source) < std::pair(right.day, right.source);
    });
    return ledger;
}

std::vector<LedgerMessage> ledger_messages(ReadSession& session, const LedgerFilter& filter,
                                           MessageId after, std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const Bounds bounds = bounds_of(core, filter);
    std::vector<LedgerMessage> messages;
    if (bounds.nothing) return messages;
    auto query = core.database.prepare(
        "SELECT message_id, source_id, control_id, state, received_us, received, stored, held, "
        "ignored, rule, duplicate_of FROM message WHERE message_id > ?1 AND received_us >= ?2 "
        "AND received_us < ?3 AND (CAST(?4 AS BIGINT) = 0 OR source_id = ?4) ORDER BY message_id "
        "LIMIT ?5");
    query.bind(after.value, bounds.from, bounds.until, bounds.source,
               static_cast<std::int64_t>(limit));
    while (query.step()) {
        LedgerMessage message;
        message.id = MessageId{query.integer(0)};
        message.source = core.term(query.integer(1));
        message.control_id = query.string(2);
        const auto state = study::message_state_from(query.text(3));
        if (!state) throw pipeline::unreadable("a message's state cannot be read");
        message.state = *state;
        message.received_at = Instant{query.integer(4)};
        message.counts = {static_cast<std::int32_t>(query.integer(5)),
                          static_cast<std::int32_t>(query.integer(6)),
                          static_cast<std::int32_t>(query.integer(7)),
                          static_cast<std::int32_t>(query.integer(8))};
        message.rule = static_cast<Code>(query.integer(9));
        if (const auto original = query.optional_integer(10))
            message.duplicate_of = MessageId{*original};
        messages.push_back(std::move(message));
    }
    return messages;
}

}  // namespace labrelay::store
