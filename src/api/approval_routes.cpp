#include "labrelay/api/approval_routes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "labrelay/views/review.hpp"
#include "reading.hpp"
#include "record_sight.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using review::ApprovalState;
using security::Permission;

constexpr int kMostPages = 20;

/// What the handlers stand on.
struct Parts {
    Services services;
    Signing& signing;
    const ApprovalActions& actions;
};

/// What a request reads of approvals: with the person's sight, in one session.
class ApprovalPages {
public:
    ApprovalPages(const Parts& parts, const Request& request, store::ReadSession& session)
        : parts_(parts),
          request_(request),
          sight_(sight_of(parts.services, request, Permission::approvals_view)),
          records_(session, sight_, Permission::approvals_view) {}

    bool sees(const store::Approval& approval) { return records_.sees(approval); }
    /// The right to decide it, wherever it reaches.
    bool may(const store::Approval& approval) {
        const ApprovalAction* action = parts_.actions.find(approval.action);
        const Permission also =
            action == nullptr ? Permission::approvals_decide : action->permission;
        return records_.holds_all(approval, Permission::approvals_decide) &&
               records_.holds_all(approval, also);
    }
    ordered_json json(const store::Approval& approval) {
        const bool decides =
            may(approval) &&
            review::may_decide(approval.state, {approval.asked_by, request_.who.account});
        return views::json_of(records_.shown(approval), sight_.registry(), decides);
    }

private:
    const Parts& parts_;
    const Request& request_;
    views::Sight sight_;
    RecordSight records_;
};

Result<Response> list(const Parts& parts, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    std::optional<ApprovalState> state;
    if (!request.asked("state").empty()) {
        state = review::approval_state_from(request.asked("state"));
        if (!state) {
            return fail(Code::parameter_bad, Place{"state"});
        }
    }
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    Result<store::ReadPool::Borrowed> session = parts.services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ApprovalPages records(parts, request, **session);
    ordered_json items = ordered_json::array();
    std::int64_t before = asked->after;
    bool more = true;
    // What is not for the person is read over.
    for (int pages = 0; pages < kMostPages && more && items.size() < asked->limit; ++pages) {
        const std::size_t wanted = asked->limit - items.size();
        const std::vector<store::Approval> found =
            store::approvals(**session, state, before, wanted);
        more = found.size() == wanted;
        for (const store::Approval& approval : found) {
            before = approval.id;
            if (records.sees(approval)) {
                items.push_back(records.json(approval));
            }
        }
    }
    return page(std::move(items), more ? std::to_string(before) : "");
}

/// What `work` makes of the approval of the path, where the person sees it. Errors: not-found.
template <class Work>
auto with_approval(const Parts& parts, const Request& request, const Work& work)
    -> decltype(work(std::declval<ApprovalPages&>(), std::declval<const store::Approval&>())) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    Result<store::ReadPool::Borrowed> session = parts.services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ApprovalPages pages(parts, request, **session);
    const std::optional<store::Approval> found = store::approval(**session, *id);
    if (!found || !pages.sees(*found)) {
        return fail(Code::not_found, Place{fmt::format("approval:{}", *id)});
    }
    return work(pages, *found);
}

Result<Response> one(const Parts& parts, const Request& request) {
    return with_approval(
        parts, request, [](ApprovalPages& pages, const store::Approval& found) -> Result<Response> {
            return answer(pages.json(found));
        });
}

/// The right to decide this one, and whether it can be decided: before anybody signs for nothing.
Result<store::Approval> decidable(const Parts& parts, const Request& request) {
    return with_approval(
        parts, request,
        [&](ApprovalPages& pages, const store::Approval& found) -> Result<store::Approval> {
            if (!pages.may(found)) {
                const ApprovalAction* action = parts.actions.find(found.action);
                const Permission also =
                    action == nullptr ? Permission::approvals_decide : action->permission;
                return fail(Code::forbidden, Place{std::string(security::row(also).key)});
            }
            if (const auto fine =
                    review::may_decide(found.state, {found.asked_by, request.who.account});
                !fine) {
                return tl::unexpected(fine.error());
            }
            if (!request.if_match.empty()) {
                if (const auto fine = request.unchanged(found.version); !fine) {
                    return tl::unexpected(fine.error());
                }
            }
            return found;
        });
}

