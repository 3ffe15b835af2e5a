#pragma once

#include "labrelay/store/read_session.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::store {

/// Loads into `state` what a proposal's keys name and `state` does not hold yet, as the committer
/// would: for explain beside a running server.
void load_state(ReadSession& session, const study::Proposal& proposal, study::StateView& state);
/// The same for one subject.
void load_subject(ReadSession& session, SubjectId subject, study::StateView& state);

}  // namespace labrelay::store
