#include "labrelay/api/problem_work_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/review.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;
using store::ProblemState;

constexpr std::size_t kMostInBulk = 500;
/// More results than that are touched by a selection only by whoever says their number.
constexpr std::int64_t kTypedAbove = 100;

/// A problem of nobody known belongs to no study. One of several sites may be worked on from each
/// of them; what ends it needs the right in all.
Result<void> may_change(const Services& services, const Request& request, ProblemId problem,
                        Permission permission) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    if (!request.who.may(permission)) {
        return fail(Code::forbidden, Place{std::string(security::row(permission).key)});
    }
    auto board = store::board_problem(**session, problem);
    if (!board || !views::seen(std::move(*board), sight_of(services, request, permission))) {
        return fail(Code::not_found, Place{fmt::format("problem {}", problem.value)});
    }
    const std::vector<store::ProblemPlace> places = store::problem_places(**session, problem);
    const auto here = [&](const store::ProblemPlace& place) {
        return request.who.may(permission, place.study, place.site);
    };
    const bool ends = permission == Permission::problems_dismiss;
    const bool may = places.empty() ? request.who.may(permission)
                     : ends         ? std::ranges::all_of(places, here)
                                    : std::ranges::any_of(places, here);
    if (!may) {
        return fail(Code::forbidden, Place{std::string(security::row(permission).key)});
    }
    return {};
}

/// Errors: parameter-bad.
Result<Instant> instant_of(const std::string& text) {
    const Result<Timestamp> time = parse_iso_time(text);
    if (!time || !time->has_time() || !time->offset) {
        return fail(Code::body_bad, Place{"snooze_until"}, "a time like 2026-11-29T06:12:00Z");
    }
    const auto at = time->day.time_since_epoch() + time->time_of_day - *time->offset;
    return Instant{std::chrono::duration_cast<std::chrono::microseconds>(at).count()};
}

/// `assignee`: an account's number, `"me"`, or null for nobody. Errors: body-bad.
Result<std::optional<std::int64_t>> assignee_of(const json& body, const Request& request) {
    const auto found = body.find("assignee");
    if (found == body.end()) {
        return std::optional<std::int64_t>();
    }
    if (found->is_null()) {
        return std::optional<std::int64_t>(0);
    }
    if (found->is_string() && found->get<std::string>() == "me") {
        return std::optional<std::int64_t>(request.who.account);
    }
    if (!found->is_number_integer()) {
        return fail(Code::body_bad, Place{"assignee"}, "an account's id, \"me\" or null");
    }
    return std::optional<std::int64_t>(found->get<std::int64_t>());
}

/// `snooze_until`: a time, or null to wake it; `snooze_held`: or until it holds as many. Errors:
/// body-bad.
Result<std::optional<review::Snooze>> snooze_of(const json& body) {
    const auto until = body.find("snooze_until");
    const auto held = body.find("snooze_held");
    if (until == body.end() && held == body.end()) {
        return std::optional<review::Snooze>();
    }
    review::Snooze snooze;
    if (until != body.end() && until->is_string()) {
        const Result<Instant> at = instant_of(until->get<std::string>());
        if (!at) {
            return tl::unexpected(at.error());
        }
        snooze.until = *at;
    }
    if (held != body.end() && held->is_number_integer()) {
        snooze.until_held = held->get<std::int64_t>();
        if (*snooze.until_held < 1) {
            return fail(Code::body_bad, Place{"snooze_held"}, "a count of results, 1 or more");
        }
    }
    return std::optional<review::Snooze>(snooze);
}

/// Errors: body-bad.
Result<store::ProblemChange> change_of(const json& body, const Request& request) {
    store::ProblemChange change;
    if (const auto state = body.find("state"); state != body.end()) {
        change.state = state->is_string() ? review::problem_state_from(state->get<std::string>())
                                          : std::nullopt;
        if (!change.state) {
            return fail(Code::body_bad, Place{"state"}, "open, in review, resolved or dismissed");
        }
    }
    const auto assignee = assignee_of(body, request);
    if (!assignee) {
        return tl::unexpected(assignee.error());
    }
    change.assignee = *assignee;
    const auto snooze = snooze_of(body);
    if (!snooze) {
        return tl::unexpected(snooze.error());
    }
    change.snooze = *snooze;
    if (!change.state && !change.assignee && !change.snooze) {
        return fail(Code::body_bad, {}, "state, assignee or snooze_until is needed");
    }
    return change;
}

Permission right_for(const store::ProblemChange& change) {
    return change.state == ProblemState::dismissed ? Permission::problems_dismiss
                                                   : Permission::problems_work;
}

/// Errors: precondition-needed, precondition-failed where it is no version of ours.
Result<std::int64_t> version_of(const Request& request) {
    if (request.if_match.empty()) {
        return fail(Code::precondition_needed);
    }
    const std::string& text = request.if_match;
    std::int64_t version = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), version);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
        return fail(Code::precondition_failed);
    }
    return version;
}

