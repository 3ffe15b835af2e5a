#include "labrelay/store/problem_grouping.hpp"

#include <optional>
#include <string>
#include <vector>

#include "writer_core.hpp"

namespace labrelay::store {
namespace {

struct PendingHold {
    std::int64_t message = 0;
    std::int64_t ordinal = 0;
    std::int64_t number = 0;
    std::int64_t rule = 0;
    std::int64_t source = 0;
    std::string object;
    std::optional<std::int64_t> who;
    std::int64_t opened_us = 0;
    std::optional<std::int64_t> released_us;
    std::optional<std::int64_t> problem;
};

struct PendingNotice {
    std::int64_t id = 0;
    std::int64_t rule = 0;
    std::int64_t subject = 0;
    std::string detail;
    std::int64_t opened_us = 0;
    std::int64_t source = Terms::kEmpty;  ///< of the message, where it is about no subject
};

std::vector<PendingHold> pending_holds(Connection& database, std::size_t limit) {
    std::vector<PendingHold> holds;
    auto query = database.prepare(
        "SELECT message_id, ordinal, number, rule, source_id, object, who, opened_us, "
        "released_us, problem_id FROM hold INDEXED BY hold_pending WHERE pending IS NOT NULL "
        "ORDER BY message_id LIMIT ?");
    query.bind(static_cast<std::int64_t>(limit));
    while (query.step())
        holds.push_back({query.integer(0), query.integer(1), query.integer(2), query.integer(3),
                         query.integer(4), query.string(5), query.optional_integer(6),
                         query.integer(7), query.optional_integer(8), query.optional_integer(9)});
    return holds;
}

std::vector<PendingNotice> pending_notices(Connection& database, std::size_t limit) {
    std::vector<PendingNotice> notices;
    auto query = database.prepare(
        "SELECT notice_id, n.rule, subject_id, detail, opened_us, m.source_id FROM notice n "
        "LEFT JOIN message m USING (message_id) "
        "WHERE n.problem_id IS NULL ORDER BY notice_id LIMIT ?");
    query.bind(static_cast<std::int64_t>(limit));
    while (query.step())
        notices.push_back({query.integer(0), query.integer(1), query.integer(2), query.string(3),
                           query.integer(4), query.optional_integer(5).value_or(Terms::kEmpty)});
    return notices;
}

// The problem that takes one more: found or begun, open again where it was closed. A hold that was
// released before it was grouped opens nothing.
std::int64_t enter(Connection& database, const PendingHold& hold) {
    const bool open = !hold.released_us;
    auto upsert = database.prepare(
        "INSERT INTO problem(state, rule, source_id, object, open_count, total, first_us, "
        "last_us, closed_us) VALUES (iif(?1, 'open', 'resolved'), ?2, ?3, ?4, ?1, 1, ?5, ?5, ?6) "
        "ON CONFLICT(rule, source_id, object) DO UPDATE SET "
        "state = iif(?1 AND state IN ('resolved', 'dismissed'), 'open', state), "
        "closed_us = iif(?1, NULL, closed_us), open_count = open_count + ?1, total = total + 1, "
        "first_us = min(first_us, ?5), last_us = max(last_us, ?5) RETURNING problem_id");
    upsert.bind(open, hold.rule, hold.source, hold.object, hold.opened_us, hold.released_us);
    upsert.step();
    const std::int64_t problem = upsert.integer(0);
    upsert.step();
    return problem;
}

void enter_who(Connection& database, std::int64_t problem, std::int64_t who) {
    database.prepare("INSERT OR IGNORE INTO problem_who(problem_id, who) VALUES (?, ?)")
        .bind(problem, who)
        .run();
}

void leave(Connection& database, std::int64_t problem, std::int64_t released_us) {
    database
        .prepare(
            "UPDATE problem SET open_count = open_count - 1, "
            "state = iif(open_count = 1 AND state IN ('open', 'in review'), 'resolved', "
            "state), closed_us = iif(open_count = 1, ?, closed_us) WHERE problem_id = ?")
        .bind(released_us, problem)
        .run();
}

void group(Connection& database, const PendingHold& hold) {
    std::int64_t problem = 0;
    if (hold.problem) {
        problem = *hold.problem;
        if (hold.released_us) leave(database, problem, *hold.released_us);
    } else {
        problem = enter(database, hold);
        if (hold.who) enter_who(database, problem, *hold.who);
    }
    database
        .prepare(
            "UPDATE hold SET pending = NULL, problem_id = ? "
            "WHERE message_id = ? AND ordinal = ? AND number = ?")
        .bind(problem, hold.message, hold.ordinal, hold.number)
        .run();
}

// A notice stays open until a person closes its problem.
void group(SqliteWriter::Core& core, const PendingNotice& notice) {
    PendingHold as_hold;
    as_hold.rule = notice.rule;
    const bool of_subject = notice.subject != 0;
    as_hold.source = of_subject ? Terms::kEmpty : notice.source;
    as_hold.object = of_subject ? "subject " + std::to_string(notice.subject) + ": " + notice.detail
                                : notice.detail;
    as_hold.opened_us = notice.opened_us;
    const std::int64_t problem = enter(core.db(), as_hold);
    if (of_subject) enter_who(core.db(), problem, notice.subject);
    core.db()
        .prepare("UPDATE notice SET problem_id = ? WHERE notice_id = ?")
        .bind(problem, notice.id)
        .run();
}

std::size_t group_some(SqliteWriter::Core& core, std::size_t limit) {
    WriteTransaction transaction(core, Durability::relaxed);
    const auto holds = pending_holds(core.db(), limit);
    const auto notices = pending_notices(core.db(), limit);
    for (const PendingHold& hold : holds) group(core.db(), hold);
    for (const PendingNotice& notice : notices) group(core, notice);
    const std::size_t grouped = holds.size() + notices.size();
    if (grouped > 0) transaction.commit();
    return grouped;
}

}  // namespace

std::size_t group_holds(SqliteWriter& writer, std::size_t limit) {
    std::size_t grouped = 0;
    while (const std::size_t some = group_some(writer.core(), limit)) grouped += some;
    return grouped;
}

}  // namespace labrelay::store
