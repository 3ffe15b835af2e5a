#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "job_sight.hpp"
#include "labrelay/api/repairs.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/repair.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kJobsOfProblem = 20;

constexpr const char* kRepair =
    R"({"type":"object","required":["kind"],"properties":{"kind":{"type":"string"},)"
    R"("authority":{"type":"string"},"value":{"type":"string"},"specimen":{"type":"string"},)"
    R"("collected_at":{"type":"string"},"visit":{"type":"string"},"subject":{"type":"integer"},)"
    R"("from":{"type":"integer"},"to":{"type":"integer"},"fields":{"type":"object"},)"
    R"("observations":{"type":"array","items":{"type":"string"}},)"
    R"("reason_code":{"type":"string"},"reason":{"type":"string"}}})";
constexpr const char* kReason = R"({"type":"object","properties":{"reason_code":{"type":"string"},)"
                                R"("reason":{"type":"string"}}})";
constexpr const char* kJob =
    R"({"type":"object","required":["id","kind","state","total","done"],"properties":{)"
    R"("id":{"type":"integer"},"kind":{"type":"string"},"state":{"enum":["queued","running",)"
    R"("done","stopped"]},"problem":{"type":["integer","null"]},"total":{"type":"integer"},)"
    R"("done":{"type":"integer"},"stored":{"type":"integer"},"held":{"type":"integer"},)"
    R"("ignored":{"type":"integer"},"failed":{"type":"integer"},"created":{"type":"string"},)"
    R"("started":{"type":["string","null"]},"ended":{"type":["string","null"]},)"
    R"("actor":{"type":"string"},"reason":{"type":"string"},"etag":{"type":"string"}}})";
constexpr const char* kQueued =
    R"({"type":"object","properties":{"job":{"type":["integer","null"]},)"
    R"("approval":{"type":["integer","null"]}}})";
constexpr const char* kPreview =
    R"({"type":"object","required":["total","would_store","still_held","ignored",)"
    R"("changes_delivered"],"properties":{"total":{"type":"integer"},)"
    R"("sampled":{"type":"integer"},"not_looked_at":{"type":"integer"},)"
    R"("unreadable":{"type":"integer"},"would_store":{"type":"integer"},)"
    R"("still_held":{"type":"integer"},"ignored":{"type":"integer"},)"
    R"("changes_delivered":{"type":"integer"},"examples":{"type":"array"},)"
    R"("still":{"type":"array"},"delivered_changes":{"type":"array"},)"
    R"("held_again":{"type":"integer"},"four_eyes":{"type":"boolean"}}})";
constexpr const char* kPage =
    R"({"type":"object","required":["items"],"properties":{"items":{"type":"array"},)"
    R"("next":{"type":["string","null"]},"total":{"type":["integer","null"]}}})";

struct Asked {
    ProblemId problem;
    nlohmann::json body;
    const RepairKind* kind = nullptr;
};

Result<Asked> asked_of(const Request& request, const Repairs& repairs) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) return tl::unexpected(id.error());
    Result<nlohmann::json> body = request.json();
    if (!body) return tl::unexpected(body.error());
    Asked asked{ProblemId{*id}, std::move(*body)};
    const auto kind = asked.body.find("kind");
    if (kind != asked.body.end() && kind->is_string()) {
        asked.kind = repairs.kind(kind->get<std::string>());
    }
    if (asked.kind == nullptr) return fail(Code::body_bad, Place{"kind"}, "no such repair");
    return asked;
}

/// The repair of the path as the person sees it. Errors: not-found.
Result<store::RepairRow> asked_repair(store::ReadSession& session, std::int64_t id,
                                      const views::Sight& sight) {
    auto row = store::repair(session, id);
    if (!row || !sees_job(session, sight, row->problem)) {
        return fail(Code::not_found, Place{fmt::format("job {}", id)});
    }
    count_seen(session, *row, sight);
    row->reason = sight.readable(row->reason);
    return std::move(*row);
}

