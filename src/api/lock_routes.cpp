#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "body.hpp"
#include "labrelay/api/study_end.hpp"
#include "labrelay/store/approval_desk.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/subject_page.hpp"
#include "labrelay/views/locks.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/subject_page.hpp"
#include "post_lock_sight.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;

constexpr const char* kScopeSchema =
    R"({"type":"object","required":["study","reason"],"properties":{"study":{"type":"string"},
"subject":{"type":"integer","description":"our id; none: the whole study"},"visit":{"type":"string"},
"reason":{"type":"string"},"accept":{"type":"array","items":{"type":"string"},
"description":"ids of outstanding items"},"signature":{"type":"object"}}})";
constexpr const char* kDecisionSchema =
    R"({"type":"object","required":["decision","items","reason","signature"],"properties":{
"decision":{"enum":["authorise","forward","document"]},"items":{"type":"array","items":{
"type":"object","required":["id","seen"],"properties":{"id":{"type":"integer"},"seen":{
"type":"string","description":"changed, as it was looked at"}}}},"reason":{"type":"string"},
"signature":{"type":"object"}}})";
constexpr const char* kOutstandingSchema =
    R"({"type":"object","required":["state","items","closed"],"properties":{"state":{"enum":["open",
"frozen","locked"]},"items":{"type":"array","items":{"type":"object","required":["id","kind","text",
"acceptable"]}},"closed":{"type":"boolean"}}})";
constexpr const char* kListSchema =
    R"({"type":"object","required":["items"],"properties":{"items":{"type":"array"}}})";
constexpr const char* kDoneSchema = R"({"type":"object","required":["told"]})";

/// A scope as a request names it, with its subjects.
struct Asked {
    study::LockScope scope;
    const study::StudyDefinition* study = nullptr;
    std::vector<const study::Subject*> subjects;

    std::string subject_label() const {
        return scope.subject ? subjects.front()->label() : std::string();
    }
};

/// Only where the person may look at all of it. Errors: not-found, parameter-bad.
Result<Asked> scope_of(const views::Sight& sight, Permission permission, std::string study,
                       const std::optional<std::int64_t>& subject, std::string visit) {
    Asked asked;
    asked.study = sight.configuration().rules().study(study);
    if (asked.study == nullptr) {
        return fail(Code::not_found, Place{"study"});
    }
    asked.scope.study = std::move(study);
    if (!subject) {
        if (!visit.empty()) {
            return fail(Code::parameter_bad, Place{"visit"}, "a visit is one of a subject");
        }
        if (!sight.who().may(permission, asked.study->id, "")) {
            return fail(Code::not_found, Place{"study"});
        }
        for (const study::Subject* each : sight.registry().all_subjects()) {
            if (each->study == asked.study->id) {
                asked.subjects.push_back(each);
            }
        }
        return asked;
    }
    const study::Subject* known = sight.registry().subject(SubjectId{*subject});
    if (known == nullptr || known->study != asked.study->id || !sight.sees(*known)) {
        return fail(Code::not_found, Place{"subject"});
    }
    if (!visit.empty() && asked.study->visit(visit) == nullptr) {
        return fail(Code::not_found, Place{"visit"});
    }
    asked.scope.subject = known->id;
    asked.scope.visit = std::move(visit);
    asked.subjects.push_back(known);
    return asked;
}

bool is_seen(const study::LockScope& scope, const views::Sight& sight) {
    return scope.subject ? sight.sees(scope.subject) : sight.sees_study(scope.study);
}

/// Of the query's study and subject.
bool is_asked(const study::LockScope& scope, const Request& request) {
    const std::string_view study = request.asked("study");
    const std::string_view subject = request.asked("subject");
    return (study.empty() || scope.study == study) &&
           (subject.empty() || !scope.subject || std::to_string(scope.subject.value) == subject);
}

Result<Response> list(const Services& services, const Request& request) {
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        std::map<std::int64_t, store::LockFact> facts;
        for (store::LockFact& fact : store::lock_history(reads)) {
            facts.emplace(fact.id, std::move(fact));
        }
        ordered_json items = ordered_json::array();
        for (const study::ScopeLock& lock : store::locks(reads)) {
            if (is_seen(lock.scope, sight) && is_asked(lock.scope, request)) {
                const auto fact = facts.find(lock.fact);
                items.push_back(views::lock_json(lock, sight.registry(),
                                                 fact == facts.end() ? nullptr : &fact->second));
            }
        }
        return answer({{"items", std::move(items)}});
    });
}

