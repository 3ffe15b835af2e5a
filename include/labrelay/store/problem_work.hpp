#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/review/problem_state.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// What people do with a problem; what it holds stands in ProblemRow.
struct ProblemWork {
    ProblemId problem;
    std::int64_t assignee = 0;  ///< account; 0: nobody
    std::string assignee_name;  ///< display name
    review::Snooze snooze;
    bool regressed = false;    ///< it was closed, and holds again
    std::int64_t version = 0;  ///< of the ETag; 0: nobody has touched it
};
/// Of those that somebody touched; a problem that is not here has the default.
std::map<ProblemId, ProblemWork> problem_work(ReadSession& session, std::span<const ProblemId> ids);

/// A line of a problem's story.
struct ProblemNote {
    std::int64_t id = 0;
    Instant at;
    std::string actor;
    std::string kind;  ///< comment, state, assign, snooze, repair, query
    std::string text;
};
/// Oldest first, at most the newest thousand.
std::vector<ProblemNote> problem_notes(ReadSession& session, ProblemId problem);

/// A study and a site that a problem has subjects of.
struct ProblemPlace {
    std::string study;
    std::string site;
};
/// Of the subjects that are known; empty where it is about nobody known: a code, a unit, a patient
/// who is in no registry. For who may see and work on it.
std::vector<ProblemPlace> problem_places(ReadSession& session, ProblemId problem);

struct ProblemChange {
    std::optional<ProblemState> state;
    std::optional<std::int64_t> assignee;  ///< 0: nobody
    std::optional<review::Snooze> snooze;  ///< empty: awake
};
struct ChangedProblem {
    ProblemState state = ProblemState::open;
    ProblemWork work;
};
/// A person's change, with its note and audit row. `version`: of the ETag; nothing: whatever it is.
/// Errors: not-found, precondition-failed, state-change-bad (not along the table, or resolved while
/// results are still held), reason-needed (dismissed without one), parameter-bad (no such
/// assignee).
Result<ChangedProblem> change_problem(Desk& desk, const Act& act, ProblemId problem,
                                      const ProblemChange& change,
                                      std::optional<std::int64_t> version);

/// Errors: not-found, body-bad (empty or longer than 4,000 bytes).
Result<ProblemNote> comment_problem(Desk& desk, const Act& act, ProblemId problem,
                                    std::string_view text);
/// A line of the story about something that has its audit row already: a repair, a query.
void note_problem(Desk& desk, const Act& act, ProblemId problem, std::string_view kind,
                  std::string_view text);

/// Whom a problem can be given to: active accounts that hold one of the roles now.
struct Assignee {
    std::int64_t account = 0;
    std::string name;
    std::string display_name;
};
std::vector<Assignee> assignees(ReadSession& session, std::span<const std::string_view> roles,
                                Instant now);

struct SavedView {
    std::int64_t id = 0;
    std::string name;
    std::string query;
};
std::vector<SavedView> saved_views(ReadSession& session, std::int64_t account);
/// Of the same name: replaced. Errors: body-bad (no name, or too long).
Result<SavedView> save_view(Desk& desk, const Act& act, std::int64_t account, std::string_view name,
                            std::string_view query);
/// Errors: not-found, also where it is another account's.
Result<void> remove_view(Desk& desk, const Act& act, std::int64_t account, std::int64_t id);

}  // namespace labrelay::store
