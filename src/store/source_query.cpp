#include "labrelay/store/source_query.hpp"

#include <algorithm>

#include "labrelay/core/error_catalogue.hpp"
#include "read_core.hpp"

namespace labrelay::store {

Activity activity_between(ReadSession& session, MessageId after, MessageId upto, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT m.source_id, m.received_us, m.message_time, fresh.gaps, m.message_id, "
        "fresh.last_gap, fresh.results, fresh.held FROM "
        "(SELECT max(message_id) AS newest, sum(CASE WHEN rule = ?1 THEN 1 ELSE 0 END) AS gaps, "
        "max(CASE WHEN rule = ?1 THEN received_us END) AS last_gap, "
        "CAST(sum(received) AS BIGINT) AS results, CAST(sum(held) AS BIGINT) AS held "
        "FROM message WHERE message_id > ?2 AND message_id <= ?4 AND received_us >= ?3 GROUP BY "
        "source_id + 0) fresh "
        "JOIN message m ON m.message_id = fresh.newest");
    query.bind(static_cast<std::int64_t>(Code::sequence_gap), after.value, since.microseconds,
               upto.value);
    Activity activity;
    activity.last = after;
    while (query.step()) {
        activity.last.value = std::max(activity.last.value, query.integer(4));
        const std::string source = core.term(query.integer(0));
        if (!source.empty()) {
            SourceActivity& one = activity.sources.emplace_back();
            one.source = source;
            one.last_received = Instant{query.integer(1)};
            one.last_message_time = query.string(2);
            one.sequence_gaps = query.integer(3);
            if (const auto gap = query.optional_integer(5)) {
                one.last_gap = Instant{*gap};
            }
            one.results = query.integer(6);
            one.held = query.integer(7);
        }
    }
    return activity;
}

std::int64_t messages_since(ReadSession& session, const std::string& source, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const auto id = core.terms.find(core.database, source);
    if (!id) {
        return 0;
    }
    auto query = core.database.prepare(
        "SELECT count(*) FROM message WHERE received_us >= ? AND source_id = ?");
    query.bind(since.microseconds, *id);
    return query.step() ? query.integer(0) : 0;
}

}  // namespace labrelay::store
