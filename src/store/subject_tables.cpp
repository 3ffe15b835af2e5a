#include "subject_tables.hpp"

#include <fmt/format.h>

#include "delivery_list.hpp"
#include "times.hpp"

namespace labrelay::store {
namespace {

/// Somebody in several studies is several subjects, and a held observation names the first. The
/// cross joins tell SQLite where to begin: with the person.
constexpr const char* kHeld =
    "SELECT h.message_id, h.ordinal, h.rule, o.code_id, o.analyte_id, o.value_reported, "
    "o.unit_reported_id, o.collected, o.collected_wall, o.collected_shape "
    "FROM (SELECT CAST(? AS BIGINT) AS who UNION SELECT same.subject_id FROM subject_identifier "
    "own JOIN subject_identifier same ON same.authority = own.authority AND same.value = "
    "own.value WHERE own.subject_id = ?) person CROSS JOIN hold h CROSS JOIN observation o "
    "WHERE h.who = person.who AND h.released_us IS NULL AND o.message_id = h.message_id AND "
    "o.ordinal = h.ordinal ORDER BY h.message_id, h.ordinal";

study::HeldResult read_one(Connection& database, Terms& terms, const Query& row) {
    study::HeldResult held;
    held.id = {MessageId{row.integer(0)}, static_cast<std::int32_t>(row.integer(1))};
    held.rule = static_cast<Code>(row.integer(2));
    held.code = terms.text(database, row.integer(3));
    held.analyte = terms.text(database, row.integer(4));
    held.value_reported = row.string(5);
    held.unit_reported = terms.text(database, row.integer(6));
    const TimeColumns collected{
        row.text(7), row.optional_integer(8), row.optional_integer(9), {}, {}, {}};
    held.collected = timestamp_from(collected);
    return held;
}

}  // namespace

std::vector<study::HeldResult> read_held(Connection& database, Terms& terms, SubjectId subject) {
    std::vector<study::HeldResult> held;
    auto query = database.prepare(kHeld);
    query.bind(subject.value, subject.value);
    while (query.step()) held.push_back(read_one(database, terms, query));
    return held;
}

std::vector<study::OpenNotice> open_notices(Connection& database, SubjectId subject) {
    std::vector<study::OpenNotice> notices;
    auto query = database.prepare(
        "SELECT n.notice_id, n.rule FROM notice n "
        "LEFT JOIN problem p ON p.problem_id = n.problem_id "
        "WHERE n.subject_id = ? AND (n.problem_id IS NULL OR p.state IN ('open', 'in review')) "
        "ORDER BY n.notice_id");
    query.bind(subject.value);
    while (query.step()) notices.push_back({query.integer(0), static_cast<Code>(query.integer(1))});
    return notices;
}

std::vector<study::OpenDelivery> open_deliveries(Connection& database, Terms& terms,
                                                 SubjectId subject) {
    std::vector<study::OpenDelivery> deliveries;
    static const std::string sql = fmt::format(
        "SELECT o.delivery_id, o.target_id, o.state, o.results, {}, o.message_id FROM outbox o "
        "LEFT JOIN target t ON t.target_id = o.target_id "
        "WHERE o.subject_id = ? AND o.state <> 'delivered' ORDER BY o.delivery_id",
        kTried);
    auto query = database.prepare(sql.c_str());
    query.bind(subject.value);
    while (query.step()) {
        study::OpenDelivery& delivery = deliveries.emplace_back();
        delivery.id = query.integer(0);
        delivery.target = terms.text(database, query.integer(1));
        delivery.state = query.string(2);
        delivery.tried = query.flag(4);
        const std::vector<ListedResult> results = unpack_results(query.text(3));
        delivery.moves =
            delivery.state != "rejected" && tells_of_places(!query.is_null(5), results);
        for (const ListedResult& listed : results)
            if (!listed.lock) delivery.results.push_back(listed.number);
    }
    return deliveries;
}

std::vector<study::OpenProblem> unplaced_problems(Connection& database) {
    std::vector<study::OpenProblem> problems;
    auto query = database.prepare(
        "SELECT p.problem_id, p.rule, count(*) FROM problem p "
        "JOIN hold h ON h.problem_id = p.problem_id "
        "WHERE p.state IN ('open', 'in review') AND h.released_us IS NULL "
        "AND (h.who IS NULL OR h.who < 0) GROUP BY p.problem_id, p.rule ORDER BY p.problem_id");
    while (query.step())
        problems.push_back(
            {query.integer(0), static_cast<Code>(query.integer(1)), query.integer(2)});
    return problems;
}

}  // namespace labrelay::store
