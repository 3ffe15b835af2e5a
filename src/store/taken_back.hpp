#pragma once

#include "labrelay/study/lock.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// A lock came before these deliveries: what they were to tell of the scope's results is taken out
/// of them and becomes post-lock items. A delivery of which nothing is left goes. No delivery of
/// the subject may be on its way to a target meanwhile (delivery::Worker::between_rounds), and none
/// that tells of the scope may be in `sending` or `unknown`, or tried and not marked: it may
/// stand there already. Nor may one wait that moves results: what the target holds stands
/// elsewhere. Throws std::logic_error for these (study::OutstandingItem::acceptable).
void take_back_deliveries(StoreWriter::Core& core, SubjectId subject, const study::LockScope& scope,
                          Instant at);

}  // namespace labrelay::store
