#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/core/ids.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/lock.hpp"
#include "labrelay/study/post_lock.hpp"

namespace labrelay::store {

/// Somebody froze, locked or released a scope. Append-only.
struct LockFact {
    std::int64_t id = 0;
    Instant at;
    std::string actor;
    study::LockAction action = study::LockAction::freeze;
    study::LockScope scope;
    std::string reason;
    std::string signature;              ///< name, what it stands for, time; empty: none was needed
    std::vector<std::string> accepted;  ///< ids of the outstanding items, each with its text
};

/// Everything that is frozen or locked, in the order study, subject, visit.
std::vector<study::ScopeLock> locks(ReadSession& session);
/// Oldest first.
std::vector<LockFact> lock_history(ReadSession& session);

/// What somebody, or the engine itself, did to a post-lock item. Append-only.
struct PostLockFact {
    Instant at;
    std::string actor;
    study::PostLockState from = study::PostLockState::open;
    study::PostLockState to = study::PostLockState::open;
    std::string reason;
    std::string signature;
};

/// A result that changed in a frozen or locked scope.
struct PostLockItem {
    std::int64_t id = 0;
    SubjectId subject;
    std::int64_t number = 0;  ///< of the subject's results
    study::PostLockState state = study::PostLockState::open;
    std::optional<study::ResultWords> told;     ///< what the study databases hold; nothing: none
    std::vector<study::ToldElsewhere> differs;  ///< study databases that hold something else
    study::ResultWords now;                     ///< what it would become; of a settled one: became
    Code reason{};                     ///< of the newest change; none where it is the value
    std::optional<MessageId> message;  ///< that brought the newest change
    Instant opened;
    Instant changed;
};

struct PostLockFilter {
    bool settled_too = false;
    std::optional<SubjectId> subject;
};
/// In the order of their ids.
std::vector<PostLockItem> post_lock_items(ReadSession& session, const PostLockFilter& filter);
std::optional<PostLockItem> post_lock_item(ReadSession& session, std::int64_t id);
std::vector<PostLockFact> post_lock_history(ReadSession& session, std::int64_t id);
/// Analytes of the subject's results that are computed from this one.
std::vector<std::string> derived_analytes(ReadSession& session, SubjectId subject,
                                          std::int64_t number);

}  // namespace labrelay::store
