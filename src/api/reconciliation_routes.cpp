#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/api/study_end.hpp"
#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/reconciliation_desk.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;
using store::ReconciliationState;

constexpr const char* kRowSchema =
    R"({"type":"object","required":["id","study","target","state","asked_by","asked","differences",
"signature"],"properties":{"state":{"enum":["running","done","failed"]}}})";
constexpr const char* kListSchema =
    R"({"type":"object","required":["items","next"],"properties":{"items":{"type":"array"}}})";
constexpr const char* kRunSchema =
    R"({"type":"object","required":["study","target"],"properties":{"study":{"type":"string"},
"target":{"type":"string"},"list":{"type":"object","required":["name","csv"],"properties":{"name":{
"type":"string"},"csv":{"type":"string"}}}}})";
constexpr const char* kSignSchema =
    R"({"type":"object","required":["finding","signature"],"properties":{"finding":{"type":"string"},
"signature":{"type":"object"}}})";

/// A report tells of all of a study: who sees a part of it, by site or by analyte, does not see it.
bool sees_all_of(const views::Sight& sight, Permission permission, std::string_view study) {
    return sight.who().may(permission, study, "") && !sight.is_closed(study, "");
}

ordered_json row_json(const store::ReconciliationRow& row) {
    ordered_json made = {{"id", row.id},
                         {"study", row.study},
                         {"target", row.target},
                         {"list", row.list_name},
                         {"state", store::to_string(row.state)},
                         {"asked_by", row.asked_by},
                         {"asked", to_iso(row.asked)},
                         {"ended", row.ended ? ordered_json(to_iso(*row.ended)) : ordered_json()},
                         {"differences", row.differences},
                         {"problems_opened", row.opened},
                         {"problems_resolved", row.resolved},
                         {"why", row.why},
                         {"finding", row.finding},
                         {"signature", nullptr}};
    if (row.signature != 0) {
        made["signature"] = {
            {"id", row.signature},
            {"name", row.signed_by},
            {"meaning", row.meaning},
            {"at", row.signed_at ? ordered_json(to_iso(*row.signed_at)) : ordered_json()}};
    }
    return made;
}

std::string digest_of(const store::ReconciliationReport& report) {
    return crypto::to_hex(crypto::sha256(report.text));
}

Result<Response> list(const Services& services, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        const auto rows =
            store::reconciliations(reads, request.asked("study"), asked->after, asked->limit);
        ordered_json items = ordered_json::array();
        for (const store::ReconciliationRow& row : rows) {
            if (sees_all_of(sight, Permission::results_view, row.study)) {
                items.push_back(row_json(row));
            }
        }
        return page(std::move(items),
                    rows.size() == asked->limit ? std::to_string(rows.back().id) : "");
    });
}

/// Errors: not-found, also where the person may not see all that a report tells.
Result<store::ReconciliationReport> asked_report(const Services& services, const Request& request,
                                                 Permission permission) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    const views::Sight sight = sight_of(services, request, permission);
    auto found = with_reads(
        services, [&](store::ReadSession& reads) { return store::reconciliation(reads, *id); });
    if (!found || !sees_all_of(sight, permission, found->row.study)) {
        return fail(Code::not_found, Place{"reconciliation"});
    }
    return std::move(*found);
}

Result<Response> show(const Services& services, const Request& request) {
    const auto found = asked_report(services, request, Permission::results_view);
    if (!found) {
        return tl::unexpected(found.error());
    }
    ordered_json made = row_json(found->row);
    made["report"] = found->report.empty() ? ordered_json() : ordered_json::parse(found->report);
    made["sha256"] = found->text.empty() ? std::string() : digest_of(*found);
    return answer(made);
}

Result<Response> text(const Services& services, const Request& request) {
    const auto found = asked_report(services, request, Permission::results_view);
    if (!found) {
        return tl::unexpected(found.error());
    }
    if (found->row.state != ReconciliationState::done) {
        return fail(Code::not_found, Place{"reconciliation"}, "it has no report");
    }
    Response made;
    made.content_type = "text/plain; charset=utf-8";
    made.body = found->text;
    if (found->row.signature != 0) {
        made.body += "\nSigned electronically by " + found->row.signed_by + " at " +
                     to_iso(found->row.signed_at.value_or(Instant{})) + " as " +
                     found->row.meaning + ".\nFinding: " + found->row.finding +
                     "\nSHA-256 of the report above: " + digest_of(*found) + "\n";
    }
    made.headers.emplace_back("Content-Disposition", "attachment; filename=\"reconciliation-" +
                                                         std::to_string(found->row.id) + ".txt\"");
    return made;
}

