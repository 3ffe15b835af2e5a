#pragma once

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/store_writer.hpp"

namespace labrelay::store {

/// The critical values of a message, in the transaction that writes its results. Of a source that
/// is live; what is ignored (a repeat, a patient in no trial) concerns nobody here. A message that
/// is processed again may find the subject of one that is written already.
void write_criticals(StoreWriter::Core& core, const pipeline::CommitItem& item);

}  // namespace labrelay::store
