#include "labrelay/store/lock_query.hpp"

#include <algorithm>

#include "labrelay/pipeline/commit_store.hpp"
#include "lock_tables.hpp"
#include "post_lock_tables.hpp"
#include "read_core.hpp"

namespace labrelay::store {

std::vector<study::ScopeLock> locks(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    return all_locks(session.core().database);
}

std::vector<LockFact> lock_history(ReadSession& session) {
    const ReadTransaction transaction(session.core().database);
    return lock_facts(session.core().database);
}

std::vector<PostLockItem> post_lock_items(ReadSession& session, const PostLockFilter& filter) {
    const ReadTransaction transaction(session.core().database);
    std::vector<PostLockItem> items;
    for (const PostLockRow& row : post_lock_rows(session.core().database, filter))
        items.push_back(item_of(row));
    return items;
}

std::optional<PostLockItem> post_lock_item(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    const auto row = post_lock_row(session.core().database, id);
    if (!row) return std::nullopt;
    return item_of(*row);
}

std::vector<PostLockFact> post_lock_history(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    std::vector<PostLockFact> facts;
    auto query = session.core().database.prepare(
        "SELECT at_us, actor, from_state, to_state, reason, signature FROM post_lock_fact "
        "WHERE item_id = ? ORDER BY fact_id");
    query.bind(id);
    while (query.step()) {
        const auto from = study::post_lock_state_from(query.text(2));
        const auto to = study::post_lock_state_from(query.text(3));
        if (!from || !to) throw pipeline::unreadable("a post-lock item's state cannot be read");
        facts.push_back({Instant{query.integer(0)}, query.string(1), *from, *to, query.string(4),
                         query.string(5)});
    }
    return facts;
}

std::vector<std::string> derived_analytes(ReadSession& session, SubjectId subject,
                                          std::int64_t number) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    ResultReader reader(core.database, core.terms, core.specimens);
    std::vector<std::string> analytes;
    for (const study::ResultRecord& record : reader.subject(subject).results) {
        if (record.key.derived.empty()) continue;
        const auto& inputs = record.current_version().inputs;
        const bool uses = std::ranges::any_of(inputs, [&](const ObservationId& input) {
            return reader.number_of(subject, input) == number;
        });
        if (uses && std::ranges::find(analytes, record.key.derived) == analytes.end())
            analytes.push_back(record.key.derived);
    }
    return analytes;
}

}  // namespace labrelay::store
