#pragma once

#include "connection.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::store {

/// What became of the observations of a message that repairs wait for; it was processed again in
/// this transaction. Begins their repairs.
void settle_repairs(Connection& database, const pipeline::CommitItem& item, Instant at);

bool waits_for_repair(Connection& database, std::int64_t repair, MessageId message);

/// A job is done: what its repair still waits for of the job's messages could not be processed.
/// Ends the repair with its last job.
void finish_repair_job(Connection& database, std::int64_t job, Instant at);

}  // namespace labrelay::store
