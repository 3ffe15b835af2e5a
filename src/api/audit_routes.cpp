#include "labrelay/api/audit_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "body.hpp"
#include "labrelay/api/approval_routes.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/views/audit.hpp"
#include "reading.hpp"
#include "record_sight.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kExportPage = 1000;
constexpr std::size_t kSearchPage = 1000;
constexpr int kMostPages = 20;
constexpr std::string_view kErase = "audit.erase";

/// `object` is `problem` or `problem:12`.
Result<store::AuditFilter> filter_of(const Request& request) {
    store::AuditFilter filter;
    const Result<std::optional<Instant>> from = instant_of(request, "from");
    Result<std::optional<Instant>> until = instant_of(request, "to");
    if (!from || !until) {
        return tl::unexpected(!from ? from.error() : until.error());
    }
    constexpr std::size_t kDay = 10;  // 2026-11-29: the day belongs to the period
    if (*until && request.asked("to").size() == kDay) {
        (*until)->microseconds += std::chrono::microseconds(std::chrono::days(1)).count();
    }
    filter.from = *from;
    filter.until = *until;
    filter.actor = request.asked("actor");
    filter.kind = request.asked("kind");
    const std::string_view object = request.asked("object");
    const std::size_t colon = object.find(':');
    filter.object_kind = object.substr(0, colon);
    if (colon != std::string_view::npos) {
        filter.object = object.substr(colon + 1);
    }
    filter.text = request.asked("q");
    return filter;
}

ordered_json filter_json(const Request& request) {
    ordered_json made = ordered_json::object();
    for (const char* name : {"from", "to", "actor", "kind", "object", "q"}) {
        if (!request.asked(name).empty()) {
            made[name] = std::string(request.asked(name));
        }
    }
    return made;
}

/// A text is found in what the person may read of a row, not in what is kept from them: that there
/// is an answer would tell it.
void search_what_is_shown(store::AuditFilter& filter, const views::Sight& sight) {
    filter.text_later = !filter.text.empty() && (sight.blinded() || !sight.everywhere());
}

/// As the person sees it; nothing where it is not for them, or not what they look for.
std::optional<store::AuditRow> shown_row(RecordSight& records, const store::AuditFilter& filter,
                                         const store::AuditRow& row) {
    // Whether it is theirs to see asks the store: not of every row in which a text is looked for.
    store::AuditRow shown = records.shown(row);
    if (filter.text_later && !store::says(shown, filter.text)) {
        return std::nullopt;
    }
    if (!records.sees(row)) {
        return std::nullopt;
    }
    return shown;
}

Result<Response> list(const Services& services, const Request& request) {
    Result<store::AuditFilter> filter = filter_of(request);
    const Result<PageAsked> asked = request.page_asked();
    if (!filter || !asked) {
        return tl::unexpected(!filter ? filter.error() : asked.error());
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::audit_view);
    RecordSight records(**session, sight, Permission::audit_view);
    search_what_is_shown(*filter, sight);
    ordered_json items = ordered_json::array();
    std::int64_t before = asked->after;
    // What is not for the person is read over; a page may then be short and still have a next one.
    for (int pages = 0; pages < kMostPages && items.size() < asked->limit; ++pages) {
        const std::size_t wanted = asked->limit - items.size();
        const store::AuditPage found = store::audit_rows(**session, *filter, before,
                                                         filter->text_later ? kSearchPage : wanted);
        before = found.next;
        for (const store::AuditRow& row : found.rows) {
            if (items.size() == asked->limit) {
                break;
            }
            if (const auto shown = shown_row(records, *filter, row)) {
                items.push_back(views::json_of(*shown));
                if (items.size() == asked->limit && row.id != found.rows.back().id) {
                    before = row.id;
                }
            }
        }
        if (before == 0) {
            break;
        }
    }
    return page(std::move(items), before == 0 ? "" : std::to_string(before));
}

/// What rows can be of: for whoever filters by it.
Result<Response> kinds(const Request&) {
    ordered_json items = ordered_json::array();
    for (const std::string_view kind : store::audit_kinds()) {
        items.push_back({{"kind", kind}});
    }
    return page(std::move(items), "");
}

