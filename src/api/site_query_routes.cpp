#include "labrelay/api/site_query_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/site_query_desk.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/review.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using review::QueryStep;
using security::Permission;

std::int64_t number_of(const json& body, const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Result<Response> list(const Services& services, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    store::SiteQueryFilter filter;
    if (!request.asked("state").empty()) {
        filter.state = review::query_state_from(request.asked("state"));
        if (!filter.state) {
            return fail(Code::parameter_bad, Place{"state"});
        }
    }
    if (!request.asked("problem").empty()) {
        const Result<std::int64_t> problem = request.number("problem");
        if (!problem) {
            return tl::unexpected(problem.error());
        }
        filter.problem = ProblemId{*problem};
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const std::vector<store::SiteQuery> found =
        store::site_queries(**session, filter, asked->after, asked->limit);
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    ordered_json items = ordered_json::array();
    for (const store::SiteQuery& query : found) {
        if (may_see_query(**session, request, sight, Permission::problems_view, query)) {
            items.push_back(views::json_of(query, sight));
        }
    }
    // A page of a problem may lack what another state hides; its last row still leads on.
    return page(std::move(items),
                found.size() == asked->limit ? std::to_string(found.back().id) : "");
}

/// The query, where whoever asks may see it, which must be so for `permission`.
Result<store::SiteQuery> read(const Services& services, const Request& request,
                              Permission permission) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    std::optional<store::SiteQuery> found = store::site_query(**session, *id);
    const views::Sight sight = sight_of(services, request, permission);
    if (!found || !may_see_query(**session, request, sight, permission, *found)) {
        return fail(Code::not_found, Place{fmt::format("query:{}", *id)});
    }
    return *found;
}

Result<Response> one(const Services& services, const Request& request) {
    const Result<store::SiteQuery> found = read(services, request, Permission::problems_view);
    if (!found) {
        return tl::unexpected(found.error());
    }
    return answer(views::json_of(*found, sight_of(services, request, Permission::problems_view)));
}

Result<Response> answer_with(const Services& services, const Request& request, std::int64_t id,
                             int status) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const std::optional<store::SiteQuery> now = store::site_query(**session, id);
    if (!now) {
        return fail(Code::not_found, Place{fmt::format("query:{}", id)});
    }
    return answer(views::json_of(*now, sight_of(services, request, Permission::problems_view)),
                  status);
}

/// Errors: body-bad.
Result<std::optional<Instant>> due_of(const json& body) {
    const std::string text = text_of(body, "due");
    if (text.empty()) {
        return std::optional<Instant>();
    }
    const Result<Timestamp> time = parse_iso_time(text);
    if (!time) {
        return fail(Code::body_bad, Place{"due"}, "a day or a time");
    }
    auto at = std::chrono::duration_cast<std::chrono::microseconds>(time->day.time_since_epoch() +
                                                                    time->time_of_day);
    if (time->offset) {
        at -= *time->offset;
    }
    return std::optional<Instant>(Instant{at.count()});
}

Result<Response> ask(const Services& services, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const auto due = due_of(*body);
    if (!due) {
        return tl::unexpected(due.error());
    }
    store::SiteQuery about;
    about.problem = ProblemId{number_of(*body, "problem")};
    about.subject = SubjectId{number_of(*body, "subject")};
    const study::Registry registry = services.snapshots.registry();
    if (about.subject) {
        const study::Subject* subject = registry.subject(about.subject);
        if (subject == nullptr) {
            return fail(Code::not_found, Place{"subject"});
        }
        about.subject_study = subject->study;
        about.subject_site = subject->site;
    }
    {
        Result<store::ReadPool::Borrowed> session = services.reads.borrow();
        if (!session) {
            return tl::unexpected(session.error());
        }
        const views::Sight sight = sight_of(services, request, Permission::queries_ask);
        if (!may_see_query(**session, request, sight, Permission::queries_ask, about)) {
            return fail(Code::forbidden, Place{"queries.ask"});
        }
    }
    std::int64_t id = 0;
    {
        store::Desk desk(services.writer);
        const Result<std::int64_t> asked =
            store::ask_site(desk, request.act(Permission::queries_ask, *body),
                            {about.problem, about.subject, text_of(*body, "recipient"),
                             text_of(*body, "text"), *due});
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        desk.commit();
        id = *asked;
    }
    return answer_with(services, request, id, 201);
}

Result<Response> move(const Services& services, const Request& request, QueryStep step) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<store::SiteQuery> found = read(services, request, Permission::queries_ask);
    if (!found) {
        return tl::unexpected(found.error());
    }
    if (!request.if_match.empty()) {
        if (const auto fine = request.unchanged(found->version); !fine) {
            return tl::unexpected(fine.error());
        }
    }
    {
        store::Desk desk(services.writer);
        const auto moved =
            store::move_site_query(desk, request.act(Permission::queries_ask, *body), found->id,
                                   step, text_of(*body, "text"), found->version);
        if (!moved) {
            return tl::unexpected(moved.error());
        }
        desk.commit();
    }
    return answer_with(services, request, found->id, 200);
}

