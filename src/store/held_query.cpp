#include "labrelay/store/held_query.hpp"

#include <fmt/format.h>

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

/// `,5,7,`: what `LIKE '%,' || id || ',%'` finds an id in. Statements are literals, and a list of
/// any length cannot be bound.
std::string id_list(ReadSession::Core& core, const std::vector<std::string>& analytes) {
    std::string ids = ",";
    for (const std::string& analyte : analytes)
        if (const auto id = core.terms.find(core.database, analyte)) ids += fmt::format("{},", *id);
    return ids;
}

std::int64_t held_observations(ReadSession::Core& core, std::int64_t source,
                               const std::string& left_out) {
    auto query = core.database.prepare(
        "SELECT CAST(coalesce(sum(open_count), 0) AS BIGINT) FROM problem WHERE source_id = ? AND "
        "open_count > 0");
    query.bind(source);
    const std::int64_t all = query.step() ? query.integer(0) : 0;
    auto closed = core.database.prepare(
        "SELECT CAST(coalesce(sum(a.open_count), 0) AS BIGINT) FROM problem p JOIN problem_analyte "
        "a ON a.problem_id = p.problem_id WHERE p.source_id = ?1 AND p.open_count > 0 AND CAST(?2 "
        "AS TEXT) LIKE '%,' || CAST(a.analyte_id AS TEXT) || ',%'");
    closed.bind(source, left_out);
    return all - (closed.step() ? closed.integer(0) : 0);
}

}  // namespace

HeldAtSources held_at(ReadSession& session, const mapping::TouchedSources& sources,
                      std::size_t most_messages, const std::vector<std::string>& without) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const std::string left_out = id_list(core, without);
    HeldAtSources held;
    for (const std::int64_t source : source_ids(core, sources)) {
        held.observations += held_observations(core, source, left_out);
        auto query = core.database.prepare(
            "SELECT DISTINCT h.message_id FROM problem p JOIN hold h ON h.problem_id = "
            "p.problem_id WHERE p.source_id = ?1 AND p.open_count > 0 AND h.released_us IS NULL "
            "AND CAST(?2 AS TEXT) NOT LIKE '%,' || CAST(coalesce(h.analyte_id, 0) AS TEXT) || ',%' "
            "ORDER BY h.message_id LIMIT ?3");
        query.bind(source, left_out, static_cast<std::int64_t>(most_messages));
        while (query.step()) held.messages.push_back(MessageId{query.integer(0)});
    }
    std::ranges::sort(held.messages, {}, &MessageId::value);
    if (held.messages.size() > most_messages) held.messages.resize(most_messages);
    return held;
}

std::map<std::int32_t, HeldObservation> holds_of(ReadSession& session, MessageId message) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::map<std::int32_t, HeldObservation> holds;
    auto query = core.database.prepare(
        "SELECT ordinal, rule, analyte_id FROM hold WHERE message_id = ? AND released_us IS NULL");
    query.bind(message.value);
    while (query.step()) {
        HeldObservation held{static_cast<Code>(query.integer(1)), {}};
        if (const auto analyte = query.optional_integer(2)) held.analyte = core.term(*analyte);
        holds.emplace(query.small(0), std::move(held));
    }
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