/// As it is after a decision.
Result<Response> decided(const Parts& parts, const Request& request,
                         const store::Approval& approval) {
    Result<store::ReadPool::Borrowed> session = parts.services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    // What was approved may have been applied meanwhile.
    const auto now = store::approval(**session, approval.id);
    return answer(ApprovalPages(parts, request, **session).json(now.value_or(approval)));
}

/// Nothing: current. Else why it is stale.
Result<std::optional<std::string>> staleness(const ApprovalAction* action, store::Desk& desk,
                                             const store::Approval& approval) {
    if (action == nullptr || !action->content) {
        return std::optional<std::string>();
    }
    const Result<std::string> now = action->content(desk, approval);
    if (!now) {
        return tl::unexpected(now.error());
    }
    if (store::content_is_current(approval, *now)) {
        return std::optional<std::string>();
    }
    return std::optional<std::string>("what was to be approved has changed");
}

Result<Response> approve(const Parts& parts, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<store::Approval> asked = decidable(parts, request);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const Result<EnterSignature> sign = parts.signing.confirm(request, *body);
    if (!sign) {
        return tl::unexpected(sign.error());
    }
    const ApprovalAction* action = parts.actions.find(asked->action);
    const store::Act act = request.act(Permission::approvals_decide, *body);
    store::Desk desk(parts.services.writer);
    std::optional<store::Approval> approval = store::approval(desk, asked->id);
    if (!approval) {
        return fail(Code::not_found, Place{fmt::format("approval:{}", asked->id)});
    }
    if (const auto fine =
            review::may_decide(approval->state, {approval->asked_by, request.who.account});
        !fine) {
        return tl::unexpected(fine.error());
    }
    const Result<std::optional<std::string>> stale = staleness(action, desk, *approval);
    if (!stale) {
        return tl::unexpected(stale.error());
    }
    if (*stale) {
        const auto moved =
            store::move_approval(desk, act, *approval, {ApprovalState::stale, 0, 0, **stale});
        if (!moved) {
            return tl::unexpected(moved.error());
        }
        desk.commit();
        return fail(Code::approval_stale, Place{fmt::format("approval:{}", approval->id)});
    }
    const std::int64_t signature =
        (*sign)(desk, "approval", std::to_string(approval->id),
                {{"action", approval->action}, {"content_sha256", approval->content_sha256}});
    auto moved = store::move_approval(
        desk, act, *approval, {ApprovalState::approved, request.who.account, signature, {}});
    if (moved && action != nullptr && action->apply) {
        approval = store::approval(desk, asked->id);
        moved = action->apply(desk, act, *approval);
        if (moved) {
            moved = store::move_approval(desk, act, *approval, {ApprovalState::applied, 0, 0, {}});
        }
    }
    if (!moved) {
        return tl::unexpected(moved.error());
    }
    approval = store::approval(desk, asked->id);
    desk.commit();
    if (action != nullptr && action->afterwards) {
        action->afterwards(*approval);
    }
    return decided(parts, request, *approval);
}

Result<Response> refuse(const Parts& parts, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<store::Approval> asked = decidable(parts, request);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const store::Act act = request.act(Permission::approvals_decide, *body);
    store::Desk desk(parts.services.writer);
    const std::optional<store::Approval> approval = store::approval(desk, asked->id);
    if (!approval) {
        return fail(Code::not_found, Place{fmt::format("approval:{}", asked->id)});
    }
    const auto moved = store::move_approval(
        desk, act, *approval, {ApprovalState::refused, request.who.account, 0, act.reason});
    if (!moved) {
        return tl::unexpected(moved.error());
    }
    const std::optional<store::Approval> now = store::approval(desk, asked->id);
    desk.commit();
    return decided(parts, request, *now);
}

