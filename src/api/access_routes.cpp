#include "labrelay/api/access_routes.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "body.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/access_review.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/views/access.hpp"
#include "reading.hpp"
#include "record_sight.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;
using std::chrono::days;
using std::chrono::microseconds;

constexpr std::size_t kAtOnce = 500;
constexpr const char* kReviewSchema =
    R"({"type":"object","required":["id","at","actor","seen_sha256","finding","signature"]})";

std::vector<store::Account> all_accounts(store::ReadSession& reads) {
    std::vector<store::Account> all;
    std::vector<store::Account> page;
    do {
        page = store::accounts(reads, all.empty() ? 0 : all.back().id, kAtOnce);
        all.insert(all.end(), page.begin(), page.end());
    } while (page.size() == kAtOnce);
    return all;
}

/// What is to be looked through, with what helps to judge it.
Result<Response> current(const Services& services, days each, const Request& request) {
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        const json seen = views::access_to_review(all_accounts(reads));
        ordered_json accounts = ordered_json::array();
        for (const json& account : seen) {
            ordered_json shown = ordered_json::parse(account.dump());
            const auto at = store::last_sign_in(reads, account["name"].get<std::string>());
            shown["last_sign_in"] = at ? ordered_json(to_iso(*at)) : ordered_json();
            accounts.push_back(std::move(shown));
        }
        const auto since = store::access_reviewed_since(reads);
        const bool due =
            each.count() > 0 && since &&
            request.at.microseconds - since->microseconds >= microseconds(each).count();
        return answer({{"accounts", std::move(accounts)},
                       {"sha256", crypto::to_hex(store::content_digest(seen))},
                       {"since", since ? ordered_json(to_iso(*since)) : ordered_json()},
                       {"each_days", each.count()},
                       {"due", due}});
    });
}

Result<Response> list(const Services& services, const Request& request) {
    const Result<PageAsked> asked = request.page_asked();
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        const auto rows = store::access_reviews(reads, asked->after, asked->limit);
        ordered_json items = ordered_json::array();
        for (const store::AccessReview& review : rows) {
            items.push_back(views::access_review_json(review));
        }
        return page(std::move(items),
                    rows.size() == asked->limit ? std::to_string(rows.back().id) : "");
    });
}

Result<Response> one(const Services& services, const Request& request) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return tl::unexpected(id.error());
    }
    const auto found = with_reads(
        services, [&](store::ReadSession& reads) { return store::access_review(reads, *id); });
    if (!found) {
        return fail(Code::not_found, Place{"access-review"});
    }
    ordered_json made = views::access_review_json(*found);
    made["accounts"] = ordered_json::parse(found->seen);
    return answer(made);
}

Result<Response> record(const Services& services, Signing& signing, const Request& request) {
    const Result<json> body = request.json();
    if (!body) {
        return tl::unexpected(body.error());
    }
    store::AccessReview review;
    review.finding = text_of(*body, "finding");
    const std::string looked_at = text_of(*body, "seen");
    if (looked_at.empty()) {
        return fail(Code::precondition_needed, Place{"seen"});
    }
    if (review.finding.empty()) {
        return fail(Code::reason_needed, Place{"finding"});
    }
    const Result<EnterSignature> sign = signing.confirm(request, *body);
    if (!sign) {
        return tl::unexpected(sign.error());
    }
    store::Desk desk(services.writer);
    const json seen = views::access_to_review(store::accounts(desk));
    review.digest = store::content_digest(seen);
    if (crypto::to_hex(review.digest) != looked_at) {
        return fail(Code::precondition_failed, Place{"seen"});
    }
    review.seen = store::canonical_form(seen);
    review.signature = (*sign)(desk, "access-review", looked_at,
                               {{"seen_sha256", looked_at}, {"finding", review.finding}});
    review.id =
        store::record_access_review(desk, request.act(Permission::access_review, *body), review);
    desk.commit();
    return answer({{"id", review.id}, {"signature", review.signature}}, 201);
}

/// A month of the calendar, in UTC.
struct Month {
    std::string name;  ///< 2026-11
    store::AuditFilter filter;
};

/// Errors: parameter-bad.
Result<Month> month_of(const Request& request) {
    using namespace std::chrono;
    constexpr std::size_t kLength = 7;
    Month month;
    month.name = request.asked("month").empty() ? to_iso(request.at).substr(0, kLength)
                                                : std::string(request.asked("month"));
    const auto first = month.name.size() == kLength ? instant_from(month.name + "-01", "month")
                                                    : instant_from("x", "month");
    if (!first || !*first) {
        return fail(Code::parameter_bad, Place{"month"}, "YYYY-MM");
    }
    const sys_days begins{
        floor<days>(sys_time<microseconds>(microseconds((**first).microseconds)))};
    const sys_days ends{year_month_day(begins) + months(1)};
    month.filter.from = **first;
    month.filter.until = Instant{microseconds(ends.time_since_epoch()).count()};
    month.filter.kind = "identity";
    return month;
}

