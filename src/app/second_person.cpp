#include "labrelay/app/second_person.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/account.hpp"
#include "labrelay/store/problem_work.hpp"

namespace labrelay::app {
namespace {

constexpr std::size_t kMostAtOnce = 100;

/// As whom an approved repair is done: who asked for it, with their reason.
store::Act act_of(const store::Approval& approval) {
    store::Act act;
    act.actor = approval.asker;
    act.origin = store::Origin::page;
    act.reason = fmt::format("{} (approved by {}, approval {})", approval.reason, approval.decider,
                             approval.id);
    return act;
}

ProblemId problem_of(const store::Approval& approval) {
    const nlohmann::json content = nlohmann::json::parse(approval.content, nullptr, false);
    return ProblemId{content.is_object() ? content.value("problem", std::int64_t{0}) : 0};
}

/// With the roles that the account has now; of one that is not active: nobody.
security::Principal principal_of(store::ReadSession& session, std::int64_t account) {
    security::Principal person;
    const auto known = store::account(session, account);
    if (!known || known->state != store::AccountState::active) {
        return person;
    }
    person.account = known->id;
    person.name = known->name;
    for (const store::AccountGrant& grant : known->grants) {
        if (!grant.until) {
            person.grants.push_back(grant.grant);
        }
    }
    return person;
}

/// What can be done no more is said in the problem's story, unless somebody else did it meanwhile.
void give_up(const api::Services& services, const store::Act& act, const store::Approval& approval,
             const std::string& why) {
    store::Desk desk(services.writer);
    const auto now = store::approval(desk, approval.id);
    if (!now || now->state != review::ApprovalState::approved) {
        return;
    }
    if (!store::move_approval(desk, act, *now, {review::ApprovalState::stale, 0, 0, why})) {
        return;
    }
    store::note_problem(desk, act, problem_of(approval), "repair",
                        fmt::format("Approval {} could not be applied: {}", approval.id, why));
    desk.commit();
}

struct BothPersons {
    security::Principal asker;
    security::Principal decider;
};
/// Errors: those of ReadPool::borrow(). Who cannot be looked up is not nobody.
Result<BothPersons> both_of(const api::Services& services, const store::Approval& approval) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    return BothPersons{principal_of(**session, approval.asked_by),
                       principal_of(**session, approval.decided_by)};
}

/// Done and marked as done in one transaction: whoever comes to it first does it, and nobody after.
void apply(api::Repairs& repairs, const api::Services& services, const store::Approval& approval) {
    const Result<BothPersons> persons = both_of(services, approval);
    if (!persons) {
        return;  // it stays approved and is tried again
    }
    const store::Act act = act_of(approval);
    const Result<std::int64_t> job = repairs.apply_approved(
        approval.content, act, persons->asker, persons->decider,
        [&](store::Desk& desk) -> Result<void> {
            const auto now = store::approval(desk, approval.id);
            if (!now) {
                return fail(Code::not_found, Place{fmt::format("approval:{}", approval.id)});
            }
            return store::move_approval(desk, act, *now,
                                        {review::ApprovalState::applied, 0, 0, {}});
        });
    // A store that is away is no answer: it stays approved and is tried again.
    if (!job && job.error().code != Code::store_io) {
        give_up(services, act, approval, std::string(entry(job.error().code).text));
    }
}

struct ApprovedRepair {
    std::string_view action;
    security::Permission permission;
};
constexpr std::array kApprovedRepairs{
    ApprovedRepair{"subject.reassign", security::Permission::repair_subject},
    ApprovedRepair{"config.activate", security::Permission::config_activate},
    ApprovedRepair{"unit.convert", security::Permission::config_activate},
};

}  // namespace

bool StoredSecondPerson::needed(std::string_view action) {
    Result<store::ReadPool::Borrowed> session = services_.reads.borrow();
    if (!session) {
        throw pipeline::StoreFault(describe(session.error()), false);
    }
    return store::needs_four_eyes(**session, action);
}

Result<std::int64_t> StoredSecondPerson::ask(store::Desk& desk, const store::Act& act,
                                             const Question& question) {
    return store::ask_approval(
        desk, act,
        {std::string(question.action), std::string(question.object), std::string(question.content),
         std::string(question.preview), question.asked_by});
}

void add_approved_repairs(api::ApprovalActions& actions, api::Repairs& repairs,
                          const api::Services& services) {
    for (const ApprovedRepair& repair : kApprovedRepairs) {
        api::ApprovalAction action;
        action.permission = repair.permission;
        action.afterwards = [&repairs, &services](const store::Approval& approval) {
            apply(repairs, services, approval);
        };
        actions.on(repair.action, std::move(action));
    }
}

std::size_t finish_approved_repairs(api::Repairs& repairs, const api::Services& services) {
    std::vector<store::Approval> left;
    {
        Result<store::ReadPool::Borrowed> session = services.reads.borrow();
        if (!session) {
            throw pipeline::StoreFault(describe(session.error()), false);
        }
        left = store::approvals(**session, review::ApprovalState::approved, 0, kMostAtOnce);
    }
    // In the order in which they were asked for.
    std::ranges::reverse(left);
    std::erase_if(left, [](const store::Approval& approval) {
        return std::ranges::find(kApprovedRepairs, std::string_view(approval.action),
                                 &ApprovedRepair::action) == kApprovedRepairs.end();
    });
    for (const store::Approval& approval : left) {
        apply(repairs, services, approval);
    }
    return left.size();
}

}  // namespace labrelay::app
