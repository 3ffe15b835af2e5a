#include "labrelay/store/subject_query.hpp"

#include <fmt/format.h>

#include "read_core.hpp"
#include "result_reader.hpp"
#include "times.hpp"

namespace labrelay::store {
namespace {

/// Somebody in several studies is several subjects, and a held observation names the first.
constexpr const char* kHeld =
    "SELECT h.message_id, h.ordinal, h.rule, o.code_id, o.analyte_id, o.value_reported, "
    "o.unit_reported_id, o.collected, o.collected_wall, o.collected_shape "
    "FROM hold h JOIN observation o ON o.message_id = h.message_id AND o.ordinal = h.ordinal "
    "WHERE h.released_us IS NULL AND h.who IN (SELECT ?1 UNION "
    "SELECT same.subject_id FROM subject_identifier own "
    "JOIN subject_identifier same USING (authority, value) WHERE own.subject_id = ?1) "
    "ORDER BY h.message_id, h.ordinal";

study::HeldResult read_held(ReadSession::Core& core, const Query& row) {
    study::HeldResult held;
    held.id = {MessageId{row.integer(0)}, static_cast<std::int32_t>(row.integer(1))};
    held.rule = static_cast<Code>(row.integer(2));
    held.code = core.term(row.integer(3));
    held.analyte = core.term(row.integer(4));
    held.value_reported = row.string(5);
    held.unit_reported = core.term(row.integer(6));
    const TimeColumns collected{
        row.text(7), row.optional_integer(8), row.optional_integer(9), {}, {}, {}};
    held.collected = timestamp_from(collected);
    return held;
}

}  // namespace

SubjectResults subject_results(ReadSession& session, SubjectId subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    SubjectResults results;
    results.results = ResultReader(core.database, core.terms, core.specimens).subject(subject);
    auto query = core.database.prepare(kHeld);
    query.bind(subject.value);
    while (query.step()) {
        results.held.push_back(read_held(core, query));
    }
    return results;
}

}  // namespace labrelay::store