Result<Response> patch(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    const Result<json> body = request.json();
    if (!id || !body) {
        return tl::unexpected(!id ? id.error() : body.error());
    }
    const Result<std::int64_t> version = version_of(request);
    if (!version) {
        return tl::unexpected(version.error());
    }
    const Result<store::ProblemChange> change = change_of(*body, request);
    if (!change) {
        return tl::unexpected(change.error());
    }
    const Permission right = right_for(*change);
    if (const auto may = may_change(services, request, ProblemId{*id}, right); !may) {
        return tl::unexpected(may.error());
    }
    store::Desk desk(services.writer);
    const Result<store::ChangedProblem> changed =
        store::change_problem(desk, request.act(right, *body), ProblemId{*id}, *change, *version);
    if (!changed) {
        return tl::unexpected(changed.error());
    }
    desk.commit();
    return answer(views::json_of(*changed));
}

Result<Response> comment(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    const Result<json> body = request.json();
    if (!id || !body) {
        return tl::unexpected(!id ? id.error() : body.error());
    }
    if (const auto may = may_change(services, request, ProblemId{*id}, Permission::problems_work);
        !may) {
        return tl::unexpected(may.error());
    }
    const auto text = body->find("text");
    if (text == body->end() || !text->is_string()) {
        return fail(Code::body_bad, Place{"text"});
    }
    store::Desk desk(services.writer);
    const Result<store::ProblemNote> note =
        store::comment_problem(desk, request.act(Permission::problems_work, *body), ProblemId{*id},
                               text->get<std::string>());
    if (!note) {
        return tl::unexpected(note.error());
    }
    desk.commit();
    return answer(views::json_of(*note), 201);
}

/// Errors: body-bad, too-many-items.
Result<std::vector<ProblemId>> ids_of(const json& body) {
    const auto found = body.find("ids");
    if (found == body.end() || !found->is_array() || found->empty()) {
        return fail(Code::body_bad, Place{"ids"}, "a list of ids is needed");
    }
    if (found->size() > kMostInBulk) {
        return fail(Code::too_many_items, Place{"ids"}, fmt::format("at most {}", kMostInBulk));
    }
    std::vector<ProblemId> ids;
    for (const json& id : *found) {
        if (!id.is_number_integer()) {
            return fail(Code::body_bad, Place{"ids"}, "ids are numbers");
        }
        ids.push_back(ProblemId{id.get<std::int64_t>()});
    }
    return ids;
}

ordered_json refusal(ProblemId id, const Error& error) {
    const CatalogueEntry& known = entry(error.code);
    return {{"id", id.value}, {"code", std::string(known.key)}, {"title", std::string(known.text)}};
}

/// Of a selection that touches many results their number is typed, as the page counted it: what
/// came since is not what was looked at. Errors: body-bad at `count`.
Result<void> count_is_typed(const Services& services, const Request& request, const json& body,
                            const std::vector<ProblemId>& ids, Permission permission) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, permission);
    std::int64_t held = 0;
    for (const ProblemId id : ids) {
        auto read = store::board_problem(**session, id);
        const auto problem = read ? views::seen(std::move(*read), sight) : std::nullopt;
        held += problem ? problem->held : 0;
    }
    if (held <= kTypedAbove) {
        return {};
    }
    const auto typed = body.find("count");
    if (typed != body.end() && typed->is_number_integer() && typed->get<std::int64_t>() == held) {
        return {};
    }
    return fail(Code::body_bad, Place{"count"},
                fmt::format("{} results are touched: say their number", held));
}

/// One transaction; a problem that cannot be changed is named and stands in the way of no other.
Result<Response> change_all(const Services& services, const Request& request, const json& body,
                            const std::vector<ProblemId>& ids, const store::ProblemChange& change) {
    const Permission right = right_for(change);
    ordered_json refused = ordered_json::array();
    std::vector<ProblemId> allowed;
    for (const ProblemId id : ids) {
        if (const auto may = may_change(services, request, id, right); may) {
            allowed.push_back(id);
        } else {
            refused.push_back(refusal(id, may.error()));
        }
    }
    const store::Act act = request.act(right, body);
    std::int64_t changed = 0;
    store::Desk desk(services.writer);
    for (const ProblemId id : allowed) {
        const auto done = store::change_problem(desk, act, id, change, std::nullopt);
        if (done) {
            ++changed;
        } else {
            refused.push_back(refusal(id, done.error()));
        }
    }
    desk.commit();
    return answer({{"changed", changed}, {"refused", std::move(refused)}});
}

