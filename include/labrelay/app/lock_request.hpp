#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/store/lock_desk.hpp"
#include "labrelay/study/lock.hpp"

namespace labrelay::app {

/// What somebody asks of a scope; as JSON it goes to the running server (POST /api/v1/locks).
struct LockRequest {
    study::LockAction action = study::LockAction::freeze;
    std::string study;
    std::string subject;  ///< subject or screening number; empty: the whole study
    std::string visit;    ///< empty: the whole subject
    std::string by;
    std::string reason;
    std::vector<std::string> accept;  ///< ids of outstanding items
    std::string sign;                 ///< what the signature stands for; empty: none
};
std::string to_json(const LockRequest& request);
/// Error: usage.
Result<LockRequest> lock_request_from(std::string_view json);

/// What somebody decides about post-lock items (POST /api/v1/post-lock): all of them or none.
struct PostLockRequest {
    store::LockDesk::Decision decision = store::LockDesk::Decision::authorise;
    std::vector<std::int64_t> items;
    /// When each item had changed last, as it was looked at (ISO 8601); empty: not asked.
    std::vector<std::string> seen;
    std::string by;
    std::string reason;
    std::string sign;
};
std::string to_json(const PostLockRequest& request);
/// Error: usage.
Result<PostLockRequest> post_lock_request_from(std::string_view json);

}  // namespace labrelay::app
