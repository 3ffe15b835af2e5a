#pragma once

#include <vector>

#include "labrelay/store/read_session.hpp"
#include "labrelay/study/held_result.hpp"
#include "labrelay/study/state.hpp"

namespace labrelay::store {

/// All that is stored of one subject, and what is held of it, in one view of the store.
struct SubjectResults {
    study::SubjectState results;
    std::vector<study::HeldResult> held;  ///< in order of their ids
};
SubjectResults subject_results(ReadSession& session, SubjectId subject);

}  // namespace labrelay::store
