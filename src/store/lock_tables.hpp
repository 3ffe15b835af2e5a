#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/study/lock.hpp"
#include "writer_core.hpp"

namespace labrelay::store {

/// What is frozen or locked that can cover a result of the subject: its study's, its own, its
/// visits'. To be asked in the transaction that writes, so that no lock comes between.
std::vector<study::ScopeLock> locks_over(Connection& database, SubjectId subject);

study::LockState scope_state(Connection& database, const study::LockScope& scope);

/// Everything that is frozen or locked, in the order study, subject, visit.
std::vector<study::ScopeLock> all_locks(Connection& database);
std::vector<LockFact> lock_facts(Connection& database);

/// Appends the fact and gives the scope its new state; `act` is the door through which the fact's
/// actor came. The fact's id.
std::int64_t append_lock_fact(StoreWriter::Core& core, const LockFact& fact, study::LockState state,
                              const Act& act);

/// A row of the outbox for each target that tells it of the scope of this fact.
void tell_lock(StoreWriter::Core& core, const LockFact& fact, std::int64_t fact_id);

/// The fact's scope as it stands now. Nothing where there is no such fact.
std::optional<delivery::LockNotice> lock_notice(Connection& database, std::int64_t fact_id);

}  // namespace labrelay::store