Result<Response> run(const Services& services, StudyEndPort& port, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    StudyEndPort::ReconciliationOrder order;
    order.study = text_of(*body, "study");
    order.target = text_of(*body, "target");
    if (const auto list = body->find("list"); list != body->end() && !list->is_null()) {
        if (!list->is_object() || text_of(*list, "name").empty()) {
            return fail(Code::body_bad, Place{"list"}, "name and csv");
        }
        order.list_name = text_of(*list, "name");
        order.list = text_of(*list, "csv");
    }
    const views::Sight sight = sight_of(services, request, Permission::reconcile_run);
    if (!sees_all_of(sight, Permission::reconcile_run, order.study)) {
        return fail(Code::not_found, Place{"study"});
    }
    const Result<std::int64_t> id =
        port.reconcile(order, request.act(Permission::reconcile_run, *body));
    if (!id) {
        return tl::unexpected(id.error());
    }
    return answer({{"id", *id}}, 202);
}

Result<Response> sign(const Services& services, Signing& signing, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const std::string finding = text_of(*body, "finding");
    const auto asked = asked_report(services, request, Permission::reconcile_run);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    if (finding.empty()) {
        return fail(Code::reason_needed, Place{"finding"});
    }
    const Result<EnterSignature> enter = signing.confirm(request, *body);
    if (!enter) {
        return tl::unexpected(enter.error());
    }
    store::Desk desk(services.writer);
    const std::string object = std::to_string(asked->row.id);
    const std::int64_t signature =
        (*enter)(desk, "reconciliation", object,
                 {{"report_sha256", digest_of(*asked)}, {"finding", finding}});
    const Result<void> done = store::sign_reconciliation(
        desk, request.act(Permission::reconcile_run, *body), asked->row.id, finding, signature);
    if (!done) {
        return tl::unexpected(done.error());
    }
    const auto now = store::reconciliation(desk, asked->row.id);
    desk.commit();
    return answer(row_json(now->row));
}

Result<Response> targets(StudyEndPort& port, const Request&) {
    ordered_json items = ordered_json::array();
    for (const StudyEndPort::Target& target : port.targets()) {
        items.push_back({{"name", target.name}, {"readable", target.readable}});
    }
    return answer({{"items", std::move(items)}});
}

}  // namespace

void add_reconciliation_routes(Router& router, const Services& services, StudyEndPort& port,
                               Signing& signing) {
    const Access view = Access::of(Permission::results_view);
    const Access change = Access::of(Permission::reconcile_run);
    router.add({Method::get,
                "/reconciliations",
                view,
                "Reports of what is stored here against what study databases hold",
                {{"study", "id of a study"}, {"limit", "1 to 500", "integer"}, {"after", "cursor"}},
                {},
                kListSchema,
                [services](const Request& request) { return list(services, request); }});
    router.add({Method::get,
                "/reconciliations/targets",
                view,
                "Study databases, and whether what they hold can be read back",
                {},
                {},
                R"({"type":"object","required":["items"]})",
                [&port](const Request& request) { return targets(port, request); }});
    router.add({Method::get,
                "/reconciliations/{id}",
                view,
                "One report with its counts",
                {},
                {},
                kRowSchema,
                [services](const Request& request) { return show(services, request); }});
    router.add({Method::get,
                "/reconciliations/{id}/text",
                view,
                "The report as a person signs it, plain text",
                {},
                {},
                {},
                [services](const Request& request) { return text(services, request); }});
    router.add(
        {Method::post,
         "/reconciliations/run",
         change,
         "Compare a study with a study database, and with the laboratory's own list; it "
         "runs by itself",
         {},
         kRunSchema,
         R"({"type":"object","required":["id"]})",
         [services, &port](const Request& request) { return run(services, port, request); }});
    router.add({Method::post,
                "/reconciliations/{id}/sign",
                change,
                "Sign a report with what was found",
                {},
                kSignSchema,
                kRowSchema,
                [services, &signing](const Request& request) {
                    return sign(services, signing, request);
                }});
}

}  // namespace labrelay::api