Result<Response> history(const Services& services, const Request& request) {
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        std::vector<store::LockFact> facts = store::lock_history(reads);
        ordered_json items = ordered_json::array();
        for (auto fact = facts.rbegin(); fact != facts.rend(); ++fact) {
            if (!is_seen(fact->scope, sight) || !is_asked(fact->scope, request)) {
                continue;
            }
            std::erase_if(fact->accepted,
                          [&](const std::string& line) { return sight.names_closed(line); });
            items.push_back(views::lock_fact_json(*fact, sight.registry()));
        }
        return answer({{"items", std::move(items)}});
    });
}

study::LockState state_of(store::ReadSession& reads, const study::LockScope& scope) {
    const std::vector<study::ScopeLock> locks = store::locks(reads);
    const auto found = std::ranges::find(locks, scope, &study::ScopeLock::scope);
    return found == locks.end() ? study::LockState::open : found->state;
}

/// What stands in the way of a lock, as far as the person may know of it.
struct Outstanding {
    ordered_json items = ordered_json::array();
    bool closed = false;  ///< there is more, of analytes that are closed to them
};

Outstanding outstanding_of(store::ReadSession& reads, const views::Sight& sight, const Asked& asked,
                           Instant now) {
    Outstanding found;
    for (const study::Subject* subject : asked.subjects) {
        study::SubjectStanding standing = store::subject_standing(reads, *subject);
        std::set<std::string> unseen;  // as the lock itself will ask
        for (study::OutstandingItem& item :
             study::outstanding_of(standing, asked.scope, *asked.study, now)) {
            unseen.insert(std::move(item.id));
        }
        for (const views::Outstanding& one : views::outstanding_at(
                 *subject, *asked.study, std::move(standing),
                 store::held_at(reads, subject->id, now),
                 store::notices_at(reads, subject->id, now), now, sight, asked.scope.visit)) {
            if (unseen.erase(one.item.id) > 0) {
                ordered_json item = views::outstanding_json(one, subject->label());
                item["subject_id"] = subject->id.value;
                found.items.push_back(std::move(item));
            }
        }
        found.closed = found.closed || !unseen.empty();
    }
    if (asked.scope.subject) {
        return found;
    }
    for (const study::OpenProblem& open : store::problems_of_nobody(reads)) {
        auto read = store::board_problem(reads, ProblemId{open.id});
        if (!read || !views::seen(std::move(*read), sight)) {
            found.closed = true;
            continue;
        }
        for (const study::OutstandingItem& item : study::outstanding_of({&open, 1})) {
            found.items.push_back(views::outstanding_json({item, {}, ProblemId{open.id}}, ""));
        }
    }
    return found;
}

Result<Response> outstanding(const Services& services, const Request& request) {
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    std::optional<std::int64_t> subject;
    if (!request.asked("subject").empty()) {
        const Result<std::int64_t> id = request.number("subject");
        if (!id) {
            return tl::unexpected(id.error());
        }
        subject = *id;
    }
    const Result<Asked> asked =
        scope_of(sight, Permission::results_view, std::string(request.asked("study")), subject,
                 std::string(request.asked("visit")));
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        Outstanding found = outstanding_of(reads, sight, *asked, request.at);
        return answer({{"state", study::to_string(state_of(reads, asked->scope))},
                       {"items", std::move(found.items)},
                       {"closed", found.closed}});
    });
}

/// What the person may not know of stands in nobody's error either.
Error told_to(const views::Sight& sight, Error error) {
    if (error.code != Code::lock_outstanding) {
        return error;
    }
    std::string shown;
    bool closed = false;
    std::string_view rest = error.detail;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (sight.names_closed(line)) {
            closed = true;
        } else {
            shown += (shown.empty() ? "" : "\n") + std::string(line);
        }
    }
    error.detail = std::move(shown);
    if (closed) {
        error.detail += std::string(error.detail.empty() ? "" : "\n") +
                        "Something is outstanding of what is closed to you: somebody to whom it is "
                        "not settles or accepts it.";
    }
    return error;
}

