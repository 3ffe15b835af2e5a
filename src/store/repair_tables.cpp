#include "repair_tables.hpp"

#include <charconv>
#include <set>
#include <string>
#include <vector>

#include "observation_writer.hpp"

namespace labrelay::store {
namespace {

struct OpenItem {
    std::int64_t repair = 0;
    std::int64_t ordinal = 0;
};

std::vector<OpenItem> open_items(Connection& database, MessageId message) {
    std::vector<OpenItem> items;
    auto query = database.prepare(
        "SELECT repair_id, ordinal FROM repair_item WHERE message_id = ? AND done_us IS NULL");
    query.bind(message.value);
    while (query.step()) items.push_back({query.integer(0), query.integer(1)});
    return items;
}

struct End {
    std::string_view disposition;
    int rule = 0;
};

/// Ordinal 0 is the message as a whole: held where anything of it is.
End end_of(const study::Outcome& outcome, std::int64_t ordinal) {
    for (const study::DecidedObservation& decided : outcome.observations)
        if (decided.ordinal == ordinal)
            return {disposition_text(decided.disposition), static_cast<int>(decided.rule)};
    if (outcome.state == study::MessageState::held) return {"H", 0};
    return {outcome.counts.stored > 0 ? "S" : "I", 0};
}

}  // namespace

void settle_repairs(Connection& database, const pipeline::CommitItem& item, Instant at) {
    const std::vector<OpenItem> items = open_items(database, item.arrival.message_id);
    std::set<std::int64_t> repairs;
    for (const OpenItem& open : items) {
        const End end = end_of(item.outcome, open.ordinal);
        database
            .prepare(
                "UPDATE repair_item SET disposition = ?, rule = ?, done_us = ? "
                "WHERE repair_id = ? AND message_id = ? AND ordinal = ?")
            .bind(end.disposition, end.rule, at.microseconds, open.repair,
                  item.arrival.message_id.value, open.ordinal)
            .run();
        repairs.insert(open.repair);
    }
    for (const std::int64_t repair : repairs)
        database
            .prepare(
                "UPDATE repair_job SET state = 'running', started_us = ?, version = version + 1 "
                "WHERE repair_id = ? AND state = 'queued'")
            .bind(at.microseconds, repair)
            .run();
}

bool waits_for_repair(Connection& database, std::int64_t repair, MessageId message) {
    auto query = database.prepare(
        "SELECT 1 FROM repair_item WHERE repair_id = ? AND message_id = ? AND done_us IS NULL");
    query.bind(repair, message.value);
    return query.step();
}

void finish_repair_job(Connection& database, std::int64_t job, Instant at) {
    std::int64_t repair = 0;
    std::string messages;
    {
        auto query = database.prepare("SELECT repair_id, messages FROM job WHERE job_id = ?");
        query.bind(job);
        if (!query.step() || query.is_null(0)) return;
        repair = query.integer(0);
        messages = query.string(1);
    }
    const char* place = messages.data();
    const char* const end = messages.data() + messages.size();
    while (place < end) {
        std::int64_t message = 0;
        const auto read = std::from_chars(place, end, message);
        if (read.ec != std::errc{}) throw pipeline::unreadable("a job of the store is broken");
        database
            .prepare(
                "UPDATE repair_item SET disposition = 'F', rule = 0, done_us = ? "
                "WHERE repair_id = ? AND message_id = ? AND done_us IS NULL")
            .bind(at.microseconds, repair, message)
            .run();
        place = read.ptr == end ? end : read.ptr + 1;
    }
    auto left =
        database.prepare("SELECT 1 FROM job WHERE repair_id = ? AND done_us IS NULL LIMIT 1");
    left.bind(repair);
    if (left.step()) return;
    database
        .prepare(
            "UPDATE repair_job SET state = 'done', ended_us = ?, version = version + 1 "
            "WHERE repair_id = ? AND state IN ('queued', 'running')")
        .bind(at.microseconds, repair)
        .run();
}

}  // namespace labrelay::store
