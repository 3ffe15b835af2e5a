#include "labrelay/app/lock_change.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "labrelay/store/problem_grouping.hpp"

namespace labrelay::app {
namespace {

using store::LockDesk;
using study::LockAction;
using study::LockScope;
using study::OutstandingItem;
using study::Subject;

/// `A. Smith: reviewed and complete (2026-11-28T22:00:00.000000Z)`; empty without a meaning.
std::string signature(const std::string& by, const std::string& meaning, Instant at) {
    return meaning.empty() ? std::string() : fmt::format("{}: {} ({})", by, meaning, to_iso(at));
}

/// The same with the row of a signature that was given with a password.
std::string signature(const std::string& by, const std::string& meaning, Instant at,
                      std::int64_t row) {
    return fmt::format("{}: {} ({}, signature {})", by, meaning, to_iso(at), row);
}

struct Named {
    LockScope scope;
    const study::StudyDefinition* study = nullptr;
    std::vector<const Subject*> subjects;  ///< of the scope
};

Result<Named> name_scope(const LockRequest& request, const mapping::Configuration& configuration,
                         const study::Registry& registry) {
    Named named;
    named.study = configuration.rules().study(request.study);
    if (named.study == nullptr) {
        return fail(Code::usage, Place{"--study"}, "the configuration has no such study");
    }
    named.scope.study = request.study;
    named.scope.visit = request.visit;
    for (const Subject* subject : registry.all_subjects()) {
        const bool asked = request.subject.empty() || subject->subject_no == request.subject ||
                           subject->screening_no == request.subject;
        if (subject->study == request.study && asked) {
            named.subjects.push_back(subject);
        }
    }
    if (request.subject.empty()) {
        if (!request.visit.empty()) {
            return fail(Code::usage, Place{"--visit"}, "a visit is one of a subject: --subject");
        }
        return named;
    }
    if (named.subjects.size() != 1) {
        return fail(Code::usage, Place{"--subject"}, "the study has no such subject");
    }
    named.scope.subject = named.subjects.front()->id;
    if (!request.visit.empty() && named.study->visit(request.visit) == nullptr) {
        return fail(Code::usage, Place{"--visit"}, "the study has no such visit");
    }
    return named;
}

std::vector<OutstandingItem> outstanding(LockDesk& desk, const Named& named) {
    std::vector<OutstandingItem> items;
    for (const Subject* subject : named.subjects) {
        const study::SubjectStanding standing = desk.standing(*subject);
        std::ranges::move(study::outstanding_of(standing, named.scope, *named.study, desk.now()),
                          std::back_inserter(items));
    }
    if (!named.scope.subject) {
        const std::vector<study::OpenProblem> problems = desk.unplaced_problems();
        std::ranges::move(study::outstanding_of(problems), std::back_inserter(items));
    }
    return items;
}

/// What is accepted goes into the fact; what is not stands in the way.
Result<void> accept(const std::vector<OutstandingItem>& items, const LockRequest& request,
                    store::LockFact& fact) {
    std::string refused;
    for (const OutstandingItem& item : items) {
        const bool accepted =
            item.acceptable && std::ranges::find(request.accept, item.id) != request.accept.end();
        const std::string line = fmt::format("{}\t{}", item.id, item.text);
        if (accepted) {
            fact.accepted.push_back(line);
        } else {
            refused += (refused.empty() ? "" : "\n") + line;
        }
    }
    if (!refused.empty()) {
        return fail(Code::lock_outstanding, Place{std::string(kind_of(fact.scope))}, refused);
    }
    for (const std::string& id : request.accept) {
        if (std::ranges::find(items, id, &OutstandingItem::id) == items.end()) {
            return fail(Code::usage, Place{"--accept " + id}, "nothing of this id is outstanding");
        }
    }
    if (!fact.accepted.empty() && fact.signature.empty()) {
        return fail(Code::signature_missing, Place{"--sign"},
                    "outstanding items are accepted by signature");
    }
    return {};
}

std::string scope_text(const LockRequest& request) {
    return fmt::format("{}{}{}{}{}", request.study, request.subject.empty() ? "" : " ",
                       request.subject, request.visit.empty() ? "" : " ", request.visit);
}

}  // namespace

Result<std::string> change_lock(store::StoreWriter& writer,
                                const mapping::Configuration& configuration,
                                const LockRequest& request, const store::Act& act,
                                const api::EnterSignature& sign) {
    if (request.by.empty() || request.reason.empty()) {
        return fail(Code::signature_missing, Place{"--by, --reason"});
    }
    if (request.action == LockAction::unlock && request.sign.empty()) {
        return fail(Code::signature_missing, Place{"--sign"}, "an unlock is authorised");
    }
    // What is held is listed by its problem: it must have one.
    while (store::group_holds(writer) > 0) {
    }
    LockDesk desk(writer, act);
    const study::Registry registry = desk.registry();
    const Result<Named> named = name_scope(request, configuration, registry);
    if (!named) {
        return tl::unexpected(named.error());
    }
    const study::LockState state = desk.state(named->scope);
    if (!study::after(state, request.action)) {
        return fail(Code::lock_state_bad, Place{scope_text(request)},
                    fmt::format("it is {}", to_string(state)));
    }
    store::LockFact fact;
    fact.at = desk.now();
    fact.actor = request.by;
    fact.action = request.action;
    fact.scope = named->scope;
    fact.reason = request.reason;
    fact.signature = signature(request.by, request.sign, fact.at);
    if (request.action == LockAction::lock) {
        if (const auto accepted = accept(outstanding(desk, *named), request, fact); !accepted) {
            return tl::unexpected(accepted.error());
        }
    }
    if (sign) {
        store::Desk joined(writer, store::Desk::Joined{});
        const std::int64_t row = sign(joined, "lock", study::name_of(named->scope),
                                      {{"action", std::string(to_string(request.action))},
                                       {"study", request.study},
                                       {"subject", request.subject},
                                       {"visit", request.visit},
                                       {"reason", request.reason},
                                       {"accepted", fact.accepted}});
        fact.signature = signature(request.by, request.sign, fact.at, row);
    }
    desk.change(fact, named->subjects);
    desk.commit();
    return fmt::format("{}: {}{}", scope_text(request),
                       to_string(*study::after(state, request.action)),
                       fact.accepted.empty()
                           ? ""
                           : fmt::format(", {} outstanding items accepted", fact.accepted.size()));
}

namespace {

/// All of them as they were looked at. Errors: not-found, precondition-failed.
Result<std::vector<store::PostLockItem>> items_of(LockDesk& desk, const PostLockRequest& request) {
    std::vector<store::PostLockItem> items;
    for (std::size_t index = 0; index < request.items.size(); ++index) {
        const Place place{fmt::format("post-lock:{}", request.items[index])};
        std::optional<store::PostLockItem> item = desk.item(request.items[index]);
        if (!item) {
            return fail(Code::not_found, place);
        }
        if (!request.seen.empty() && (request.seen.size() != request.items.size() ||
                                      request.seen[index] != to_iso(item->changed))) {
            return fail(Code::precondition_failed, place);
        }
        items.push_back(std::move(*item));
    }
    return items;
}

/// Whoever forwards is not who authorised. Errors: post-lock-state, four-eyes-same-person.
Result<void> another_authorised(LockDesk& desk, const store::PostLockItem& item,
                                const std::string& who) {
    const Place place{fmt::format("post-lock:{}", item.id)};
    if (item.state == study::PostLockState::open) {
        return fail(Code::post_lock_state_bad, place, "another person authorises it first");
    }
    if (desk.authorised_by(item.id) == who) {
        return fail(Code::four_eyes_same_person, place);
    }
    return {};
}

nlohmann::json content_of(const PostLockRequest& request,
                          const std::vector<store::PostLockItem>& items) {
    const nlohmann::json asked = nlohmann::json::parse(to_json(request));
    nlohmann::json content = {{"decision", asked["decision"]},
                              {"reason", request.reason},
                              {"items", nlohmann::json::array()}};
    for (const store::PostLockItem& item : items) {
        nlohmann::json& signed_item =
            content["items"].emplace_back(nlohmann::json{{"id", item.id},
                                                         {"subject", item.subject.value},
                                                         {"analyte", item.now.analyte},
                                                         {"old", study::sentence_of(item.told)},
                                                         {"new", study::sentence_of(item.now)}});
        for (const study::ToldElsewhere& one : item.differs) {
            signed_item["differs"].push_back(study::sentence_of(one));
        }
    }
    return content;
}

}  // namespace

Result<std::string> settle_post_lock(store::StoreWriter& writer, const PostLockRequest& request,
                                     const store::Act& act, bool four_eyes,
                                     const api::EnterSignature& sign) {
    if (request.by.empty() || request.reason.empty() || request.items.empty()) {
        return fail(Code::signature_missing, Place{"--by, --reason"});
    }
    LockDesk desk(writer, act);
    Result<std::vector<store::PostLockItem>> found = items_of(desk, request);
    if (!found) {
        return tl::unexpected(found.error());
    }
    std::vector<store::PostLockItem>& items = *found;
    if (four_eyes && request.decision == LockDesk::Decision::forward) {
        for (const store::PostLockItem& item : items) {
            if (const auto other = another_authorised(desk, item, request.by); !other) {
                return tl::unexpected(other.error());
            }
        }
    }
    std::string signed_as = signature(request.by, request.sign, desk.now());
    if (sign) {
        store::Desk joined(writer, store::Desk::Joined{});
        const std::int64_t row =
            sign(joined, "post-lock", fmt::format("{}", fmt::join(request.items, ",")),
                 content_of(request, items));
        signed_as = signature(request.by, request.sign, desk.now(), row);
    }
    // Inputs before what is derived from them, which may follow by itself.
    std::stable_partition(items.begin(), items.end(),
                          [](const auto& item) { return !item.now.derived; });
    for (const store::PostLockItem& item : items) {
        const bool followed =
            study::unsettled(item.state) && !study::unsettled(desk.item(item.id)->state);
        if (followed) {
            continue;
        }
        const bool authorises = request.decision != LockDesk::Decision::not_apply &&
                                item.state == study::PostLockState::open;
        if (authorises && request.sign.empty()) {
            return fail(Code::signature_missing, Place{"--sign"},
                        "the unlock of a result is authorised by signature");
        }
        const Result<void> settled =
            desk.settle({item.id, request.decision, request.by, request.reason, signed_as});
        if (!settled) {
            return tl::unexpected(settled.error());
        }
    }
    desk.commit();
    return fmt::format("{} post-lock item{} decided", items.size(), items.size() == 1 ? "" : "s");
}

}  // namespace labrelay::app
