#include "lock_tables.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"
#include "registry_json.hpp"

namespace labrelay::store {
namespace {

using study::LockScope;
using study::LockState;
using study::ScopeLock;

LockState read_state(const Query& row, int column) {
    const auto state = study::lock_state_from(row.text(column));
    if (!state) throw pipeline::unreadable("a lock's state cannot be read");
    return *state;
}

ScopeLock read_lock(const Query& row) {
    ScopeLock lock;
    lock.scope = {row.string(0), SubjectId{row.integer(1)}, row.string(2)};
    lock.state = read_state(row, 3);
    lock.since = Instant{row.integer(4)};
    lock.fact = row.integer(5);
    return lock;
}

constexpr const char* kScopeColumns =
    "SELECT l.study, l.subject_id, l.visit, l.state, l.since_us, l.fact_id FROM lock_scope l ";

std::vector<std::string> texts_of(std::string_view json) {
    const auto parsed = nlohmann::json::parse(json, nullptr, false);
    if (!parsed.is_array()) throw pipeline::unreadable("what was accepted cannot be read");
    return parsed.get<std::vector<std::string>>();
}

}  // namespace

std::vector<ScopeLock> locks_over(Connection& database, SubjectId subject) {
    static const std::string sql =
        std::string(kScopeColumns) +
        "JOIN subject s ON s.study = l.study WHERE s.subject_id = ? "
        "AND (l.subject_id = 0 OR l.subject_id = s.subject_id) AND l.state <> 'open'";
    std::vector<ScopeLock> locks;
    auto query = database.prepare(sql.c_str());
    query.bind(subject.value);
    while (query.step()) locks.push_back(read_lock(query));
    return locks;
}

LockState scope_state(Connection& database, const LockScope& scope) {
    auto query = database.prepare(
        "SELECT state FROM lock_scope WHERE study = ? AND subject_id = ? AND visit = ?");
    query.bind(scope.study, scope.subject.value, scope.visit);
    return query.step() ? read_state(query, 0) : LockState::open;
}

std::vector<ScopeLock> all_locks(Connection& database) {
    static const std::string sql = std::string(kScopeColumns) +
                                   "WHERE l.state <> 'open' "
                                   "ORDER BY l.study, l.subject_id, l.visit";
    std::vector<ScopeLock> locks;
    auto query = database.prepare(sql.c_str());
    while (query.step()) locks.push_back(read_lock(query));
    return locks;
}

std::vector<LockFact> lock_facts(Connection& database) {
    std::vector<LockFact> facts;
    auto query = database.prepare(
        "SELECT fact_id, at_us, actor, action, study, subject_id, visit, reason, signature, "
        "accepted FROM lock_fact ORDER BY fact_id");
    while (query.step()) {
        LockFact& fact = facts.emplace_back();
        fact.id = query.integer(0);
        fact.at = Instant{query.integer(1)};
        fact.actor = query.string(2);
        const auto action = study::lock_action_from(query.text(3));
        if (!action) throw pipeline::unreadable("a lock's action cannot be read");
        fact.action = *action;
        fact.scope = {query.string(4), SubjectId{query.integer(5)}, query.string(6)};
        fact.reason = query.string(7);
        fact.signature = query.string(8);
        fact.accepted = texts_of(query.text(9));
    }
    return facts;
}

std::int64_t append_lock_fact(StoreWriter::Core& core, const LockFact& fact, LockState state,
                              const Act& act) {
    const std::string accepted = nlohmann::json(fact.accepted).dump();
    const LockScope& scope = fact.scope;
    std::int64_t id = 0;
    {
        auto insert = core.db().prepare(
            "INSERT INTO lock_fact(at_us, actor, action, study, subject_id, visit, reason, "
            "signature, accepted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING fact_id");
        insert.bind(fact.at.microseconds, fact.actor, study::to_string(fact.action), scope.study,
                    scope.subject.value, scope.visit, fact.reason, fact.signature, accepted);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    core.db()
        .prepare(
            "INSERT INTO lock_scope(study, subject_id, visit, state, since_us, fact_id) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(study, subject_id, visit) DO UPDATE SET "
            "state = excluded.state, since_us = excluded.since_us, fact_id = excluded.fact_id")
        .bind(scope.study, scope.subject.value, scope.visit, study::to_string(state),
              fact.at.microseconds, id)
        .run();
    const std::string what =
        fmt::format("{} {} {}{}{}", study::to_string(fact.action), scope.study,
                    scope.subject ? fmt::format("subject {}", scope.subject.value) : "all",
                    scope.visit.empty() ? "" : " ", scope.visit);
    const std::string about =
        fmt::format("{}\n{}\n{}\n{}", what, fact.reason, fact.signature, accepted);
    const std::string name = study::name_of(scope);
    AuditEntry entry{fact.at, "lock", fact.actor, what, about};
    entry.origin = act.origin;
    entry.role = act.role;
    entry.session = act.session;
    entry.object_kind = "lock";
    entry.object = name;
    entry.reason_code = act.reason_code;
    entry.reason = fact.reason;
    core.audit->append(core.db(), entry);
    return id;
}

void tell_lock(StoreWriter::Core& core, const LockFact& fact, std::int64_t fact_id) {
    const std::string entry = fmt::format("L{}", fact_id);
    auto insert = core.db().prepare(
        "INSERT INTO outbox(delivery_id, target_id, subject_id, state, results) "
        "VALUES (?, ?, ?, 'ready', ?)");
    for (const std::int64_t target : core.target_ids)
        insert.bind(core.take_deliveries(1), target, fact.scope.subject.value, entry).run();
}

std::optional<delivery::LockNotice> lock_notice(Connection& database, std::int64_t fact_id) {
    auto query = database.prepare(
        "SELECT l.study, l.subject_id, l.visit, l.state, l.since_us, s.record FROM lock_fact f "
        "JOIN lock_scope l ON l.study = f.study AND l.subject_id = f.subject_id "
        "AND l.visit = f.visit LEFT JOIN subject s ON s.subject_id = l.subject_id "
        "WHERE f.fact_id = ?");
    query.bind(fact_id);
    if (!query.step()) return std::nullopt;
    delivery::LockNotice notice;
    const LockScope scope{query.string(0), SubjectId{query.integer(1)}, query.string(2)};
    notice.study = scope.study;
    notice.visit = scope.visit;
    notice.scope = study::kind_of(scope);
    notice.state = read_state(query, 3);
    notice.since = to_iso(Instant{query.integer(4)});
    if (scope.subject) notice.subject = subject_from_json(query.text(5)).label();
    return notice;
}

}  // namespace labrelay::store
