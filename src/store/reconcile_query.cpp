#include "labrelay/store/reconcile_query.hpp"

#include <fmt/format.h>

#include <map>

#include "delivery_list.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

std::vector<SubjectId> subjects_of(Connection& database, const std::string& study) {
    std::vector<SubjectId> subjects;
    auto query =
        database.prepare("SELECT subject_id FROM subject WHERE study = ? ORDER BY subject_id");
    query.bind(study);
    while (query.step()) subjects.push_back(SubjectId{query.integer(0)});
    return subjects;
}

/// The newest delivery of each result that is not over.
std::map<std::int64_t, std::string> open_deliveries_by_result(Connection& database,
                                                              SubjectId subject,
                                                              std::int64_t target) {
    std::map<std::int64_t, std::string> states;
    auto query = database.prepare(
        "SELECT state, results FROM outbox WHERE subject_id = ? AND target_id = ? "
        "AND state <> 'delivered' ORDER BY delivery_id");
    query.bind(subject.value, target);
    while (query.step())
        for (const ListedResult& listed : unpack_results(query.text(1)))
            if (!listed.lock) states.insert_or_assign(listed.number, query.string(0));
    return states;
}

std::vector<std::int64_t> told_results(Connection& database, SubjectId subject) {
    std::vector<std::int64_t> numbers;
    auto query = database.prepare(
        "SELECT number FROM result WHERE subject_id = ? "
        "AND (forwarded = 1 OR first_delivery IS NOT NULL) ORDER BY number");
    query.bind(subject.value);
    while (query.step()) numbers.push_back(query.integer(0));
    return numbers;
}

}  // namespace

std::vector<ResultForTarget> results_for_target(ReadSession& session, const std::string& study,
                                                std::string_view target) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    std::vector<ResultForTarget> results;
    const auto target_id = core.terms.find(core.database, target);
    for (const SubjectId subject : subjects_of(core.database, study)) {
        const auto states =
            open_deliveries_by_result(core.database, subject, target_id.value_or(0));
        for (const std::int64_t number : told_results(core.database, subject)) {
            auto result = core.publisher.for_target(subject, number, target);
            if (!result) continue;  // kept back, and never told
            ResultForTarget& found = results.emplace_back();
            found.result = std::move(*result);
            found.subject = subject;
            found.forwarded = found.result.record.placement.forwarded;
            if (const auto state = states.find(number); state != states.end())
                found.delivery_state = state->second;
        }
    }
    return results;
}

std::string state_of_store(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    auto query = session.core().database.prepare(
        "SELECT (SELECT coalesce(max(message_id), 0) FROM message), "
        "(SELECT coalesce(max(fact_id), 0) FROM registry_fact)");
    query.step();
    return fmt::format("newest message {}, registry fact {}",
                       to_base32(MessageId{query.integer(0)}), query.integer(1));
}

}  // namespace labrelay::store
