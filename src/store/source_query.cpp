#include "labrelay/store/source_query.hpp"

#include <algorithm>

#include "labrelay/core/error_catalogue.hpp"
#include "read_core.hpp"

namespace labrelay::store {

Activity activity_after(ReadSession& session, MessageId after, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    // With one max() SQLite gives the other columns of the row that it is from.
    auto query = core.database.prepare(
        "SELECT source_id, received_us, message_time, sum(rule = ?1), max(message_id) "
        "FROM message WHERE message_id > ?2 AND received_us >= ?3 GROUP BY source_id");
    query.bind(static_cast<std::int64_t>(Code::sequence_gap), after.value, since.microseconds);
    Activity activity;
    activity.last = after;
    while (query.step()) {
        activity.last.value = std::max(activity.last.value, query.integer(4));
        const std::string source = core.term(query.integer(0));
        if (!source.empty()) {
            activity.sources.push_back(
                {source, Instant{query.integer(1)}, query.string(2), query.integer(3)});
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
