#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "labrelay/api/alarm_routes.hpp"
#include "labrelay/store/critical_query.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using Json = nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kLongestNote = 2000;

std::string id_text(ObservationId id) {
    return fmt::format("{}.{}", to_base32(id.message), id.ordinal);
}

Result<ObservationId> id_from(std::string_view text) {
    const std::size_t point = text.find('.');
    ObservationId id;
    if (point != std::string_view::npos) {
        const auto message = parse_message_id(text.substr(0, point));
        const std::string_view ordinal = text.substr(point + 1);
        const auto [end, error] =
            std::from_chars(ordinal.data(), ordinal.data() + ordinal.size(), id.ordinal);
        if (message && error == std::errc() && end == ordinal.data() + ordinal.size()) {
            id.message = *message;
            return id;
        }
    }
    return fail(Code::parameter_bad, Place{"id"}, "<message>.<ordinal>");
}

/// Of nobody who is known: whoever has the permission somewhere, because somebody must know of it.
bool may_see(const Request& request, Permission permission, const study::Subject* subject) {
    return subject == nullptr ? request.who.may(permission)
                              : request.who.may(permission, subject->study, subject->site);
}

/// A closed analyte's value is not there for whom it is closed; somebody else is told of it.
bool is_closed(const views::Sight& sight, const store::CriticalRow& row,
               const study::Subject* subject) {
    return subject == nullptr ? sight.is_closed(row.analyte)
                              : sight.is_closed(subject->study, row.analyte);
}

const study::Subject* subject_of(const study::Registry& registry, const store::CriticalRow& row) {
    return row.subject ? registry.subject(*row.subject) : nullptr;
}

Json json_of(const store::CriticalRow& row, const study::Subject* subject,
             const study::StudyRules& rules) {
    const study::Analyte* analyte = rules.analyte(row.analyte);
    Json json = {{"id", id_text(row.id)},
                 {"message_id", to_base32(row.id.message)},
                 {"at", to_iso(row.at)},
                 {"subject", Json()},
                 {"study", subject == nullptr ? std::string() : subject->study},
                 {"site", subject == nullptr ? std::string() : subject->site},
                 {"visit", row.visit},
                 {"analyte", row.analyte},
                 {"analyte_name", analyte == nullptr ? row.analyte : analyte->name},
                 {"value", row.value_text},
                 {"unit", row.unit},
                 {"rule", row.rule},
                 {"source", row.source},
                 {"acknowledged_by", row.acknowledged ? Json(row.acknowledged_by) : Json()},
                 {"acknowledged_at", row.acknowledged ? Json(to_iso(*row.acknowledged)) : Json()},
                 {"note", row.note}};
    if (subject != nullptr) {
        json["subject"] = {{"id", subject->id.value}, {"label", subject->label()}};
    }
    return json;
}

Result<Response> list(const Services& services, const Request& request) {
    const Result<std::size_t> limit = request.limit();
    if (!limit) {
        return tl::unexpected(limit.error());
    }
    store::CriticalFilter filter;
    const std::string_view state = request.asked("state");
    if (!state.empty() && state != "open" && state != "all") {
        return fail(Code::parameter_bad, Place{"state"}, "open or all");
    }
    filter.open_only = state != "all";
    if (!request.asked("after").empty()) {
        const Result<ObservationId> after = id_from(request.asked("after"));
        if (!after) {
            return tl::unexpected(after.error());
        }
        filter.after = *after;
    }
    auto reading = services.reads.borrow();
    if (!reading) {
        return tl::unexpected(reading.error());
    }
    const study::Registry registry = services.snapshots.registry();
    const auto configuration = services.snapshots.configuration();
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    Json items = Json::array();
    std::string next;
    for (bool more = true; more && next.empty();) {
        const std::vector<store::CriticalRow> rows = store::critical_values(**reading, filter);
        more = rows.size() == filter.limit;
        for (const store::CriticalRow& row : rows) {
            if (items.size() == *limit) {
                next = id_text(filter.after);
                break;
            }
            filter.after = row.id;
            const study::Subject* subject = subject_of(registry, row);
            if (may_see(request, Permission::results_view, subject) &&
                !is_closed(sight, row, subject)) {
                items.push_back(json_of(row, subject, configuration->rules()));
            }
        }
    }
    return page(std::move(items), next);
}

Result<Response> acknowledge(const Services& services, const Request& request) {
    const Result<ObservationId> id = id_from(request.parameter("id"));
    if (!id) {
        return tl::unexpected(id.error());
    }
    const Result<nlohmann::json> sent = request.json();
    if (!sent) {
        return tl::unexpected(sent.error());
    }
    const auto note = sent->find("note");
    if (note == sent->end() || !note->is_string() || note->get_ref<const std::string&>().empty() ||
        note->get_ref<const std::string&>().size() > kLongestNote) {
        return fail(Code::reason_needed, Place{"note"}, "Say whom you told and what is done.");
    }
    auto reading = services.reads.borrow();
    if (!reading) {
        return tl::unexpected(reading.error());
    }
    const study::Registry registry = services.snapshots.registry();
    const std::optional<store::CriticalRow> row = store::critical_value(**reading, *id);
    const study::Subject* subject = row ? subject_of(registry, *row) : nullptr;
    if (!row ||
        is_closed(sight_of(services, request, Permission::critical_acknowledge), *row, subject)) {
        return fail(Code::not_found, Place{request.parameter("id")});
    }
    if (!may_see(request, Permission::critical_acknowledge, subject)) {
        return fail(Code::forbidden, Place{request.parameter("id")});
    }
    store::Desk desk(services.writer);
    const Result<void> done =
        store::acknowledge_critical(desk, *id, request.act(Permission::critical_acknowledge, *sent),
                                    note->get_ref<const std::string&>());
    if (!done) {
        return tl::unexpected(done.error());
    }
    desk.commit();
    const std::optional<store::CriticalRow> after = store::critical_value(**reading, *id);
    return answer(
        json_of(after.value_or(*row), subject, services.snapshots.configuration()->rules()));
}

}  // namespace

void add_critical_routes(Router& router, const Services& services) {
    router.add({Method::get,
                "/critical",
                Access::within(Permission::results_view),
                "Critical values, the newest first",
                {{"state", "open (default) or all"},
                 {"limit", "items of a page", "integer"},
                 {"after", "the last page's next"}},
                {},
                R"({"type":"object","properties":{"items":{"type":"array"},"next":{},"total":{}}})",
                [services](const Request& request) { return list(services, request); }});
    router.add({Method::post,
                "/critical/{id}/acknowledge",
                Access::within(Permission::critical_acknowledge),
                "Say that the responsible person knows of a critical value",
                {},
                R"({"type":"object","required":["note"],"properties":{"note":{"type":"string"}}})",
                R"({"type":"object"})",
                [services](const Request& request) { return acknowledge(services, request); }});
}

}  // namespace labrelay::api
