#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "labrelay/store/lock_query.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::views {

/// What is frozen or locked, with the fact that made it so where it is given.
nlohmann::ordered_json lock_json(const study::ScopeLock& lock, const study::Registry& registry,
                                 const store::LockFact* fact);
/// Who did what, why, and what was accepted.
nlohmann::ordered_json lock_fact_json(const store::LockFact& fact, const study::Registry& registry);

/// A post-lock item with the names that only registry and configuration know.
struct PostLockReport {
    const store::PostLockItem& item;
    const study::Subject* subject = nullptr;  ///< nothing: no longer registered
    std::vector<std::string> impact;          ///< a sentence each
};
/// Reads what the item's value is an input of. `study` may be nothing.
PostLockReport post_lock_report(store::ReadSession& session, const store::PostLockItem& item,
                                const study::Registry& registry,
                                const std::vector<study::StudyDefinition>& studies);
nlohmann::ordered_json post_lock_json(const PostLockReport& report);
nlohmann::ordered_json post_lock_fact_json(const store::PostLockFact& fact);

}  // namespace labrelay::views
