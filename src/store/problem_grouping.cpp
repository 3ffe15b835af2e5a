#include "labrelay/store/problem_grouping.hpp"

#include <optional>
#include <string>
#include <vector>

#include "problem_turns.hpp"
#include "shared_store.hpp"
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
    std::int64_t analyte = Terms::kEmpty;
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
    // Another node may release one of them meanwhile: its release comes after what is done here.
    auto query = database.prepare(
        is_shared(database)
            ? "SELECT message_id, ordinal, number, rule, source_id, object, who, opened_us, "
              "released_us, problem_id, analyte_id FROM hold WHERE pending IS NOT NULL "
              "ORDER BY message_id LIMIT ? FOR UPDATE"
            : "SELECT message_id, ordinal, number, rule, source_id, object, who, opened_us, "
              "released_us, problem_id, analyte_id FROM hold WHERE pending IS NOT NULL "
              "ORDER BY message_id LIMIT ?");
    query.bind(static_cast<std::int64_t>(limit));
    while (query.step())
        holds.push_back({query.integer(0), query.integer(1), query.integer(2), query.integer(3),
                         query.integer(4), query.string(5), query.optional_integer(6),
                         query.integer(7), query.optional_integer(8), query.optional_integer(9),
                         query.optional_integer(10).value_or(Terms::kEmpty)});
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
        "last_us, closed_us) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6, ?7) "
        "ON CONFLICT(rule, source_id, object) DO UPDATE SET "
        "state = CASE WHEN excluded.open_count = 1 AND problem.state IN ('resolved', 'dismissed') "
        "THEN 'open' ELSE problem.state END, "
        "closed_us = CASE WHEN excluded.open_count = 1 THEN NULL ELSE problem.closed_us END, "
        "open_count = problem.open_count + excluded.open_count, total = problem.total + 1, "
        "first_us = CASE WHEN excluded.first_us < problem.first_us THEN excluded.first_us "
        "ELSE problem.first_us END, "
        "last_us = CASE WHEN excluded.last_us > problem.last_us THEN excluded.last_us "
        "ELSE problem.last_us END RETURNING problem_id");
    upsert.bind(open ? "open" : "resolved", hold.rule, hold.source, hold.object, open,
                hold.opened_us, hold.released_us);
    upsert.step();
    const std::int64_t problem = upsert.integer(0);
    upsert.step();
    return problem;
}

void enter_who(Connection& database, std::int64_t problem, std::int64_t who) {
    database
        .prepare(
            "INSERT INTO problem_who(problem_id, who) VALUES (?, ?) "
            "ON CONFLICT DO NOTHING")
        .bind(problem, who)
        .run();
}

/// Counted by analyte too, because what is closed to a person counts in no list of theirs.
void enter_analyte(Connection& database, std::int64_t problem, const PendingHold& hold) {
    database
        .prepare(
            "INSERT INTO problem_analyte(problem_id, analyte_id, open_count, total) "
            "VALUES (?1, ?2, ?3, 1) ON CONFLICT(problem_id, analyte_id) DO UPDATE SET "
            "open_count = problem_analyte.open_count + excluded.open_count, "
            "total = problem_analyte.total + 1")
        .bind(problem, hold.analyte, !hold.released_us)
        .run();
}

void leave_analyte(Connection& database, std::int64_t problem, const PendingHold& hold) {
    database
        .prepare(
            "UPDATE problem_analyte SET open_count = open_count - 1 "
            "WHERE problem_id = ? AND analyte_id = ?")
        .bind(problem, hold.analyte)
        .run();
}

void leave(Connection& database, std::int64_t problem, std::int64_t released_us) {
    database
        .prepare(
            "UPDATE problem SET open_count = open_count - 1, "
            "state = CASE WHEN open_count = 1 AND state IN ('open', 'in review') "
            "THEN 'resolved' ELSE state END, "
            "closed_us = CASE WHEN open_count = 1 THEN ? ELSE closed_us END WHERE problem_id = ?")
        .bind(released_us, problem)
        .run();
}

constexpr std::string_view kHoldsNothing = "nothing is held by it any more";
constexpr std::string_view kHolds = "it holds a result";
constexpr std::string_view kHoldsAgain = "it holds again";
constexpr std::string_view kReleasedBefore = "what it held was released before";

/// A problem takes one more, and turns where it has to.
std::int64_t enter_and_tell(StoreWriter::Core& core, const PendingHold& hold) {
    const auto before = problem_standing(core, hold.rule, hold.source, hold.object);
    const bool again = before && review::closed(before->state) && !hold.released_us;
    if (again) mark_regressed(core, before->problem);
    const std::int64_t problem = enter(core.db(), hold);
    const auto after = problem_standing(core, problem);
    tell_turn(core, before ? std::optional(before->state) : std::nullopt, *after,
              again              ? kHoldsAgain
              : hold.released_us ? kReleasedBefore
                                 : kHolds);
    return problem;
}

void leave_and_tell(StoreWriter::Core& core, std::int64_t problem, const PendingHold& hold) {
    const auto before = problem_standing(core, problem);
    leave(core.db(), problem, *hold.released_us);
    leave_analyte(core.db(), problem, hold);
    tell_turn(core, before->state, *problem_standing(core, problem), kHoldsNothing);
    close_queries_of_released(core, problem);
}

void group(StoreWriter::Core& core, const PendingHold& hold) {
    Connection& database = core.db();
    std::int64_t problem = 0;
    if (hold.problem) {
        problem = *hold.problem;
        if (hold.released_us) leave_and_tell(core, problem, hold);
    } else {
        problem = enter_and_tell(core, hold);
        if (hold.who) enter_who(database, problem, *hold.who);
        enter_analyte(database, problem, hold);
    }
    database
        .prepare(
            "UPDATE hold SET pending = NULL, problem_id = ? "
            "WHERE message_id = ? AND ordinal = ? AND number = ?")
        .bind(problem, hold.message, hold.ordinal, hold.number)
        .run();
}

// A notice stays open until a person closes its problem.
void group(StoreWriter::Core& core, const PendingNotice& notice) {
    PendingHold as_hold;
    as_hold.rule = notice.rule;
    const bool of_subject = notice.subject != 0;
    as_hold.source = of_subject ? Terms::kEmpty : notice.source;
    as_hold.object = of_subject ? "subject " + std::to_string(notice.subject) + ": " + notice.detail
                                : notice.detail;
    as_hold.opened_us = notice.opened_us;
    const std::int64_t problem = enter_and_tell(core, as_hold);
    if (of_subject) enter_who(core.db(), problem, notice.subject);
    core.db()
        .prepare("UPDATE notice SET problem_id = ? WHERE notice_id = ?")
        .bind(problem, notice.id)
        .run();
}

std::size_t group_some(StoreWriter::Core& core, std::size_t limit) {
    WriteTransaction transaction(core, Durability::relaxed);
    if (!core.leads("house")) return 0;
    const auto holds = pending_holds(core.db(), limit);
    const auto notices = pending_notices(core.db(), limit);
    for (const PendingHold& hold : holds) group(core, hold);
    for (const PendingNotice& notice : notices) group(core, notice);
    const std::size_t grouped = holds.size() + notices.size();
    if (grouped > 0) transaction.commit();
    return grouped;
}

}  // namespace

std::size_t group_holds(StoreWriter& writer, std::size_t limit) {
    std::size_t grouped = 0;
    while (const std::size_t some = group_some(writer.core(), limit)) grouped += some;
    return grouped;
}

}  // namespace labrelay::store