Result<Response> change(const Services& services, StudyEndPort& port, Signing& signing,
                        const Request& request) {
    const auto action = study::lock_action_from(request.parameter("action"));
    if (!action) {
        return fail(Code::not_found, Place{"action"});
    }
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    std::optional<std::int64_t> subject;
    if (const auto given = body->find("subject"); given != body->end() && !given->is_null()) {
        if (!given->is_number_integer()) {
            return fail(Code::body_bad, Place{"subject"}, "our id");
        }
        subject = given->get<std::int64_t>();
    }
    const views::Sight sight = sight_of(services, request, Permission::lock_change);
    const Result<Asked> asked = scope_of(sight, Permission::lock_change, text_of(*body, "study"),
                                         subject, text_of(*body, "visit"));
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const store::Act act = request.act(Permission::lock_change, *body);
    if (act.reason.empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    json accept = body->value("accept", json::array());
    if (!accept.is_array() ||
        std::any_of(accept.begin(), accept.end(), [](const json& id) { return !id.is_string(); })) {
        return fail(Code::body_bad, Place{"accept"}, "ids of outstanding items");
    }
    // A freeze stops nothing for good and takes nothing back: a reason does.
    const bool signs = *action == study::LockAction::lock || *action == study::LockAction::unlock;
    EnterSignature sign;
    std::string meaning;
    if (signs) {
        Result<EnterSignature> confirmed = signing.confirm(request, *body);
        if (!confirmed) {
            return tl::unexpected(confirmed.error());
        }
        sign = std::move(*confirmed);
        meaning = text_of((*body)["signature"], "meaning");
    }
    const json order = {{"action", study::to_string(*action)},
                        {"study", asked->scope.study},
                        {"subject", asked->subject_label()},
                        {"visit", asked->scope.visit},
                        {"by", act.actor},
                        {"reason", act.reason},
                        {"accept", std::move(accept)},
                        {"sign", meaning}};
    Result<std::string> told = port.change_lock(order.dump(), act, sign);
    if (!told && told.error().code == Code::usage) {
        // The scope is known: something that was accepted is settled by now.
        return fail(Code::precondition_failed, Place{"accept"});
    }
    if (!told) {
        return tl::unexpected(told_to(sight, std::move(told.error())));
    }
    return answer({{"told", std::move(*told)}});
}

ordered_json item_json(store::ReadSession& reads, const store::PostLockItem& item,
                       const views::Sight& sight) {
    views::PostLockReport report = views::post_lock_report(reads, item, sight.registry(),
                                                           sight.configuration().rules().studies);
    std::erase_if(report.impact,
                  [&](const std::string& sentence) { return sight.names_closed(sentence); });
    ordered_json made = views::post_lock_json(report);
    const study::Analyte* analyte = sight.configuration().rules().analyte(item.now.analyte);
    made["analyte_name"] = analyte == nullptr ? item.now.analyte : analyte->name;
    made["authorised_by"] = "";
    for (const store::PostLockFact& fact : store::post_lock_history(reads, item.id)) {
        if (fact.to == study::PostLockState::authorised) {
            made["authorised_by"] = fact.actor;
        }
    }
    return made;
}

Result<Response> post_lock(const Services& services, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    store::PostLockFilter filter;
    filter.settled_too = request.asked("state") == "all";
    if (!request.asked("subject").empty()) {
        const Result<std::int64_t> id = request.number("subject");
        if (!id) {
            return tl::unexpected(id.error());
        }
        filter.subject = SubjectId{*id};
    }
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        std::vector<store::PostLockItem> found = store::post_lock_items(reads, filter);
        std::erase_if(found, [&](const store::PostLockItem& item) {
            const study::Subject* subject = sight.registry().subject(item.subject);
            const bool wanted = request.asked("study").empty() ||
                                (subject != nullptr && subject->study == request.asked("study"));
            return !wanted || !sees(sight, item);
        });
        const auto total = static_cast<std::int64_t>(found.size());
        std::erase_if(found,
                      [&](const store::PostLockItem& item) { return item.id <= asked->after; });
        const std::size_t count = std::min(found.size(), asked->limit);
        ordered_json items = ordered_json::array();
        for (std::size_t index = 0; index < count; ++index) {
            items.push_back(item_json(reads, found[index], sight));
        }
        const bool more = found.size() > count;
        return answer(
            {{"items", std::move(items)},
             {"next", more ? ordered_json(std::to_string(found[count - 1].id)) : ordered_json()},
             {"total", total},
             {"four_eyes", store::needs_four_eyes(reads, "post-lock.forward")}});
    });
}

Result<Response> post_lock_item(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        const auto item = store::post_lock_item(reads, *id);
        if (!item || !sees(sight, *item)) {
            return fail(Code::not_found, Place{"post-lock"});
        }
        ordered_json made = item_json(reads, *item, sight);
        made["history"] = ordered_json::array();
        for (const store::PostLockFact& fact : store::post_lock_history(reads, item->id)) {
            made["history"].push_back(views::post_lock_fact_json(fact));
        }
        return answer(made);
    });
}

/// The items of a decision as the page names them. Errors: body-bad.
struct Decision {
    std::vector<std::int64_t> items;
    std::vector<std::string> seen;
};

