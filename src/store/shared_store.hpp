#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::store {

/// What nodes that share a PostgreSQL store agree on through it. See shared_store.md.

bool is_shared(Connection& database);

/// A lock of the connection's session: held until the connection ends, however it ends. False: some
/// other session has it.
bool try_session_lock(Connection& database, std::string_view name);

/// A round of deliveries to a target, from before its rows are read until nothing of it is on its
/// way: held by the session of the node that delivers. Never waits, because that session may be
/// within another target's round. False: somebody keeps everybody out, the round comes later.
bool try_enter_round(Connection& database, std::string_view target);
void leave_round(Connection& database, std::string_view target);
/// From now on nobody begins a round, until the session ends. Returns when those that were begun
/// are over; all of them are waited for at once.
void wait_out_rounds(Connection& session, const std::vector<std::string>& targets);
/// Lets go of everything that a session holds beside its transactions.
void leave_session_locks(Connection& session);
/// Keeps all out of rounds until the transaction ends.
void keep_out_of_rounds(Connection& database, std::string_view target);

/// The deliveries of a target are another session's, or a lock came before them: nothing is sent,
/// and the round is begun anew.
pipeline::StoreFault lost_its_place(std::string_view target);

/// Locks of the transaction, taken in one order by everybody, so that two transactions wait for
/// each other and never block each other.
void lock_names(Connection& database, const std::vector<std::string>& names);
/// Held by many at a time, except while somebody has it alone.
void lock_registry_shared(Connection& database);
void lock_registry_alone(Connection& database);

/// The names that a message must have for itself: its control id, and what it teaches or may wait
/// for. Whoever comes second sees what the first has committed.
std::vector<std::string> names_of(const study::Proposal& proposal);

/// Takes subjects for the transaction, in the order of their ids, and counts each as changed: the
/// counts, by which a node sees whether what it remembers of a subject still holds.
std::map<SubjectId, std::int64_t> take_subjects(Connection& database,
                                                const std::vector<SubjectId>& subjects);

}  // namespace labrelay::store
