#include <algorithm>
#include <nlohmann/json.hpp>

#include "body.hpp"
#include "labrelay/api/study_end.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;

/// Rows that an answer shows; the counts are of all.
constexpr std::size_t kMostRows = 1000;

constexpr const char* kFileSchema =
    R"({"type":"object","required":["kind","name","csv"],"properties":{"kind":{"enum":["subjects",
"specimens"]},"name":{"type":"string"},"csv":{"type":"string"},"digest":{"type":"string",
"description":"of the preview"},"reason":{"type":"string"}}})";
constexpr const char* kPlanSchema =
    R"({"type":"object","required":["digest","new","changed","unchanged","rows","errors"],
"properties":{"rows":{"type":"array","items":{"type":"object","required":["place","line","what",
"study","new","added"]}},"errors":{"type":"array","items":{"type":"object","required":["place","line",
"code","text","advice"]}}}})";

struct File {
    std::string kind;
    std::string name;
    std::string csv;
    std::string digest;
};

Result<File> file_of(const json& body) {
    File file{text_of(body, "kind"), text_of(body, "name"), text_of(body, "csv"),
              text_of(body, "digest")};
    if (file.kind != "subjects" && file.kind != "specimens") {
        return fail(Code::body_bad, Place{"kind"}, "subjects or specimens");
    }
    if (file.name.empty() || file.csv.empty()) {
        return fail(Code::body_bad, Place{"name, csv"}, "the file");
    }
    return file;
}

/// `subjects.csv:3:1` gives 3; 0: of the file as a whole.
std::int64_t line_of(const Place& place) {
    const std::size_t last = place.text.rfind(':');
    const std::size_t before = last == std::string::npos ? last : place.text.rfind(':', last - 1);
    if (last == std::string::npos || before == std::string::npos) {
        return 0;
    }
    const std::string number = place.text.substr(before + 1, last - before - 1);
    const bool is_number =
        !number.empty() && std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
    return is_number && number.size() < 10 ? std::stoll(number) : 0;
}

ordered_json error_json(const Place& place, const CatalogueEntry& known, std::string_view detail) {
    return {{"place", place.text},
            {"line", line_of(place)},
            {"code", std::string(known.key)},
            {"text", std::string(known.text)},
            {"detail", std::string(detail)},
            {"advice", std::string(known.advice)}};
}

/// Rows of studies and sites that the person may not change. Nothing of a subject that stands where
/// they see nothing is said.
std::vector<const RegistryPlan::Row*> not_theirs(const RegistryPlan& plan,
                                                 const security::Principal& who) {
    std::vector<const RegistryPlan::Row*> found;
    for (const RegistryPlan::Row& row : plan.rows) {
        const bool theirs =
            row.touches.empty()
                ? who.may(Permission::registry_change, "", "")
                : std::ranges::all_of(row.touches, [&](const study::Subject& subject) {
                      return who.may(Permission::registry_change, subject.study, subject.site);
                  });
        if (!theirs) {
            found.push_back(&row);
        }
    }
    return found;
}

Result<Response> preview(StudyEndPort& port, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<File> file = file_of(*body);
    if (!file) {
        return tl::unexpected(file.error());
    }
    const RegistryPlan plan = port.plan_import(file->kind, file->name, file->csv);
    const bool everywhere = request.who.may(Permission::registry_change, "", "");
    ordered_json errors = ordered_json::array();
    for (const Finding& error : plan.errors) {
        // What it contradicts may stand at a site that the person does not see.
        const bool tells = everywhere || error.code != Code::registry_conflict;
        errors.push_back(error_json(error.place, entry(error.code), tells ? error.detail : ""));
    }
    const std::vector<const RegistryPlan::Row*> refused = not_theirs(plan, request.who);
    for (const RegistryPlan::Row* row : refused) {
        errors.push_back(error_json(row->place, entry(Code::forbidden), ""));
    }
    ordered_json rows = ordered_json::array();
    std::int64_t fresh = 0;
    for (const RegistryPlan::Row& row : plan.rows) {
        fresh += row.is_new ? 1 : 0;
        if (rows.size() < kMostRows && std::ranges::find(refused, &row) == refused.end()) {
            rows.push_back({{"place", row.place.text},
                            {"line", line_of(row.place)},
                            {"what", row.what},
                            {"study", row.study},
                            {"new", row.is_new},
                            {"added", row.added}});
        }
    }
    return answer({{"digest", plan.digest},
                   {"new", fresh},
                   {"changed", static_cast<std::int64_t>(plan.rows.size()) - fresh},
                   {"unchanged", plan.unchanged},
                   {"rows", std::move(rows)},
                   {"errors", std::move(errors)}});
}

Result<Response> import(StudyEndPort& port, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<File> file = file_of(*body);
    if (!file) {
        return tl::unexpected(file.error());
    }
    if (file->digest.empty()) {
        return fail(Code::precondition_needed, Place{"digest"});
    }
    store::Act act = request.act(Permission::registry_change, *body);
    if (act.reason.empty()) {
        return fail(Code::reason_needed, Place{"reason"});
    }
    act.reason += " (" + file->name + ")";
    // What was looked at is what is asked for rights; the digest holds both together.
    const RegistryPlan plan = port.plan_import(file->kind, file->name, file->csv);
    if (const auto refused = not_theirs(plan, request.who); !refused.empty()) {
        return fail(Code::forbidden, refused.front()->place);
    }
    if (!plan.errors.empty()) {
        return fail(plan.errors.front().code, plan.errors.front().place);
    }
    if (plan.digest != file->digest) {
        return fail(Code::precondition_failed, Place{file->name});
    }
    Result<std::string> told =
        port.import_planned(file->kind, file->name, file->csv, file->digest, act);
    if (!told) {
        return tl::unexpected(told.error());
    }
    return answer({{"told", std::move(*told)}});
}

}  // namespace

void add_registry_routes(Router& router, const Services&, StudyEndPort& port) {
    const Access change = Access::within(Permission::registry_change);
    router.add({Method::post,
                "/registry/preview",
                change,
                "What a registry file would change, and each of its errors; nothing is changed",
                {},
                kFileSchema,
                kPlanSchema,
                [&port](const Request& request) { return preview(port, request); }});
    router.add({Method::post,
                "/registry/import",
                change,
                "Import the registry file that was looked at",
                {},
                kFileSchema,
                R"({"type":"object","required":["told"]})",
                [&port](const Request& request) { return import(port, request); }});
}

}  // namespace labrelay::api
