#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// The registry facts that a repair entered, taken back as a new change of the registry: nothing of
/// its history is removed. A specimen that is registered no more is one that is named alone.
struct RegistryUndo {
    pipeline::RegistryChange change;
    std::vector<SubjectId> subjects;  ///< whose results are asked anew
    bool empty() const { return change.subjects.empty() && change.specimens.empty(); }
};

/// Empty where the repair entered none. Errors: not-found (no such repair), state-change-bad with
/// the reason in words: what it entered was changed or taken back since, or a later fact stands on
/// it.
Result<RegistryUndo> registry_undo(ReadSession& session, std::int64_t repair);
/// The same in the transaction that does it.
Result<RegistryUndo> registry_undo(Desk& desk, std::int64_t repair);

/// What is held of a subject now, and why.
struct HeldOfSubject {
    ObservationId id;
    Code rule{};
};
std::vector<HeldOfSubject> held_of_subject(ReadSession& session, SubjectId subject);

}  // namespace labrelay::store
