#pragma once

#include <string>

#include "labrelay/pipeline/commit_store.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// Every observation is ignored, and one of them because its patient is in no trial: such a message
/// keeps no value, and its bytes only for the source's retention.
bool of_nobody_registered(const study::Outcome& outcome);

/// `S`, `H`, `I`: as the observation table writes it.
char disposition_letter(study::Disposition disposition);
std::string_view disposition_text(study::Disposition disposition);
study::Disposition disposition_from(std::string_view letter);

/// The ledger's lines of a new message.
void insert_observations(StoreWriter::Core& core, const pipeline::CommitItem& item);

/// The lines of a message that was processed again: what is stored stays, the rest is written anew.
/// Returns what moved: `3:held:301>stored:0`, by blanks.
std::string update_observations(StoreWriter::Core& core, const pipeline::CommitItem& item);

}  // namespace labrelay::store
