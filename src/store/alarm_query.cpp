#include "labrelay/store/alarm_query.hpp"

#include "read_core.hpp"

namespace labrelay::store {

std::vector<AgedProblems> aged_problems(ReadSession& session, Instant before, Instant now) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    // The oldest of a source has the smallest id of those that opened first: near enough, and one
    // pass over the open problems.
    auto query = core.database.prepare(
        "SELECT p.source_id, count(*), min(p.problem_id), min(p.first_us) FROM problem p "
        "LEFT JOIN problem_work w ON w.problem_id = p.problem_id "
        "WHERE p.state IN ('open', 'in review') AND p.first_us < ? "
        "AND ((w.snoozed_us IS NULL AND w.snoozed_held IS NULL) OR w.snoozed_us <= ? "
        "OR p.open_count >= w.snoozed_held) "
        "GROUP BY p.source_id ORDER BY p.source_id");
    query.bind(before.microseconds, now.microseconds);
    std::vector<AgedProblems> all;
    while (query.step())
        all.push_back({core.term(query.integer(0)), query.integer(1), query.integer(2),
                       Instant{query.integer(3)}});
    return all;
}

std::string active_configuration(ReadSession& session) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT v.hash FROM configuration_activation a JOIN configuration_version v "
        "ON v.version_id = a.version_id ORDER BY a.activation_id DESC LIMIT 1");
    return query.step() ? query.string(0) : std::string();
}

}  // namespace labrelay::store