Result<Response> preview(const Request& request, Repairs& repairs) {
    const Result<Asked> asked = asked_of(request, repairs);
    if (!asked) return tl::unexpected(asked.error());
    Result<Json> shown = repairs.preview(asked->problem, asked->body, request.who);
    if (!shown) return tl::unexpected(shown.error());
    return answer(*shown);
}

Response queued(std::optional<std::int64_t> job, std::optional<std::int64_t> approval) {
    return answer(
        {{"job", job ? Json(*job) : Json()}, {"approval", approval ? Json(*approval) : Json()}},
        202);
}

Result<Response> enact(const Request& request, Repairs& repairs) {
    const Result<Asked> asked = asked_of(request, repairs);
    if (!asked) return tl::unexpected(asked.error());
    const Result<Repairs::Enacted> enacted =
        repairs.enact(asked->problem, asked->body, request.who,
                      request.act(asked->kind->permission, asked->body));
    if (!enacted) return tl::unexpected(enacted.error());
    return queued(enacted->job, enacted->approval);
}

Result<Response> job(const Request& request, const Services& services) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) return tl::unexpected(id.error());
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const Result<store::RepairRow> row = asked_repair(**session, *id, sight);
    if (!row) return tl::unexpected(row.error());
    return answer(views::repair_job_json(*row));
}

Result<Response> jobs_of_problem(const Request& request, const Services& services) {
    const Result<std::int64_t> problem = request.number("problem");
    if (!problem) return tl::unexpected(problem.error());
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    auto board = store::board_problem(**session, ProblemId{*problem});
    if (!board || !views::seen(std::move(*board), sight)) {
        return fail(Code::not_found, Place{"problem"});
    }
    Json items = Json::array();
    for (store::RepairRow& row :
         store::repairs_of(**session, ProblemId{*problem}, kJobsOfProblem)) {
        count_seen(**session, row, sight);
        row.reason = sight.readable(row.reason);
        items.push_back(views::repair_job_json(row));
    }
    return page(std::move(items), {});
}

Result<Response> job_items(const Request& request, const Services& services) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) return tl::unexpected(id.error());
    const Result<std::size_t> limit = request.limit();
    if (!limit) return tl::unexpected(limit.error());
    ObservationId after;
    if (!request.asked("after").empty()) {
        const auto read = views::observation_from(request.asked("after"));
        if (!read) return fail(Code::parameter_bad, Place{"after"});
        after = *read;
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const Result<store::RepairRow> row = asked_repair(**session, *id, sight);
    if (!row) return tl::unexpected(row.error());
    Json items = Json::array();
    bool more = true;
    // What is not for the person is read over.
    while (more && items.size() < *limit) {
        const std::vector<store::RepairEnd> ends =
            store::repair_ends(**session, *id, after, *limit - items.size());
        more = ends.size() == *limit - items.size();
        for (const store::RepairEnd& end : ends) {
            after = end.id;
            if (counts(sight, end.source, end.subject, end.analyte)) {
                items.push_back(views::repair_end_json(end));
            }
        }
    }
    return page(std::move(items), more ? views::observation_name(after) : std::string(),
                row->total);
}

Result<Response> stop(const Request& request, const Services& services, Repairs& repairs) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) return tl::unexpected(id.error());
    const Result<nlohmann::json> body =
        request.body.empty() ? Result<nlohmann::json>(nlohmann::json::object()) : request.json();
    if (!body) return tl::unexpected(body.error());
    {
        Result<store::ReadPool::Borrowed> session = services.reads.borrow();
        if (!session) return tl::unexpected(session.error());
        const views::Sight sight = sight_of(services, request, Permission::reprocess);
        const Result<store::RepairRow> row = asked_repair(**session, *id, sight);
        if (!row) return tl::unexpected(row.error());
        if (!counts_all(**session, *id, sight)) {
            return fail(Code::forbidden, Place{"job"},
                        "it holds results that are not for you: somebody else stops it");
        }
    }
    if (const Result<void> stopped = repairs.stop(*id, request.act(Permission::reprocess, *body));
        !stopped) {
        return tl::unexpected(stopped.error());
    }
    Response done;
    done.status = 204;
    return done;
}

