#include "labrelay/store/result_query.hpp"

#include "read_core.hpp"
#include "registry_tables.hpp"

namespace labrelay::store {
namespace {

bool wanted(const study::Subject& subject, const ResultFilter& filter) {
    return filter.subject.empty() || subject.label() == filter.subject ||
           subject.subject_no == filter.subject || subject.screening_no == filter.subject;
}

std::vector<std::int64_t> numbers_of(ReadSession::Core& core, SubjectId subject,
                                     std::int64_t visit) {
    std::vector<std::int64_t> numbers;
    auto query = core.database.prepare(
        "SELECT number FROM result WHERE subject_id = ?1 AND (CAST(?2 AS BIGINT) = 0 OR visit_id = "
        "?2) "
        "ORDER BY number");
    query.bind(subject.value, visit);
    while (query.step()) numbers.push_back(query.integer(0));
    return numbers;
}

std::string control_id_of(ReadSession::Core& core, MessageId message) {
    auto query = core.database.prepare("SELECT control_id FROM message WHERE message_id = ?");
    query.bind(message.value);
    return query.step() ? query.string(0) : std::string();
}

}  // namespace

std::vector<StoredResult> results(ReadSession& session, const ResultFilter& filter) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    core.publisher.begin();
    std::vector<StoredResult> results;
    std::int64_t visit = 0;
    if (!filter.visit.empty()) {
        const auto id = core.terms.find(core.database, filter.visit);
        if (!id) return results;
        visit = *id;
    }
    const study::Registry registry = read_registry(core.database);
    for (const study::Subject* subject : registry.all_subjects()) {
        if (!wanted(*subject, filter)) continue;
        for (const std::int64_t number : numbers_of(core, subject->id, visit)) {
            auto result = core.publisher.publish(subject->id, number);
            if (!result) continue;
            const MessageId message = result->record.current_version().id.message;
            results.push_back({std::move(*result), control_id_of(core, message)});
        }
    }
    return results;
}

}  // namespace labrelay::store
