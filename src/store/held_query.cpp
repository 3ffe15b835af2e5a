#include "labrelay/store/held_query.hpp"

#include <algorithm>

#include "message_reader.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

std::vector<std::int64_t> source_ids(ReadSession::Core& core,
                                     const mapping::TouchedSources& sources) {
    std::vector<std::int64_t> ids;
    if (sources.all) {
        auto query =
            core.database.prepare("SELECT DISTINCT source_id FROM problem WHERE open_count > 0");
        while (query.step()) ids.push_back(query.integer(0));
        return ids;
    }
    for (const std::string& source : sources.sources)
        if (const auto id = core.terms.find(core.database, source)) ids.push_back(*id);
    return ids;
}

}  // namespace

HeldAtSources held_at(ReadSession& session, const mapping::TouchedSources& sources,
                      std::size_t most_messages) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    HeldAtSources held;
    for (const std::int64_t source : source_ids(core, sources)) {
        {
            auto query = core.database.prepare(
                "SELECT coalesce(sum(open_count), 0) FROM problem WHERE source_id = ? AND "
                "open_count > 0");
            query.bind(source);
            if (query.step()) held.observations += query.integer(0);
        }
        auto query = core.database.prepare(
            "SELECT DISTINCT h.message_id FROM problem p JOIN hold h ON h.problem_id = "
            "p.problem_id WHERE p.source_id = ? AND p.open_count > 0 AND h.released_us IS NULL "
            "ORDER BY h.message_id LIMIT ?");
        query.bind(source, static_cast<std::int64_t>(most_messages));
        while (query.step()) held.messages.push_back(MessageId{query.integer(0)});
    }
    std::ranges::sort(held.messages, {}, &MessageId::value);
    if (held.messages.size() > most_messages) held.messages.resize(most_messages);
    return held;
}

std::map<std::int32_t, Code> holds_of(ReadSession& session, MessageId message) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::map<std::int32_t, Code> holds;
    auto query = core.database.prepare(
        "SELECT ordinal, rule FROM hold WHERE message_id = ? AND released_us IS NULL");
    query.bind(message.value);
    while (query.step()) holds.emplace(query.small(0), static_cast<Code>(query.integer(1)));
    return holds;
}

std::optional<pipeline::StoredMessage> stored_message(ReadSession& session, MessageId message) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    return read_stored_message(core.database, core.terms, core.codec, message);
}

std::string result_name(ReadSession& session, SubjectId subject, std::int64_t number) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    const auto published = core.publisher.publish(subject, number);
    return published ? published->result_id : std::string();
}

}  // namespace labrelay::store
