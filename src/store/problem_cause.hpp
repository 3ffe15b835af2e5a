#pragma once

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/problem_query.hpp"
#include "read_core.hpp"

namespace labrelay::store {

/// What every row of a problem begins with, in this order: p.problem_id, p.state, p.rule,
/// p.source_id, p.object, p.open_count, p.total.
template <class Problem>
void read_cause(ReadSession::Core& core, const Query& row, Problem& problem) {
    problem.id = ProblemId{row.integer(0)};
    const auto state = problem_state_from(row.text(1));
    if (!state) throw pipeline::StoreFault("a problem's state cannot be read", false);
    problem.state = *state;
    problem.rule = static_cast<Code>(row.integer(2));
    problem.source = core.term(row.integer(3));
    problem.object = row.string(4);
    problem.held = row.integer(5);
    problem.total = row.integer(6);
}

}  // namespace labrelay::store