Result<Response> verify(const Services& services, const Request&) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    return answer(views::json_of(store::verify_audit(**session)));
}

/// How one format is written.
struct Format {
    std::string_view name;
    std::string_view content_type;
    std::string (*head)(const std::string& period, const std::string& about);
    std::string (*row)(const store::AuditRow& row, bool first);
    std::string (*tail)(std::int64_t rows);
};

std::string json_row(const store::AuditRow& row, bool first) {
    return (first ? "\n" : ",\n") +
           views::json_of(row).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

const std::array<Format, 3> kFormats{{
    {"csv", "text/csv; charset=utf-8",
     [](const std::string&, const std::string&) { return views::audit_csv_head(); },
     [](const store::AuditRow& row, bool) { return views::audit_csv_line(row); },
     [](std::int64_t) { return std::string(); }},
    {"json", "application/json",
     [](const std::string& period, const std::string& about) {
         return "{\"period\":" + json(period).dump() + ",\"about\":" + json(about).dump() +
                ",\"rows\":[";
     },
     json_row, [](std::int64_t rows) { return fmt::format("\n],\"count\":{}}}\n", rows); }},
    {"html", "text/html; charset=utf-8", views::audit_html_head,
     [](const store::AuditRow& row, bool) { return views::audit_html_row(row); },
     views::audit_html_tail},
}};

std::string period_of(const store::AuditFilter& filter) {
    return fmt::format("From {} to {}.", filter.from ? to_iso(*filter.from) : "the beginning",
                       filter.until ? to_iso(*filter.until) : "now");
}

void write_all(RecordSight& records, store::ReadSession& session, const store::AuditFilter& filter,
               const Format& format, const std::string& about, std::ostream& out) {
    out << format.head(period_of(filter), about);
    std::int64_t rows = 0;
    std::int64_t before = 0;
    do {
        const store::AuditPage found = store::audit_rows(session, filter, before, kExportPage);
        for (const store::AuditRow& row : found.rows) {
            if (const auto shown = shown_row(records, filter, row)) {
                out << format.row(*shown, rows == 0);
                ++rows;
            }
        }
        before = found.next;
    } while (before != 0 && out.good());
    out << format.tail(rows);
}

Result<Response> export_file(const Services& services, const Request& request) {
    Result<store::AuditFilter> filter = filter_of(request);
    if (!filter) {
        return tl::unexpected(filter.error());
    }
    const std::string_view wanted =
        request.asked("format").empty() ? "csv" : request.asked("format");
    const auto* const format = std::ranges::find(kFormats, wanted, &Format::name);
    if (format == kFormats.end()) {
        return fail(Code::parameter_bad, Place{"format"}, "csv, json or html");
    }
    // What is entered while the file is written is not part of it, nor is the export itself.
    if (!filter->until) {
        filter->until = request.at;
    }
    const std::string after =
        ordered_json({{"format", std::string(wanted)}, {"filter", filter_json(request)}}).dump();
    store::audit_alone(
        services.writer, request.act(Permission::audit_export, json::object()),
        {"export", "the audit trail was taken away as a file", "audit", "", {}, after});
    auto session = std::make_shared<Result<store::ReadPool::Borrowed>>(services.reads.borrow());
    if (!*session) {
        return tl::unexpected(session->error());
    }
    Response made;
    made.content_type = format->content_type;
    made.headers.emplace_back("Content-Disposition",
                              fmt::format("attachment; filename=\"audit.{}\"", format->name));
    const std::string about =
        fmt::format("Taken by {} at {}.", request.who.name, to_iso(request.at));
    made.stream = [session, services, request, asked = *filter, format, about](std::ostream& out) {
        try {
            const views::Sight sight = sight_of(services, request, Permission::audit_export);
            store::AuditFilter looked_for = asked;
            search_what_is_shown(looked_for, sight);
            RecordSight records(***session, sight, Permission::audit_export);
            write_all(records, ***session, looked_for, *format, about, out);
        } catch (const pipeline::StoreFault&) {
            // The answer has begun: the file itself must say that it is not whole.
            out << "\nINCOMPLETE: the store could not be read to the end.\n";
            throw;
        }
    };
    return made;
}

Result<Response> reviews(const Services& services, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    ordered_json items = ordered_json::array();
    std::int64_t last = 0;
    const views::Sight sight = sight_of(services, request, Permission::audit_view);
    for (store::AuditReview& review : store::audit_reviews(**session, asked->after, asked->limit)) {
        review.finding = sight.readable(review.finding);
        review.filter = sight.readable(review.filter);
        items.push_back(views::json_of(review));
        last = review.id;
    }
    const bool full = items.size() == asked->limit;
    return page(std::move(items), full ? std::to_string(last) : "");
}

Result<Response> review(const Services& services, Signing& signing, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    const Result<std::optional<Instant>> from = instant_from(text_of(*body, "from"), "from");
    const Result<std::optional<Instant>> until = instant_from(text_of(*body, "to"), "to");
    if (!from || !until) {
        return tl::unexpected(!from ? from.error() : until.error());
    }
    if (!*from || !*until || **from >= **until || **until > request.at) {
        return fail(Code::body_bad, Place{"from, to"}, "a period of the past is needed");
    }
    store::AuditReview made;
    made.from = **from;
    made.until = **until;
    made.filter = body->value("filter", json::object()).dump();
    made.finding = text_of(*body, "finding");
    made.actor = request.who.name;
    const Result<EnterSignature> sign = signing.confirm(request, *body);
    if (!sign) {
        return tl::unexpected(sign.error());
    }
    store::Desk desk(services.writer);
    const std::string object = to_iso(made.from) + "/" + to_iso(made.until);
    made.signature = (*sign)(desk, "audit-review", object,
                             {{"from", to_iso(made.from)},
                              {"to", to_iso(made.until)},
                              {"filter", made.filter},
                              {"finding", made.finding}});
    made.id = store::record_audit_review(desk, request.act(Permission::audit_review, *body), made);
    made.at = desk.now();
    desk.commit();
    return answer({{"id", made.id}, {"signature", made.signature}}, 201);
}

/// What two persons agree on: the row, and every other one in which a text goes with it.
std::string erasure_content(const store::AuditErasure& erasure) {
    return json(
               {{"row", erasure.row}, {"elsewhere", erasure.elsewhere}, {"others", erasure.others}})
        .dump();
}

/// Errors: body-bad.
Result<store::AuditErasure> erasure_from(const store::Approval& approval) {
    const json content = json::parse(approval.content, nullptr, false);
    const auto others = content.is_object() ? content.find("others") : content.end();
    if (others == content.end() || !others->is_array()) {
        return fail(Code::body_bad, {}, "not the content of an erasure");
    }
    return store::AuditErasure{content.at("row").get<std::int64_t>(),
                               content.at("elsewhere").get<bool>(),
                               others->get<std::vector<std::int64_t>>()};
}

/// Errors: not-found (also what the person does not see), and those of store::audit_erasure.
Result<store::AuditErasure> erasure_asked(const Services& services, const Request& request,
                                          std::int64_t id, bool elsewhere, std::string_view why) {
    Result<store::ReadPool::Borrowed> session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const std::optional<store::AuditRow> row = store::audit_row(**session, id);
    const views::Sight sight = sight_of(services, request, Permission::audit_review);
    if (!row || !RecordSight(**session, sight, Permission::audit_review).sees(*row)) {
        return fail(Code::not_found, Place{fmt::format("audit:{}", id)});
    }
    return store::audit_erasure(**session, id, elsewhere, why);
}

/// Errors: those of erasure_asked and store::ask_approval.
Result<Response> ask_to_erase(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    const Result<json> body = request.json();
    if (!id || !body) {
        return tl::unexpected(!id ? id.error() : body.error());
    }
    const store::Act act = request.act(Permission::audit_review, *body);
    const auto elsewhere = body->find("elsewhere");
    if (elsewhere != body->end() && !elsewhere->is_boolean()) {
        return fail(Code::body_bad, Place{"elsewhere"}, "true or false");
    }
    // The trail is looked through before the store is written to: messages wait for that.
    const Result<store::AuditErasure> erasure = erasure_asked(
        services, request, *id, elsewhere == body->end() || elsewhere->get<bool>(), act.reason);
    if (!erasure) {
        return tl::unexpected(erasure.error());
    }
    store::Desk desk(services.writer);
    const Result<std::int64_t> asked = store::ask_approval(desk, act,
                                                           {std::string(kErase),
                                                            std::to_string(*id),
                                                            erasure_content(*erasure),
                                                            {},
                                                            request.who.account});
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    desk.commit();
    return answer({{"approval", *asked}, {"row", *id}, {"others", erasure->others}}, 202);
}

}  // namespace

