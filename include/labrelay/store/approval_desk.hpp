#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/review/approval.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

/// What one person asked for and another decides. `content` is what would be done, as canonical
/// JSON; its digest is what is signed for.
struct Approval {
    std::int64_t id = 0;
    std::string action;  ///< `config.activate` …: review::four_eyes_actions()
    std::string object;
    std::string content;
    std::string content_sha256;  ///< hexadecimal
    std::string preview;         ///< JSON: what the asker saw of its effect; may be empty
    review::ApprovalState state = review::ApprovalState::pending;
    std::int64_t asked_by = 0;  ///< account
    std::string asker;          ///< its name
    Instant asked_at;
    std::string reason;
    std::int64_t decided_by = 0;
    std::string decider;
    std::optional<Instant> decided_at;
    std::string why;  ///< of a refusal, or why it is stale
    std::int64_t signature = 0;
    std::int64_t version = 1;
};

struct ApprovalRequest {
    std::string action;
    std::string object;
    std::string content;
    std::string preview;
    std::int64_t asked_by = 0;  ///< account
};
/// Its id. A pending one of the same action and object becomes stale. Errors: reason-needed,
/// forbidden (nobody asked: a command needs no approval).
Result<std::int64_t> ask_approval(Desk& desk, const Act& act, const ApprovalRequest& request);

/// Newest first; those before `before` (0: from the newest).
std::vector<Approval> approvals(ReadSession& session, std::optional<review::ApprovalState> state,
                                std::int64_t before, std::size_t limit);
std::optional<Approval> approval(ReadSession& session, std::int64_t id);
/// In the transaction that decides.
std::optional<Approval> approval(Desk& desk, std::int64_t id);

/// What the object is at the moment, as canonical JSON, differs from what was asked for: stale.
bool content_is_current(const Approval& approval, std::string_view content_now);

/// Moves it, with the audit row: along review::kApprovalTransitions only (state-change-bad).
/// Whoever decides must be another than who asked (four-eyes-same-person), of the engine account 0
/// for stale and applied. `why` of a refusal: reason-needed where empty.
struct ApprovalMove {
    review::ApprovalState to = review::ApprovalState::approved;
    std::int64_t account = 0;
    std::int64_t signature = 0;
    std::string why;
};
Result<void> move_approval(Desk& desk, const Act& act, const Approval& approval,
                           const ApprovalMove& move);

/// Whether an action needs a second person here, with who said otherwise.
struct FourEyes {
    std::string action;
    std::string text;
    bool required = true;
    bool always = false;  ///< cannot be switched off
    std::string actor;    ///< of the last change; empty: as it comes
    std::optional<Instant> at;
    std::string reason;
    std::int64_t signature = 0;
};
std::vector<FourEyes> four_eyes(ReadSession& session);
/// An action that nobody knows needs one.
bool needs_four_eyes(Desk& desk, std::string_view action);
bool needs_four_eyes(ReadSession& session, std::string_view action);
/// Errors: not-found, reason-needed, state-change-bad (it cannot be switched off).
Result<void> set_four_eyes(Desk& desk, const Act& act, std::string_view action, bool required,
                           std::int64_t signature);

}  // namespace labrelay::store
