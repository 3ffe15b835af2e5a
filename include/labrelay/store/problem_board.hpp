#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "labrelay/store/problem_query.hpp"

namespace labrelay::store {

// Everything that sorts, counts and narrows the list of problems, read at once: problems are few
// where results are many.

/// How many results of one analyte a problem holds; the empty analyte: of codes that are not
/// mapped.
struct AnalyteShare {
    std::string analyte;
    std::int64_t held = 0;
    std::int64_t total = 0;
};

struct BoardProblem {
    ProblemId id;
    ProblemState state = ProblemState::open;
    Code rule{};
    std::string source;
    std::string object;
    std::int64_t held = 0;
    std::int64_t total = 0;
    Instant first;
    Instant last;
    std::optional<Instant> closed;
    // What people do with it.
    std::int64_t assignee = 0;  ///< account; 0: nobody
    std::string assignee_name;
    std::optional<Instant> snoozed_until;
    std::optional<std::int64_t> snoozed_held;
    bool regressed = false;
    std::int64_t version = 0;
    // What it is about.
    std::vector<SubjectId> subjects;  ///< known ones
    std::int64_t people = 0;          ///< known subjects and unknown patients
    std::vector<AnalyteShare> analytes;
    bool critical = false;  ///< holds a critical value that nobody has acknowledged
};

/// Of open ones and those in review all; of resolved and dismissed ones the newest 20,000.
std::vector<BoardProblem> problem_board(ReadSession& session, ProblemState state);
std::optional<BoardProblem> board_problem(ReadSession& session, ProblemId id);

struct ProblemCounts {
    std::int64_t open = 0;
    std::int64_t in_review = 0;
    std::int64_t resolved_since = 0;
};
ProblemCounts problem_counts(ReadSession& session, Instant since);

/// Open problems of one subject, its notices included.
std::vector<ProblemId> problems_of(ReadSession& session, SubjectId subject);

/// Where the newest observation that it holds stands; nothing where it holds none.
std::optional<ObservationId> example_of(ReadSession& session, ProblemId id);

}  // namespace labrelay::store
