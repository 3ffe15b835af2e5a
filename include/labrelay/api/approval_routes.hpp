#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "labrelay/api/services.hpp"
#include "labrelay/api/signing.hpp"
#include "labrelay/store/approval_desk.hpp"

namespace labrelay::api {

/// What becomes of an approval when a second person has approved it.
struct ApprovalAction {
    /// The right that whoever approves needs beside approvals.decide.
    security::Permission permission = security::Permission::approvals_decide;
    /// What would be done now, as canonical JSON: another digest than what was asked for makes the
    /// approval stale. Nothing: the content stands for itself.
    std::function<Result<std::string>(store::Desk&, const store::Approval&)> content;
    /// Does it, in the transaction that approves; what fails leaves everything as it was. Nothing:
    /// the approval stays approved until somebody moves it to applied.
    std::function<Result<void>(store::Desk&, const store::Act&, const store::Approval&)> apply;
    /// After the commit.
    std::function<void(const store::Approval&)> afterwards;
};

/// Actions by name: each part of the console hangs its own in, before the server starts. Constant
/// afterwards.
class ApprovalActions {
public:
    /// `name` is one of review::four_eyes_actions(); throws std::logic_error where it is not.
    void on(std::string_view name, ApprovalAction action);
    const ApprovalAction* find(std::string_view name) const;

private:
    std::map<std::string, ApprovalAction, std::less<>> actions_;
};

/// GET /approvals, /approvals/{id}, POST /approvals/{id}/approve and /refuse; GET /four-eyes,
/// PUT /four-eyes/{action}. `actions` outlives the router.
void add_approval_routes(Router& router, const Services& services, Signing& signing,
                         const ApprovalActions& actions);

}  // namespace labrelay::api
