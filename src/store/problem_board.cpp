#include "labrelay/store/problem_board.hpp"

#include <unordered_map>

#include "problem_cause.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::int64_t kMostSettled = 20'000;
constexpr std::int64_t kAny = 0x7fffffffffffffff;

BoardProblem read_one(ReadSession::Core& core, const Query& row) {
    BoardProblem problem;
    read_cause(core, row, problem);
    problem.first = Instant{row.integer(7)};
    problem.last = Instant{row.integer(8)};
    if (const auto closed = row.optional_integer(9)) problem.closed = Instant{*closed};
    problem.assignee = row.optional_integer(10).value_or(0);
    if (const auto until = row.optional_integer(11)) problem.snoozed_until = Instant{*until};
    problem.snoozed_held = row.optional_integer(12);
    problem.regressed = row.optional_integer(13).value_or(0) != 0;
    problem.version = row.optional_integer(14).value_or(0);
    problem.assignee_name = row.string(15);
    return problem;
}

constexpr const char* kColumns =
    "SELECT p.problem_id, p.state, p.rule, p.source_id, p.object, p.open_count, p.total, "
    "p.first_us, p.last_us, p.closed_us, w.assignee, w.snoozed_us, w.snoozed_held, w.regressed, "
    "w.version, a.display_name FROM problem p LEFT JOIN problem_work w ON w.problem_id = "
    "p.problem_id LEFT JOIN account a ON a.account_id = w.assignee";

using ById = std::unordered_map<std::int64_t, BoardProblem*>;

void add_people(ReadSession::Core& core, ProblemState state, std::int64_t from, std::int64_t until,
                const ById& problems) {
    const std::string_view word = to_string(state);
    auto query = core.database.prepare(
        "SELECT w.problem_id, w.who FROM problem p JOIN problem_who w ON w.problem_id = "
        "p.problem_id WHERE p.state = ? AND p.problem_id >= ? AND p.problem_id <= ?");
    query.bind(word, from, until);
    while (query.step()) {
        const auto found = problems.find(query.integer(0));
        if (found == problems.end()) continue;
        ++found->second->people;
        // Hashes of patients whom nobody knows are negative.
        if (query.integer(1) > 0) found->second->subjects.push_back(SubjectId{query.integer(1)});
    }
}

void add_analytes(ReadSession::Core& core, ProblemState state, std::int64_t from,
                  std::int64_t until, const ById& problems) {
    const std::string_view word = to_string(state);
    auto query = core.database.prepare(
        "SELECT a.problem_id, a.analyte_id, a.open_count, a.total FROM problem p JOIN "
        "problem_analyte a ON a.problem_id = p.problem_id WHERE p.state = ? AND p.problem_id >= ? "
        "AND p.problem_id <= ?");
    query.bind(word, from, until);
    while (query.step()) {
        const auto found = problems.find(query.integer(0));
        if (found == problems.end()) continue;
        found->second->analytes.push_back(
            {core.term(query.integer(1)), query.integer(2), query.integer(3)});
    }
}

void add_critical(ReadSession::Core& core, const ById& problems) {
    // The cross join tells SQLite to begin with the few.
    auto query = core.database.prepare(
        "SELECT h.problem_id FROM critical_value c CROSS JOIN hold h WHERE h.message_id = "
        "c.message_id AND h.ordinal = c.ordinal AND c.acknowledged_us IS NULL AND h.released_us "
        "IS NULL AND h.problem_id IS NOT NULL");
    while (query.step()) {
        const auto found = problems.find(query.integer(0));
        if (found != problems.end()) found->second->critical = true;
    }
}

void add_details(ReadSession::Core& core, ProblemState state, std::vector<BoardProblem>& board) {
    if (board.empty()) return;
    ById problems;
    std::int64_t from = kAny;
    std::int64_t until = 0;
    for (BoardProblem& problem : board) {
        problems.emplace(problem.id.value, &problem);
        from = std::min(from, problem.id.value);
        until = std::max(until, problem.id.value);
    }
    add_people(core, state, from, until, problems);
    add_analytes(core, state, from, until, problems);
    add_critical(core, problems);
}

}  // namespace

std::vector<BoardProblem> problem_board(ReadSession& session, ProblemState state) {
    static const std::string sql =
        std::string(kColumns) + " WHERE p.state = ? ORDER BY p.problem_id DESC LIMIT ?";
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const bool settled = state == ProblemState::resolved || state == ProblemState::dismissed;
    const std::string_view word = to_string(state);
    std::vector<BoardProblem> board;
    {
        auto query = core.database.prepare(sql.c_str());
        query.bind(word, settled ? kMostSettled : kAny);
        while (query.step()) board.push_back(read_one(core, query));
    }
    add_details(core, state, board);
    return board;
}

std::optional<BoardProblem> board_problem(ReadSession& session, ProblemId id) {
    static const std::string sql = std::string(kColumns) + " WHERE p.problem_id = ?";
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<BoardProblem> board;
    {
        auto query = core.database.prepare(sql.c_str());
        query.bind(id.value);
        if (!query.step()) return std::nullopt;
        board.push_back(read_one(core, query));
    }
    add_details(core, board.front().state, board);
    return std::move(board.front());
}

ProblemCounts problem_counts(ReadSession& session, Instant since) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    ProblemCounts counts;
    auto query = core.database.prepare(
        "SELECT (SELECT count(*) FROM problem WHERE state = 'open'), "
        "(SELECT count(*) FROM problem WHERE state = 'in review'), "
        "(SELECT count(*) FROM problem WHERE closed_us >= ? AND state = 'resolved')");
    query.bind(since.microseconds);
    query.step();
    counts.open = query.integer(0);
    counts.in_review = query.integer(1);
    counts.resolved_since = query.integer(2);
    return counts;
}

std::vector<ProblemId> problems_of(ReadSession& session, SubjectId subject) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<ProblemId> problems;
    auto query = core.database.prepare(
        "SELECT p.problem_id FROM problem_who w JOIN problem p ON p.problem_id = w.problem_id "
        "WHERE w.who = ? AND p.state IN ('open', 'in review') ORDER BY p.problem_id");
    query.bind(subject.value);
    while (query.step()) problems.push_back(ProblemId{query.integer(0)});
    return problems;
}

std::optional<ObservationId> example_of(ReadSession& session, ProblemId id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    {
        auto query = core.database.prepare(
            "SELECT message_id, ordinal FROM hold WHERE problem_id = ? "
            "ORDER BY message_id DESC, ordinal LIMIT 1");
        query.bind(id.value);
        if (query.step())
            return ObservationId{MessageId{query.integer(0)},
                                 static_cast<std::int32_t>(query.integer(1))};
    }
    auto query = core.database.prepare(
        "SELECT message_id FROM notice WHERE problem_id = ? AND message_id IS NOT NULL "
        "ORDER BY notice_id DESC LIMIT 1");
    query.bind(id.value);
    if (!query.step()) return std::nullopt;
    return ObservationId{MessageId{query.integer(0)}, 0};
}

}  // namespace labrelay::store
