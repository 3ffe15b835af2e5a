#include "labrelay/store/problem_query.hpp"

#include <utility>

#include "problem_cause.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr const char* kProblemColumns =
    "SELECT p.problem_id, p.state, p.rule, p.source_id, p.object, p.open_count, p.total, "
    "(SELECT count(*) FROM problem_who w WHERE w.problem_id = p.problem_id), p.first_us, "
    "p.last_us, p.closed_us FROM problem p";

ProblemRow read_problem(ReadSession::Core& core, const Query& row) {
    ProblemRow problem;
    read_cause(core, row, problem);
    problem.subjects = row.integer(7);
    problem.first = Instant{row.integer(8)};
    problem.last = Instant{row.integer(9)};
    if (const auto closed = row.optional_integer(10)) problem.closed = Instant{*closed};
    return problem;
}

std::vector<ProblemItem> notices_of(ReadSession::Core& core, ProblemId id) {
    std::vector<ProblemItem> items;
    auto query = core.database.prepare(
        "SELECT message_id, subject_id, detail, opened_us FROM notice WHERE problem_id = ? "
        "ORDER BY notice_id");
    query.bind(id.value);
    while (query.step()) {
        ProblemItem item;
        item.id.message = MessageId{query.integer(0)};
        if (query.integer(1) != 0) item.subject = SubjectId{query.integer(1)};
        item.detail = query.string(2);
        item.received_at = Instant{query.integer(3)};
        items.push_back(std::move(item));
    }
    return items;
}

ProblemItem read_item(ReadSession::Core& core, const Query& row) {
    ProblemItem item;
    item.id = {MessageId{row.integer(0)}, static_cast<std::int32_t>(row.integer(1))};
    if (const auto released = row.optional_integer(2)) item.released = Instant{*released};
    item.source = core.term(row.integer(3));
    item.control_id = row.string(4);
    item.received_at = Instant{row.integer(5)};
    if (row.is_null(6)) return item;  // the message itself
    item.place = row.string(6);
    item.code = core.term(row.integer(7));
    item.code_system = core.term(row.integer(8));
    item.code_text = core.term(row.integer(9));
    item.analyte = core.term(row.integer(10));
    item.value_reported = row.string(11);
    item.unit_reported = core.term(row.integer(12));
    item.collected = row.string(13);
    if (const auto subject = row.optional_integer(14)) item.subject = SubjectId{*subject};
    return item;
}

}  // namespace

std::vector<ProblemRow> problems(ReadSession& session, const ProblemFilter& filter) {
    static const std::string sql = std::string(kProblemColumns) +
                                   " WHERE (CAST(?1 AS TEXT) = '' OR p.state = ?1) AND "
                                   "(CAST(?2 AS BIGINT) = 0 OR p.source_id = ?2) "
                                   "ORDER BY p.open_count DESC, p.last_us DESC, p.problem_id";
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<ProblemRow> rows;
    std::int64_t source = 0;
    if (filter.source) {
        const auto id = core.terms.find(core.database, *filter.source);
        if (!id) return rows;
        source = *id;
    }
    const std::string_view state = filter.state ? to_string(*filter.state) : std::string_view();
    auto query = core.database.prepare(sql.c_str());
    query.bind(state, source);
    while (query.step()) rows.push_back(read_problem(core, query));
    return rows;
}

std::optional<ProblemRow> problem(ReadSession& session, ProblemId id) {
    static const std::string sql = std::string(kProblemColumns) + " WHERE p.problem_id = ?";
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(sql.c_str());
    query.bind(id.value);
    if (!query.step()) return std::nullopt;
    return read_problem(core, query);
}

std::vector<ProblemItem> problem_items(ReadSession& session, ProblemId id, ObservationId after,
                                       std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<ProblemItem> items;
    if (after == ObservationId{}) items = notices_of(core, id);
    // The index on problem_id carries the primary key, so that a page is a range of it.
    auto query = core.database.prepare(
        "SELECT h.message_id, h.ordinal, h.released_us, m.source_id, m.control_id, "
        "m.received_us, o.place, o.code_id, o.code_system_id, o.code_text_id, o.analyte_id, "
        "o.value_reported, o.unit_reported_id, o.collected, o.subject_id FROM hold h JOIN "
        "message m USING (message_id) LEFT JOIN observation o ON o.message_id = h.message_id "
        "AND o.ordinal = h.ordinal WHERE h.problem_id = ? AND (h.message_id, h.ordinal) > (?, ?) "
        "ORDER BY h.message_id, h.ordinal LIMIT ?");
    query.bind(id.value, after.message.value, after.ordinal, static_cast<std::int64_t>(limit));
    while (query.step()) items.push_back(read_item(core, query));
    return items;
}

}  // namespace labrelay::store