Result<Response> four_eyes(const Parts& parts, const Request&) {
    Result<store::ReadPool::Borrowed> session = parts.services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ordered_json items = ordered_json::array();
    for (const store::FourEyes& action : store::four_eyes(**session)) {
        items.push_back(views::json_of(action));
    }
    return page(std::move(items), "");
}

Result<Response> set_four_eyes(const Parts& parts, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto required = body->find("required");
    if (required == body->end() || !required->is_boolean()) {
        return fail(Code::body_bad, Place{"required"}, "true or false");
    }
    const store::Act act = request.act(Permission::settings_change, *body);
    const std::string& action = request.parameter("action");
    if (act.reason.empty()) {
        return fail(Code::reason_needed);
    }
    if (review::four_eyes_action(action) == nullptr) {
        return fail(Code::not_found, Place{"four-eyes"});
    }
    const Result<EnterSignature> sign = parts.signing.confirm(request, *body);
    if (!sign) {
        return tl::unexpected(sign.error());
    }
    store::Desk desk(parts.services.writer);
    const std::int64_t signature = (*sign)(
        desk, "four-eyes", action, {{"required", required->get<bool>()}, {"reason", act.reason}});
    const auto set = store::set_four_eyes(desk, act, action, required->get<bool>(), signature);
    if (!set) {
        return tl::unexpected(set.error());
    }
    desk.commit();
    return answer({{"action", action}, {"required", required->get<bool>()}});
}

}  // namespace

void ApprovalActions::on(std::string_view name, ApprovalAction action) {
    if (review::four_eyes_action(name) == nullptr) {
        throw std::logic_error("no action needs four eyes by the name " + std::string(name));
    }
    actions_[std::string(name)] = std::move(action);
}

const ApprovalAction* ApprovalActions::find(std::string_view name) const {
    const auto found = actions_.find(name);
    return found == actions_.end() ? nullptr : &found->second;
}

void add_approval_routes(Router& router, const Services& services, Signing& signing,
                         const ApprovalActions& actions) {
    const Parts parts{services, signing, actions};
    router.add({Method::get,
                "/approvals",
                Access::of(Permission::approvals_view),
                "What waits for a second person",
                {{"state", "pending, approved, refused, stale or applied"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "Cursor of the page before"}},
                {},
                {},
                [parts](const Request& request) { return list(parts, request); }});
    router.add({Method::get,
                "/approvals/{id}",
                Access::of(Permission::approvals_view),
                "What was asked for, in full",
                {},
                {},
                {},
                [parts](const Request& request) { return one(parts, request); }});
    router.add({Method::post,
                "/approvals/{id}/approve",
                Access::of(Permission::approvals_decide),
                "Approves by signature; it is done in the same transaction",
                {},
                {},
                {},
                [parts](const Request& request) { return approve(parts, request); }});
    router.add({Method::post,
                "/approvals/{id}/refuse",
                Access::of(Permission::approvals_decide),
                "Refuses, with a reason",
                {},
                {},
                {},
                [parts](const Request& request) { return refuse(parts, request); }});
    router.add({Method::get,
                "/four-eyes",
                Access::of(Permission::settings_view),
                "Which actions need a second person",
                {},
                {},
                {},
                [parts](const Request& request) { return four_eyes(parts, request); }});
    router.add({Method::put,
                "/four-eyes/{action}",
                Access::of(Permission::settings_change),
                "Switches the second person on or off, with a reason and by signature",
                {},
                {},
                {},
                [parts](const Request& request) { return set_four_eyes(parts, request); }});
}

}  // namespace labrelay::api
