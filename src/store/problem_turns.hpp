#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "labrelay/review/problem_state.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

// What follows for the people who work on a problem from what the grouping does to it. Within the
// grouping's transaction.

/// A problem as it stands before something is entered for it or taken from it.
struct ProblemStanding {
    std::int64_t problem = 0;
    review::ProblemState state = review::ProblemState::open;
    std::int64_t open_count = 0;
    std::int64_t rule = 0;
};
std::optional<ProblemStanding> problem_standing(StoreWriter::Core& core, std::int64_t rule,
                                                std::int64_t source, std::string_view object);
std::optional<ProblemStanding> problem_standing(StoreWriter::Core& core, std::int64_t problem);

/// A problem that was closed holds again: it is marked so, and wakes.
void mark_regressed(StoreWriter::Core& core, std::int64_t problem);

/// The engine moved the problem: its audit row, and a line of its history. Before nothing: it is
/// new. Does nothing where it did not move.
void tell_turn(StoreWriter::Core& core, std::optional<review::ProblemState> before,
               const ProblemStanding& after, std::string_view why);

/// After a hold was released: where nothing is held any more, what was asked about it is closed.
void close_queries_of_released(StoreWriter::Core& core, std::int64_t problem);

}  // namespace labrelay::store
