#include "problem_turns.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/review/query_state.hpp"

namespace labrelay::store {
namespace {

constexpr std::string_view kReleased = "its results were released";

void note(StoreWriter::Core& core, std::int64_t problem, std::string_view kind,
          std::string_view text) {
    core.db()
        .prepare(
            "INSERT INTO problem_note(problem_id, at_us, actor, kind, text) "
            "VALUES (?, ?, 'engine', ?, ?)")
        .bind(problem, core.clock.now().microseconds, kind, text)
        .run();
}

struct Asked {
    std::int64_t id = 0;
    review::QueryState state = review::QueryState::open;
};

std::vector<Asked> unsettled_queries(Connection& database, std::int64_t problem) {
    std::vector<Asked> asked;
    auto query = database.prepare(
        "SELECT query_id, state FROM site_query WHERE problem_id = ? AND "
        "state IN ('open', 'answered') ORDER BY query_id");
    query.bind(problem);
    while (query.step())
        asked.push_back({query.integer(0), *review::query_state_from(query.text(1))});
    return asked;
}

void close(StoreWriter::Core& core, std::int64_t problem, const Asked& asked) {
    const auto to = review::after(asked.state, review::QueryStep::released);
    if (!to) return;
    core.db()
        .prepare("UPDATE site_query SET state = ?, version = version + 1 WHERE query_id = ?")
        .bind(review::to_string(*to), asked.id)
        .run();
    core.db()
        .prepare(
            "INSERT INTO site_query_fact(query_id, at_us, actor, from_state, to_state, text) "
            "VALUES (?, ?, 'engine', ?, ?, ?)")
        .bind(asked.id, core.clock.now().microseconds, review::to_string(asked.state),
              review::to_string(*to), kReleased)
        .run();
    const std::string what = fmt::format("query {} was closed: {}", asked.id, kReleased);
    note(core, problem, "query", what);
    const std::string object = std::to_string(asked.id);
    Act act;
    act.actor = "engine";
    core.audit->append(core.db(),
                       entry_of(core.clock.now(), act, {"query", what, "query", object, {}, {}}));
}

std::optional<ProblemStanding> read_standing(Query& query) {
    if (!query.step()) return std::nullopt;
    const auto state = review::problem_state_from(query.text(1));
    if (!state) throw pipeline::unreadable("a problem's state cannot be read");
    return ProblemStanding{query.integer(0), *state, query.integer(2), query.integer(3)};
}

}  // namespace

std::optional<ProblemStanding> problem_standing(StoreWriter::Core& core, std::int64_t rule,
                                                std::int64_t source, std::string_view object) {
    auto query = core.db().prepare(
        "SELECT problem_id, state, open_count, rule FROM problem WHERE rule = ? AND source_id = ? "
        "AND object = ?");
    query.bind(rule, source, object);
    return read_standing(query);
}

std::optional<ProblemStanding> problem_standing(StoreWriter::Core& core, std::int64_t problem) {
    auto query = core.db().prepare(
        "SELECT problem_id, state, open_count, rule FROM problem WHERE problem_id = ?");
    query.bind(problem);
    return read_standing(query);
}

void mark_regressed(StoreWriter::Core& core, std::int64_t problem) {
    core.db()
        .prepare(
            "INSERT INTO problem_work(problem_id, regressed) VALUES (?, 1) "
            "ON CONFLICT(problem_id) DO UPDATE SET regressed = 1, snoozed_us = NULL, "
            "snoozed_held = NULL, version = problem_work.version + 1")
        .bind(problem)
        .run();
}

void tell_turn(StoreWriter::Core& core, std::optional<review::ProblemState> before,
               const ProblemStanding& after, std::string_view why) {
    if (before == after.state) return;
    const auto json = [&](review::ProblemState state) {
        return nlohmann::ordered_json{{"state", review::to_string(state)},
                                      {"rule", key(static_cast<Code>(after.rule))}}
            .dump();
    };
    const std::string_view to = review::to_string(after.state);
    const std::string what = before
                                 ? fmt::format("problem {} went from {} to {}: {}", after.problem,
                                               review::to_string(*before), to, why)
                                 : fmt::format("problem {} was opened: {}", after.problem, why);
    const std::string was = before ? json(*before) : std::string();
    const std::string is = json(after.state);
    const std::string object = std::to_string(after.problem);
    Act act;
    act.actor = "engine";
    core.audit->append(
        core.db(), entry_of(core.clock.now(), act, {"problem", what, "problem", object, was, is}));
    if (before)
        note(core, after.problem, "state",
             fmt::format("{} to {}: {}", review::to_string(*before), to, why));
}

void close_queries_of_released(StoreWriter::Core& core, std::int64_t problem) {
    {
        auto query =
            core.db().prepare("SELECT 1 FROM problem WHERE problem_id = ? AND open_count = 0");
        query.bind(problem);
        if (!query.step()) return;
    }
    for (const Asked& asked : unsettled_queries(core.db(), problem)) close(core, problem, asked);
}

}  // namespace labrelay::store
