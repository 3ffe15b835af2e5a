#pragma once

#include <span>
#include <string>

#include "labrelay/pipeline/commit_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// What a hold is about, in the words in which a person looks for it: the code and its system, the
/// unit and the analyte, the patient's identifier, the specimen. Holds of one rule, source and
/// object are one problem.
std::string hold_object(Code rule, const study::ProposedObservation& observation);

/// Opens a hold row for each held observation (ordinal 0: the message itself), closes those of
/// observations that are held no longer or for another cause. Grouping into problems comes later
/// (problem_grouping).
void write_holds(StoreWriter::Core& core, const pipeline::CommitItem& item, bool again);

void write_notices(StoreWriter::Core& core, std::optional<MessageId> cause,
                   std::span<const study::Notice> notices);

}  // namespace labrelay::store
