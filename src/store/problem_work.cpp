#include "labrelay/store/problem_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::size_t kLongestComment = 4000;
constexpr std::size_t kLongestView = 2000;

struct Standing {
    ProblemState state = ProblemState::open;
    std::int64_t open_count = 0;
};

std::optional<Standing> standing_of(Connection& database, ProblemId problem) {
    auto query = database.prepare("SELECT state, open_count FROM problem WHERE problem_id = ?");
    query.bind(problem.value);
    if (!query.step()) return std::nullopt;
    const auto state = review::problem_state_from(query.text(0));
    if (!state) throw pipeline::unreadable("a problem's state cannot be read");
    return Standing{*state, query.integer(1)};
}

ProblemWork work_of(Connection& database, ProblemId problem) {
    ProblemWork work;
    work.problem = problem;
    auto query = database.prepare(
        "SELECT coalesce(w.assignee, 0), coalesce(a.display_name, ''), w.snoozed_us, "
        "w.snoozed_held, w.regressed, w.version FROM problem_work w "
        "LEFT JOIN account a ON a.account_id = w.assignee WHERE w.problem_id = ?");
    query.bind(problem.value);
    if (!query.step()) return work;
    work.assignee = query.integer(0);
    work.assignee_name = query.string(1);
    if (const auto until = query.optional_integer(2)) work.snooze.until = Instant{*until};
    work.snooze.until_held = query.optional_integer(3);
    work.regressed = query.flag(4);
    work.version = query.integer(5);
    return work;
}

bool still_holds(Connection& database, ProblemId problem) {
    auto query =
        database.prepare("SELECT 1 FROM hold WHERE problem_id = ? AND released_us IS NULL LIMIT 1");
    query.bind(problem.value);
    return query.step();
}

/// Errors: parameter-bad.
Result<std::string> name_of(Connection& database, std::int64_t account) {
    if (account == 0) return std::string();
    auto query = database.prepare(
        "SELECT display_name FROM account WHERE account_id = ? AND state = 'active'");
    query.bind(account);
    if (!query.step())
        return fail(Code::parameter_bad, Place{"assignee"}, "there is no such active account");
    return query.string(0);
}

nlohmann::ordered_json json_of(ProblemState state, const ProblemWork& work) {
    nlohmann::ordered_json json = {{"state", review::to_string(state)},
                                   {"assignee", work.assignee}};
    if (work.snooze.until) json["snooze_until"] = to_iso(*work.snooze.until);
    if (work.snooze.until_held) json["snooze_held"] = *work.snooze.until_held;
    return json;
}

void write_work(Connection& database, const ProblemWork& work) {
    const std::int64_t until = work.snooze.until ? work.snooze.until->microseconds : 0;
    database
        .prepare(
            "INSERT INTO problem_work(problem_id, assignee, snoozed_us, snoozed_held, regressed, "
            "version) VALUES (?, nullif(CAST(? AS BIGINT), 0), nullif(CAST(? AS BIGINT), 0), ?, ?, "
            "?) ON CONFLICT(problem_id) DO UPDATE SET "
            "assignee = excluded.assignee, snoozed_us = excluded.snoozed_us, "
            "snoozed_held = excluded.snoozed_held, regressed = excluded.regressed, "
            "version = excluded.version")
        .bind(work.problem.value, work.assignee, until, work.snooze.until_held, work.regressed,
              work.version)
        .run();
}

void write_state(Connection& database, ProblemId problem, ProblemState state, Instant now) {
    const std::int64_t closed = review::closed(state) ? now.microseconds : 0;
    database
        .prepare(
            "UPDATE problem SET state = ?, closed_us = nullif(CAST(? AS BIGINT), 0) WHERE "
            "problem_id = ?")
        .bind(review::to_string(state), closed, problem.value)
        .run();
    // What a notice says is over when a person says so; a hold goes on counting what it holds.
    if (state == ProblemState::resolved)
        database.prepare("UPDATE problem SET open_count = 0 WHERE problem_id = ?")
            .bind(problem.value)
            .run();
}