void add_audit_routes(Router& router, const Services& services, Signing& signing,
                      ApprovalActions& actions) {
    ApprovalAction erase;
    // Where another row holds the text by now, or one does not any more, it is asked for anew.
    erase.content = [](store::Desk& desk, const store::Approval& approval) -> Result<std::string> {
        const Result<store::AuditErasure> asked = erasure_from(approval);
        if (!asked) {
            return std::string();
        }
        return store::audit_erasure_now(desk, *asked, approval.asked_at, approval.reason)
            .map(erasure_content);
    };
    erase.apply = [](store::Desk& desk, const store::Act& act,
                     const store::Approval& approval) -> Result<void> {
        const Result<store::AuditErasure> asked = erasure_from(approval);
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        store::Act both = act;
        both.reason = approval.reason;
        return store::erase_audit_texts(desk, both, approval.asker, *asked);
    };
    actions.on(kErase, std::move(erase));

    const std::vector<Parameter> filters = {
        {"from", "From this time"},
        {"to", "Before this time"},
        {"actor", "An account, a command, or a part of the engine"},
        {"kind", "One of /audit/kinds"},
        {"object", "`problem` or `problem:12`"},
        {"q", "Text in what, reason, object or actor"},
    };
    std::vector<Parameter> paged = filters;
    paged.push_back({"limit", "1 to 500", "integer"});
    paged.push_back({"after", "Cursor of the page before"});
    std::vector<Parameter> of_file = filters;
    of_file.push_back({"format", "csv, json or html"});
    router.add({Method::get,
                "/audit",
                Access::within(Permission::audit_view),
                "The audit trail, newest first",
                paged,
                {},
                {},
                [services](const Request& request) { return list(services, request); }});
    router.add({Method::get,
                "/audit/kinds",
                Access::within(Permission::audit_view),
                "The kinds of rows that there are",
                {},
                {},
                R"({"type":"object","required":["items"],"properties":{"items":{"type":"array"}}})",
                [](const Request& request) { return kinds(request); }});
    router.add({Method::get,
                "/audit/verify",
                Access::within(Permission::audit_view),
                "Recomputes the chains and compares the anchors",
                {},
                {},
                {},
                [services](const Request& request) { return verify(services, request); }});
    router.add({Method::get,
                "/audit/export",
                Access::within(Permission::audit_export),
                "The audit trail as a file; the export is audited itself",
                of_file,
                {},
                {},
                [services](const Request& request) { return export_file(services, request); }});
    router.add({Method::get,
                "/audit/reviews",
                Access::within(Permission::audit_view),
                "Which periods were looked through, by whom",
                {{"limit", "1 to 500", "integer"}, {"after", "Cursor of the page before"}},
                {},
                {},
                [services](const Request& request) { return reviews(services, request); }});
    router.add({Method::post,
                "/audit/reviews",
                Access::of(Permission::audit_review),
                "Records by signature that a period was looked through",
                {},
                {},
                {},
                [services, &signing](const Request& request) {
                    return review(services, signing, request);
                }});
    router.add(
        {Method::post,
         "/audit/{id}/erase",
         Access::within(Permission::audit_review),
         "Asks a second person to erase personal data from a row, and from every other row "
         "that holds it",
         {},
         R"({"type":"object","required":["reason"],"properties":{"reason":{"type":"string"},)"
         R"("elsewhere":{"type":"boolean","description":"false: in rows of the same act only)"
         R"("}}})",
         R"({"type":"object","required":["approval","row","others"]})",
         [services](const Request& request) { return ask_to_erase(services, request); }});
}

}  // namespace labrelay::api