/// Those that the person sees, as they may read them.
template <class Use>
void each_reveal(store::ReadSession& reads, const views::Sight& sight, Permission permission,
                 const store::AuditFilter& filter, const Use& use) {
    RecordSight records(reads, sight, permission);
    std::int64_t before = 0;
    do {
        const store::AuditPage found = store::audit_rows(reads, filter, before, kAtOnce);
        for (const store::AuditRow& row : found.rows) {
            if (records.sees(row)) {
                use(records.shown(row));
            }
        }
        before = found.next;
    } while (before != 0);
}

Result<Response> reveals(const Services& services, const Request& request) {
    const Result<Month> month = month_of(request);
    if (!month) {
        return tl::unexpected(month.error());
    }
    return with_reads(services, [&](store::ReadSession& reads) -> Result<Response> {
        views::RevealCount count;
        each_reveal(reads, sight_of(services, request, Permission::audit_view),
                    Permission::audit_view, month->filter,
                    [&](const store::AuditRow& row) { count.add(row); });
        return answer({{"month", month->name}, {"total", count.total()}, {"items", count.json()}});
    });
}

Result<Response> reveal_file(const Services& services, const Request& request) {
    const Result<Month> month = month_of(request);
    if (!month) {
        return tl::unexpected(month.error());
    }
    const bool html = request.asked("format") == "html";
    if (!html && !request.asked("format").empty() && request.asked("format") != "csv") {
        return fail(Code::parameter_bad, Place{"format"}, "csv or html");
    }
    store::audit_alone(
        services.writer, request.act(Permission::audit_export, json::object()),
        {"export",
         "the report of identity seen was taken away as a file",
         "audit",
         month->name,
         {},
         ordered_json({{"format", html ? "html" : "csv"}, {"month", month->name}}).dump()});
    auto session = std::make_shared<Result<store::ReadPool::Borrowed>>(services.reads.borrow());
    if (!*session) {
        return tl::unexpected(session->error());
    }
    Response made;
    made.content_type = html ? "text/html; charset=utf-8" : "text/csv; charset=utf-8";
    made.headers.emplace_back("Content-Disposition",
                              fmt::format("attachment; filename=\"identity-seen-{}.{}\"",
                                          month->name, html ? "html" : "csv"));
    const std::string about =
        fmt::format("Taken by {} at {}.", request.who.name, to_iso(request.at));
    made.stream = [session, services, request, month = *month, html, about](std::ostream& out) {
        views::RevealCount count;
        out << (html ? views::reveal_html_head(month.name, about) : views::reveal_csv_head());
        try {
            each_reveal(
                ***session, sight_of(services, request, Permission::audit_export),
                Permission::audit_export, month.filter, [&](const store::AuditRow& row) {
                    count.add(row);
                    out << (html ? views::reveal_html_row(row) : views::reveal_csv_line(row));
                });
        } catch (const pipeline::StoreFault&) {
            out << "\nINCOMPLETE: the store could not be read to the end.\n";
            throw;
        }
        out << (html ? count.html() : count.csv());
    };
    return made;
}

}  // namespace

void add_access_routes(Router& router, const Services& services, Signing& signing, days each) {
    const Access view = Access::of(Permission::accounts_view);
    const Parameter month{"month", "YYYY-MM; this month where it is not given"};
    router.add(
        {Method::get,
         "/access/review",
         view,
         "Accounts and roles as they are to be looked through, with the digest to sign for",
         {},
         {},
         R"({"type":"object","required":["accounts","sha256","since","each_days",
"due"]})",
         [&services, each](const Request& request) { return current(services, each, request); }});
    router.add({Method::get,
                "/access/reviews",
                view,
                "Who reviewed access when, and found what",
                {{"limit", "1 to 500", "integer"}, {"after", "cursor"}},
                {},
                R"({"type":"object","required":["items","next"]})",
                [&services](const Request& request) { return list(services, request); }});
    router.add({Method::get,
                "/access/reviews/{id}",
                view,
                "A review with the accounts and roles that it was about",
                {},
                {},
                kReviewSchema,
                [&services](const Request& request) { return one(services, request); }});
    router.add({Method::post,
                "/access/reviews",
                Access::of(Permission::access_review),
                "Records by signature that accounts and roles were reviewed",
                {},
                R"({"type":"object","required":["seen","finding","signature"],"properties":{"seen":{
"type":"string","description":"sha256 of what was looked at"},"finding":{"type":"string"}}})",
                R"({"type":"object","required":["id","signature"]})",
                [&services, &signing](const Request& request) {
                    return record(services, signing, request);
                }});
    router.add({Method::get,
                "/reveals",
                Access::of(Permission::audit_view),
                "Who saw identity in a month, how often and why",
                {month},
                {},
                R"({"type":"object","required":["month","total","items"]})",
                [&services](const Request& request) { return reveals(services, request); }});
    router.add({Method::get,
                "/reveals/file",
                Access::of(Permission::audit_export),
                "The same as a file, each time of its own",
                {month, {"format", "csv or html"}},
                {},
                {},
                [&services](const Request& request) { return reveal_file(services, request); }});
}

}  // namespace labrelay::api