/// Errors: state-change-bad, reason-needed.
Result<void> may_become(Connection& database, const Act& act, ProblemId problem, ProblemState from,
                        ProblemState to) {
    const Place place{fmt::format("problem:{}", problem.value)};
    if (!review::person_may_move(from, to))
        return fail(Code::state_change_bad, place,
                    fmt::format("from {} to {}", review::to_string(from), review::to_string(to)));
    if (to == ProblemState::resolved && still_holds(database, problem))
        return fail(Code::state_change_bad, place, "it still holds results");
    if (to == ProblemState::dismissed && act.reason.empty())
        return fail(Code::reason_needed, place);
    return {};
}

Result<void> must_exist(Connection& database, ProblemId problem) {
    if (standing_of(database, problem)) return {};
    return fail(Code::not_found, Place{fmt::format("problem:{}", problem.value)});
}

std::string said(std::string what, const Act& act) {
    return act.reason.empty() ? what : what + ": " + act.reason;
}

}  // namespace

std::map<ProblemId, ProblemWork> problem_work(ReadSession& session,
                                              std::span<const ProblemId> ids) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::map<ProblemId, ProblemWork> all;
    for (const ProblemId id : ids) {
        ProblemWork work = work_of(database, id);
        if (work.version > 0) all.emplace(id, std::move(work));
    }
    return all;
}

std::vector<ProblemNote> problem_notes(ReadSession& session, ProblemId problem) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT note_id, at_us, actor, kind, text FROM problem_note WHERE problem_id = ? "
        "ORDER BY note_id DESC LIMIT 1000");
    query.bind(problem.value);
    std::vector<ProblemNote> notes;
    while (query.step())
        notes.push_back({query.integer(0), Instant{query.integer(1)}, query.string(2),
                         query.string(3), query.string(4)});
    std::ranges::reverse(notes);
    return notes;
}

std::vector<ProblemPlace> problem_places(ReadSession& session, ProblemId problem) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT DISTINCT s.study, s.site FROM problem_who w "
        "JOIN subject s ON s.subject_id = w.who WHERE w.problem_id = ? ORDER BY 1, 2");
    query.bind(problem.value);
    std::vector<ProblemPlace> places;
    while (query.step()) places.push_back({query.string(0), query.string(1)});
    return places;
}

Result<ChangedProblem> change_problem(Desk& desk, const Act& act, ProblemId problem,
                                      const ProblemChange& change,
                                      std::optional<std::int64_t> version) {
    Connection& database = desk.open().db();
    const auto standing = standing_of(database, problem);
    if (!standing) return fail(Code::not_found, Place{fmt::format("problem:{}", problem.value)});
    const ProblemWork before = work_of(database, problem);
    if (version && *version != before.version) return fail(Code::precondition_failed);
    ChangedProblem changed{standing->state, before};
    // Everything is looked at before anything is written: a selection goes on after a refusal.
    const auto name = name_of(database, change.assignee.value_or(before.assignee));
    if (change.assignee && !name) return tl::unexpected(name.error());
    if (change.state && *change.state != standing->state) {
        if (auto may = may_become(database, act, problem, standing->state, *change.state); !may)
            return tl::unexpected(may.error());
        write_state(database, problem, *change.state, desk.now());
        changed.state = *change.state;
        note_problem(desk, act, problem, "state",
                     said(fmt::format("{} to {}", review::to_string(standing->state),
                                      review::to_string(*change.state)),
                          act));
    }
    if (change.assignee && *change.assignee != before.assignee) {
        changed.work.assignee = *change.assignee;
        changed.work.assignee_name = *name;
        note_problem(desk, act, problem, "assign",
                     name->empty() ? "given to nobody" : "given to " + *name);
    }
    if (change.snooze) {
        changed.work.snooze = *change.snooze;
        std::string text = "awake";
        if (change.snooze->until) text = "put away until " + to_iso(*change.snooze->until);
        if (change.snooze->until_held)
            text = fmt::format("{} until it holds {}",
                               change.snooze->until ? text + " or" : std::string("put away"),
                               *change.snooze->until_held);
        note_problem(desk, act, problem, "snooze", text);
    }
    ++changed.work.version;
    write_work(database, changed.work);
    const std::string after = json_of(changed.state, changed.work).dump();
    const std::string was = json_of(standing->state, before).dump();
    desk.audit(act, {"problem", fmt::format("problem {} was worked on", problem.value), "problem",
                     std::to_string(problem.value), was, after});
    return changed;
}