/// Whoever sees the repair and may make one of its kind may take it back. Errors: not-found.
Result<std::int64_t> undoable(const Request& request, const Services& services) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) return id;
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const Result<store::RepairRow> row = asked_repair(**session, *id, sight);
    if (!row) return tl::unexpected(row.error());
    return *id;
}

Result<Response> preview_undo(const Request& request, const Services& services, Repairs& repairs) {
    const Result<std::int64_t> id = undoable(request, services);
    if (!id) return tl::unexpected(id.error());
    Result<Json> shown = repairs.preview_undo(*id, request.who);
    if (!shown) return tl::unexpected(shown.error());
    return answer(*shown);
}

Result<Response> undo(const Request& request, const Services& services, Repairs& repairs) {
    const Result<std::int64_t> id = undoable(request, services);
    if (!id) return tl::unexpected(id.error());
    const Result<nlohmann::json> body = request.json();
    if (!body) return tl::unexpected(body.error());
    const Result<Repairs::Enacted> undone =
        repairs.undo(*id, request.who, request.act(Permission::reprocess, *body));
    if (!undone) return tl::unexpected(undone.error());
    return queued(undone->job, undone->approval);
}

}  // namespace

void add_repair_routes(Router& router, const Services& services, Repairs& repairs) {
    router.add({Method::post,
                "/problems/{id}/repairs/preview",
                Access::within(Permission::problems_view),
                "What a repair would do, without doing it",
                {},
                kRepair,
                kPreview,
                [&repairs](const Request& request) { return preview(request, repairs); },
                kListBody});
    router.add({Method::post,
                "/problems/{id}/repairs",
                Access::within(Permission::problems_view),
                "Repair the cause; asks for the right of its kind",
                {},
                kRepair,
                kQueued,
                [&repairs](const Request& request) { return enact(request, repairs); },
                kListBody});
    router.add(
        {Method::get,
         "/jobs",
         Access::within(Permission::problems_view),
         "The last repairs of a problem",
         {{"problem", "id of the problem", "integer", true}},
         {},
         kPage,
         [&services](const Request& request) { return jobs_of_problem(request, services); }});
    router.add({Method::get,
                "/jobs/{id}",
                Access::within(Permission::problems_view),
                "How far a repair is",
                {},
                {},
                kJob,
                [&services](const Request& request) { return job(request, services); }});
    router.add({Method::get,
                "/jobs/{id}/items",
                Access::within(Permission::problems_view),
                "What became of each result of a repair",
                {{"after", "cursor of the page before"}, {"limit", "1 to 500", "integer"}},
                {},
                kPage,
                [&services](const Request& request) { return job_items(request, services); }});
    router.add({Method::post,
                "/jobs/{id}/stop",
                Access::within(Permission::reprocess),
                "Stop a repair: what has not begun will not",
                {},
                kReason,
                {},
                [&services, &repairs](const Request& request) {
                    return stop(request, services, repairs);
                }});
    router.add({Method::post,
                "/jobs/{id}/undo/preview",
                Access::within(Permission::problems_view),
                "What taking a repair back would do, without doing it",
                {},
                {},
                kPreview,
                [&services, &repairs](const Request& request) {
                    return preview_undo(request, services, repairs);
                }});
    router.add({Method::post,
                "/jobs/{id}/undo",
                Access::within(Permission::problems_view),
                "Take back every decision that a repair made and every fact that it entered; asks "
                "for the right of its kind",
                {},
                kReason,
                kQueued,
                [&services, &repairs](const Request& request) {
                    return undo(request, services, repairs);
                }});
}

}  // namespace labrelay::api