Result<Response> bulk(const Services& services, const ReprocessProblems& reprocess,
                      const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<std::vector<ProblemId>> ids = ids_of(*body);
    if (!ids) {
        return tl::unexpected(ids.error());
    }
    const auto action = body->find("action");
    const std::string asked =
        action != body->end() && action->is_string() ? action->get<std::string>() : std::string();
    if (asked == "reprocess" && reprocess) {
        if (!request.who.may(Permission::reprocess)) {
            return fail(Code::forbidden, Place{"reprocess"});
        }
        if (const auto typed =
                count_is_typed(services, request, *body, *ids, Permission::reprocess);
            !typed) {
            return tl::unexpected(typed.error());
        }
        return reprocess(request, *ids);
    }
    store::ProblemChange change;
    if (asked == "assign") {
        const auto assignee = assignee_of(*body, request);
        if (!assignee || !*assignee) {
            return fail(Code::body_bad, Place{"assignee"}, "an account's id, \"me\" or null");
        }
        change.assignee = *assignee;
    } else if (asked == "snooze") {
        const auto snooze = snooze_of(*body);
        if (!snooze || !*snooze) {
            return fail(Code::body_bad, Place{"snooze_until"}, "a time is needed");
        }
        change.snooze = *snooze;
    } else if (asked == "dismiss") {
        if (const auto typed =
                count_is_typed(services, request, *body, *ids, Permission::problems_dismiss);
            !typed) {
            return tl::unexpected(typed.error());
        }
        change.state = ProblemState::dismissed;
    } else {
        return fail(Code::body_bad, Place{"action"}, "assign, snooze, dismiss or reprocess");
    }
    return change_all(services, request, *body, *ids, change);
}

Result<Response> list_assignees(const Services& services, const Request& request) {
    std::vector<std::string_view> roles;
    for (std::size_t index = 0; index < security::kRoleCount; ++index) {
        const auto role = static_cast<security::Role>(index);
        if (security::allows(role, Permission::problems_work)) {
            roles.push_back(security::to_string(role));
        }
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ordered_json items = ordered_json::array();
    for (const store::Assignee& one : store::assignees(**session, roles, request.at)) {
        items.push_back(
            {{"id", one.account}, {"name", one.name}, {"display_name", one.display_name}});
    }
    return page(std::move(items), "");
}

Result<Response> list_views(const Services& services, const Request& request) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ordered_json items = ordered_json::array();
    for (const store::SavedView& view : store::saved_views(**session, request.who.account)) {
        items.push_back({{"id", view.id}, {"name", view.name}, {"query", view.query}});
    }
    return page(std::move(items), "");
}

/// Views belong to a person; a command has none.
Result<void> is_person(const Request& request) {
    if (request.who.account == 0) {
        return fail(Code::forbidden, {}, "views belong to an account");
    }
    return {};
}

Result<Response> save_view(const Services& services, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    if (const auto person = is_person(request); !person) {
        return tl::unexpected(person.error());
    }
    const auto name = body->find("name");
    const auto query = body->find("query");
    if (name == body->end() || !name->is_string() || query == body->end()) {
        return fail(Code::body_bad, Place{"name, query"});
    }
    const std::string kept = query->is_string() ? query->get<std::string>() : query->dump();
    store::Desk desk(services.writer);
    const Result<store::SavedView> view =
        store::save_view(desk, request.act(Permission::problems_work, *body), request.who.account,
                         name->get<std::string>(), kept);
    if (!view) {
        return tl::unexpected(view.error());
    }
    desk.commit();
    return answer({{"id", view->id}, {"name", view->name}, {"query", view->query}}, 201);
}

Result<Response> remove_view(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    store::Desk desk(services.writer);
    const auto removed = store::remove_view(
        desk, request.act(Permission::problems_work, json::object()), request.who.account, *id);
    if (!removed) {
        return tl::unexpected(removed.error());
    }
    desk.commit();
    Response made;
    made.status = 204;
    return made;
}

}  // namespace

void add_problem_work_routes(Router& router, const Services& services,
                             ReprocessProblems reprocess) {
    router.add({Method::patch,
                "/problems/{id}",
                Access::within(Permission::problems_work),
                "Assigns, puts away, or moves a problem along its states",
                {},
                {},
                {},
                [services](const Request& request) { return patch(services, request); }});
    router.add({Method::post,
                "/problems/{id}/comments",
                Access::within(Permission::problems_work),
                "Comments on a problem",
                {},
                {},
                {},
                [services](const Request& request) { return comment(services, request); }});
    router.add({Method::post,
                "/problems/bulk",
                Access::within(Permission::problems_work),
                "Assigns, puts away, dismisses or reprocesses a selection",
                {},
                {},
                {},
                [services, reprocess = std::move(reprocess)](const Request& request) {
                    return bulk(services, reprocess, request);
                },
                kListBody});
    router.add({Method::get,
                "/assignees",
                Access::within(Permission::problems_view),
                "Whom a problem can be given to",
                {},
                {},
                {},
                [services](const Request& request) { return list_assignees(services, request); }});
    router.add({Method::get,
                "/views",
                Access::within(Permission::problems_view),
                "The account's saved views",
                {},
                {},
                {},
                [services](const Request& request) { return list_views(services, request); }});
    router.add({Method::post,
                "/views",
                Access::within(Permission::problems_work),
                "Saves a view; of the same name: in its place",
                {},
                {},
                {},
                [services](const Request& request) { return save_view(services, request); }});
    router.add({Method::del,
                "/views/{id}",
                Access::within(Permission::problems_work),
                "Removes a saved view",
                {},
                {},
                {},
                [services](const Request& request) { return remove_view(services, request); }});
}

}  // namespace labrelay::api
