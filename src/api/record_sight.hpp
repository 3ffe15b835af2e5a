#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::api {

/// Which rows of the audit trail and which approvals one person sees with one permission, and what
/// of their texts: what a row is about decides, as for the thing itself. What belongs to no study
/// is for whoever has the permission everywhere. One request's; borrows session and sight.
class RecordSight {
public:
    RecordSight(store::ReadSession& session, const views::Sight& sight,
                security::Permission permission)
        : session_(session), sight_(sight), permission_(permission) {}

    bool sees(const store::AuditRow& row);
    /// What stands in the registry, in repairs and in decisions for one message says who somebody
    /// is or what a value was: for those who may see that. The row itself, its hash included,
    /// stays.
    store::AuditRow shown(store::AuditRow row) const;

    /// What is kept of a thing elsewhere: for whoever sees rows about it.
    bool sees(std::string_view kind, const std::string& object);

    bool sees(const store::Approval& approval);
    /// Whether the person has the permission wherever the approval reaches: to decide it takes all.
    bool holds_all(const store::Approval& approval, security::Permission permission);
    /// Content and preview without what the person must not read.
    store::Approval shown(store::Approval approval) const;

private:
    bool holds_rows(const store::Approval& approval, security::Permission permission);
    bool sees_object(std::string_view kind, const std::string& object, std::string_view what);
    bool look_at(std::string_view kind, const std::string& object, std::string_view what);
    bool sees_problem(std::int64_t problem);
    bool sees_message(const std::string& object);
    bool sees_lock(std::string_view object) const;
    bool sees_specimen(const std::string& object) const;
    bool sees_post_lock(std::string_view object);
    bool in_study(std::string_view study) const;

    store::ReadSession& session_;
    const views::Sight& sight_;
    security::Permission permission_;
    std::map<std::pair<std::string, std::string>, bool> known_;
};

}  // namespace labrelay::api