Result<ProblemNote> comment_problem(Desk& desk, const Act& act, ProblemId problem,
                                    std::string_view text) {
    Connection& database = desk.open().db();
    if (auto there = must_exist(database, problem); !there) return tl::unexpected(there.error());
    if (text.empty() || text.size() > kLongestComment)
        return fail(Code::body_bad, Place{"text"},
                    fmt::format("1 to {} bytes are needed", kLongestComment));
    ProblemNote note{0, desk.now(), act.actor, "comment", std::string(text)};
    {
        auto insert = database.prepare(
            "INSERT INTO problem_note(problem_id, at_us, actor, kind, text) "
            "VALUES (?, ?, ?, 'comment', ?) RETURNING note_id");
        insert.bind(problem.value, note.at.microseconds, note.actor, note.text);
        insert.step();
        note.id = insert.integer(0);
        insert.step();
    }
    const std::string after = nlohmann::json({{"note", note.id}, {"text", note.text}})
                                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    desk.audit(act, {"comment",
                     fmt::format("problem {} was commented on", problem.value),
                     "problem",
                     std::to_string(problem.value),
                     {},
                     after});
    return note;
}

void note_problem(Desk& desk, const Act& act, ProblemId problem, std::string_view kind,
                  std::string_view text) {
    desk.open()
        .db()
        .prepare(
            "INSERT INTO problem_note(problem_id, at_us, actor, kind, text) "
            "VALUES (?, ?, ?, ?, ?)")
        .bind(problem.value, desk.now().microseconds, act.actor, kind, text)
        .run();
}

std::vector<Assignee> assignees(ReadSession& session, std::span<const std::string_view> roles,
                                Instant now) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT DISTINCT a.account_id, a.name, a.display_name, g.role FROM account a "
        "JOIN account_grant g ON g.account_id = a.account_id WHERE a.state = 'active' "
        "AND g.from_us <= ?1 AND (g.until_us IS NULL OR g.until_us > ?1) "
        "ORDER BY a.display_name, a.account_id");
    query.bind(now.microseconds);
    std::vector<Assignee> found;
    while (query.step()) {
        if (std::ranges::find(roles, query.text(3)) == roles.end()) continue;
        if (!found.empty() && found.back().account == query.integer(0)) continue;
        found.push_back({query.integer(0), query.string(1), query.string(2)});
    }
    return found;
}

std::vector<SavedView> saved_views(ReadSession& session, std::int64_t account) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(
        "SELECT view_id, name, query FROM saved_view WHERE account_id = ? ORDER BY name");
    query.bind(account);
    std::vector<SavedView> views;
    while (query.step()) views.push_back({query.integer(0), query.string(1), query.string(2)});
    return views;
}

Result<SavedView> save_view(Desk& desk, const Act& act, std::int64_t account, std::string_view name,
                            std::string_view query) {
    if (name.empty() || name.size() + query.size() > kLongestView)
        return fail(Code::body_bad, Place{"name"}, "a name, and both together not too long");
    SavedView view{0, std::string(name), std::string(query)};
    {
        auto upsert = desk.open().db().prepare(
            "INSERT INTO saved_view(account_id, name, query) VALUES (?, ?, ?) "
            "ON CONFLICT(account_id, name) DO UPDATE SET query = excluded.query "
            "RETURNING view_id");
        upsert.bind(account, name, query);
        upsert.step();
        view.id = upsert.integer(0);
        upsert.step();
    }
    const std::string after = nlohmann::json({{"name", view.name}, {"query", view.query}})
                                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    desk.audit(act, {"view", "a view was saved", "view", std::to_string(view.id), {}, after});
    return view;
}

Result<void> remove_view(Desk& desk, const Act& act, std::int64_t account, std::int64_t id) {
    {
        auto remove = desk.open().db().prepare(
            "DELETE FROM saved_view WHERE view_id = ? AND account_id = ? RETURNING view_id");
        remove.bind(id, account);
        if (!remove.step()) return fail(Code::not_found, Place{fmt::format("view:{}", id)});
        remove.step();
    }
    desk.audit(act, {"view", "a view was removed", "view", std::to_string(id), "{}", {}});
    return {};
}

}  // namespace labrelay::store