Result<Decision> decision_of(const json& body) {
    Decision made;
    const auto given = body.find("items");
    if (given == body.end() || !given->is_array() || given->empty()) {
        return fail(Code::body_bad, Place{"items"}, "one or more");
    }
    for (const json& each : *given) {
        const bool whole =
            each.is_object() && each.contains("id") && each["id"].is_number_integer();
        if (!whole || text_of(each, "seen").empty()) {
            return fail(Code::body_bad, Place{"items"}, "id and seen");
        }
        made.items.push_back(each["id"].get<std::int64_t>());
        made.seen.push_back(text_of(each, "seen"));
    }
    return made;
}

Result<Response> decide(const Services& services, StudyEndPort& port, Signing& signing,
                        const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const std::string decision = text_of(*body, "decision");
    if (decision != "authorise" && decision != "forward" && decision != "document") {
        return fail(Code::body_bad, Place{"decision"}, "authorise, forward or document");
    }
    const Result<Decision> asked = decision_of(*body);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const store::Act act = request.act(Permission::lock_change, *body);
    if (act.reason.empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    const views::Sight sight = sight_of(services, request, Permission::lock_change);
    const bool all_seen = with_reads(services, [&](store::ReadSession& reads) {
        return std::ranges::all_of(asked->items, [&](std::int64_t id) {
            const auto item = store::post_lock_item(reads, id);
            return item && sees(sight, *item);
        });
    });
    if (!all_seen) {
        return fail(Code::not_found, Place{"post-lock"});
    }
    const Result<EnterSignature> sign = signing.confirm(request, *body);
    if (!sign) {
        return tl::unexpected(sign.error());
    }
    const json order = {{"decision", decision}, {"items", asked->items},
                        {"seen", asked->seen},  {"by", act.actor},
                        {"reason", act.reason}, {"sign", text_of((*body)["signature"], "meaning")}};
    Result<std::string> told = port.settle_post_lock(order.dump(), act, *sign);
    if (!told) {
        return tl::unexpected(told.error());
    }
    return answer({{"told", std::move(*told)}});
}

}  // namespace

void add_lock_routes(Router& router, const Services& services, StudyEndPort& port,
                     Signing& signing) {
    const Access view = Access::within(Permission::results_view);
    const Access change_it = Access::within(Permission::lock_change);
    const std::vector<Parameter> scope = {{"study", "id of a study"},
                                          {"subject", "our id", "integer"}};
    router.add({Method::get,
                "/locks",
                view,
                "What is frozen and locked, by whom and why",
                scope,
                {},
                kListSchema,
                [services](const Request& request) { return list(services, request); }});
    router.add({Method::get,
                "/locks/history",
                view,
                "Who froze, locked and released what, with signatures and what was accepted",
                scope,
                {},
                kListSchema,
                [services](const Request& request) { return history(services, request); }});
    router.add({Method::get,
                "/locks/outstanding",
                view,
                "What a lock of the scope would ask for",
                {{"study", "id of a study", "string", true},
                 {"subject", "our id; none: the whole study", "integer"},
                 {"visit", "id of a visit"}},
                {},
                kOutstandingSchema,
                [services](const Request& request) { return outstanding(services, request); }});
    router.add({Method::post,
                "/locks/{action}",
                change_it,
                "freeze, unfreeze, lock or unlock a scope; lock and unlock by signature",
                {},
                kScopeSchema,
                kDoneSchema,
                [services, &port, &signing](const Request& request) {
                    return change(services, port, signing, request);
                }});
    router.add({Method::get,
                "/post-lock",
                view,
                "What arrived for a frozen or locked scope: old, new, impact",
                {{"study", "id of a study"},
                 {"subject", "our id", "integer"},
                 {"state", "open, or all: what is decided too"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "cursor"}},
                {},
                kListSchema,
                [services](const Request& request) { return post_lock(services, request); }});
    router.add({Method::get,
                "/post-lock/{id}",
                view,
                "One of them, with what became of it",
                {},
                {},
                R"({"type":"object","required":["id","state","old","new","impact","history"]})",
                [services](const Request& request) { return post_lock_item(services, request); }});
    router.add({Method::post,
                "/post-lock/decisions",
                change_it,
                "Authorise the unlock of results, forward them, or document that they are not "
                "applied; by signature",
                {},
                kDecisionSchema,
                kDoneSchema,
                [services, &port, &signing](const Request& request) {
                    return decide(services, port, signing, request);
                }});
}

}  // namespace labrelay::api