struct Template {
    std::string_view id;
    std::string_view title;
    std::string_view text;
};
/// Without names, numbers or values: the page adds the study's label of a subject.
constexpr std::array kTemplates{
    Template{"who", "Whose specimen was it?",
             "Please confirm by the study's subject label whose specimen this was, from the "
             "requisition or the kit's label."},
    Template{"when", "When was it collected?",
             "Please confirm the collection date and time from the source document."},
    Template{"visit", "Which visit does it belong to?",
             "Please confirm which visit of the schedule this specimen was collected for, or that "
             "it was unscheduled."},
    Template{"unit", "Which unit was meant?",
             "Please confirm the unit in which this analyte is reported, and since when."},
    Template{"value", "Is the result correct?",
             "Please check the result against the instrument's record and confirm it, or send a "
             "correction."},
    Template{"code", "What does the code stand for?",
             "Please tell us which analyte and which specimen type this code of yours stands for."},
};

Result<Response> templates(const Services& services, const Request& request) {
    std::string source;
    if (!request.asked("problem").empty()) {
        const Result<std::int64_t> id = request.number("problem");
        if (!id) {
            return tl::unexpected(id.error());
        }
        Result<store::ReadPool::Borrowed> session = services.reads.borrow();
        if (!session) {
            return tl::unexpected(session.error());
        }
        auto read = store::board_problem(**session, ProblemId{*id});
        const auto problem = read ? views::seen(std::move(*read), sight_of(services, request,
                                                                           Permission::queries_ask))
                                  : std::nullopt;
        if (!problem) {
            return fail(Code::not_found, Place{fmt::format("problem:{}", *id)});
        }
        source = problem->source;
    }
    ordered_json items = ordered_json::array();
    for (const Template& one : kTemplates) {
        const std::string about = source.empty() ? "" : fmt::format("(Source {}.) ", source);
        items.push_back({{"id", std::string(one.id)},
                         {"title", std::string(one.title)},
                         {"text", about + std::string(one.text)}});
    }
    return page(std::move(items), "");
}

}  // namespace

bool may_see_query(store::ReadSession& session, const Request& request, const views::Sight& sight,
                   Permission permission, const store::SiteQuery& query) {
    if (query.problem) {
        auto problem = store::board_problem(session, query.problem);
        if (problem && !views::seen(std::move(*problem), sight)) {
            return false;
        }
    }
    if (query.subject) {
        return request.who.may(permission, query.subject_study, query.subject_site);
    }
    if (!query.problem) {
        return request.who.may(permission);
    }
    const std::vector<store::ProblemPlace> places = store::problem_places(session, query.problem);
    return places.empty() ? request.who.may(permission)
                          : std::ranges::any_of(places, [&](const store::ProblemPlace& place) {
                                return request.who.may(permission, place.study, place.site);
                            });
}

void add_site_query_routes(Router& router, const Services& services) {
    router.add({Method::get,
                "/queries",
                Access::of(Permission::problems_view),
                "What was asked of sites and laboratories",
                {{"state", "open, answered, closed or cancelled"},
                 {"problem", "Of this problem", "integer"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "Cursor of the page before"}},
                {},
                {},
                [services](const Request& request) { return list(services, request); }});
    router.add({Method::post,
                "/queries",
                Access::of(Permission::queries_ask),
                "Asks a site or laboratory; texts name nobody",
                {},
                {},
                {},
                [services](const Request& request) { return ask(services, request); }});
    router.add({Method::get,
                "/queries/templates",
                Access::of(Permission::queries_ask),
                "Texts to begin with",
                {{"problem", "About this problem", "integer"}},
                {},
                {},
                [services](const Request& request) { return templates(services, request); }});
    router.add({Method::get,
                "/queries/{id}",
                Access::of(Permission::problems_view),
                "One query with everything that happened to it",
                {},
                {},
                {},
                [services](const Request& request) { return one(services, request); }});
    struct Step {
        std::string_view path;
        std::string_view summary;
        QueryStep step;
    };
    for (const Step& step : {
             Step{"/queries/{id}/answer", "Records the answer", QueryStep::answer},
             Step{"/queries/{id}/close", "Settles an answered query", QueryStep::close},
             Step{"/queries/{id}/reopen", "Asks again", QueryStep::reopen},
             Step{"/queries/{id}/cancel", "Takes the question back", QueryStep::cancel},
         })
        router.add({Method::post,
                    step.path,
                    Access::of(Permission::queries_ask),
                    step.summary,
                    {},
                    {},
                    {},
                    [services, taken = step.step](const Request& request) {
                        return move(services, request, taken);
                    }});
}

}  // namespace labrelay::api
