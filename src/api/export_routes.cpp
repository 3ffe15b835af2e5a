#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "labrelay/api/site_query_routes.hpp"
#include "labrelay/api/study_end.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/subject_page.hpp"
#include "labrelay/views/file_text.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/query_file.hpp"
#include "labrelay/views/subject_page.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using security::Permission;

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr std::size_t kQueriesAtOnce = 500;
constexpr std::array<std::string_view, 4> kFormats{"csv", "json", "ndjson", "xpt"};
constexpr std::array<study::SdtmDomain, 4> kDomains{study::SdtmDomain::lb, study::SdtmDomain::cp,
                                                    study::SdtmDomain::mb, study::SdtmDomain::is};

/// A study with what of it the person may take away.
struct Takes {
    const study::StudyDefinition* study = nullptr;
    std::set<std::string> sites;  ///< empty: all
};

std::optional<Takes> takes_of(const views::Sight& sight, const study::StudyDefinition& study) {
    Takes takes{&study, {}};
    if (sight.who().may(Permission::results_export, study.id, "")) {
        return takes;
    }
    for (const study::Site& site : study.sites) {
        if (sight.who().may(Permission::results_export, study.id, site.id)) {
            takes.sites.insert(site.id);
        }
    }
    return takes.sites.empty() ? std::nullopt : std::optional(std::move(takes));
}

/// Errors: not-found, also where the person may take nothing of it away.
Result<Takes> asked_study(const views::Sight& sight, const Request& request) {
    const study::StudyDefinition* study =
        sight.configuration().rules().study(request.asked("study"));
    std::optional<Takes> takes = study == nullptr ? std::nullopt : takes_of(sight, *study);
    if (!takes) {
        return fail(Code::not_found, Place{"study"});
    }
    return std::move(*takes);
}

std::set<std::string> closed_analytes(const views::Sight& sight, const std::string& study) {
    std::set<std::string> closed;
    for (const study::Analyte& analyte : sight.configuration().rules().analytes) {
        if (sight.is_closed(study, analyte.key)) {
            closed.insert(analyte.key);
        }
    }
    return closed;
}

/// Entered before the first byte goes.
void audit(const Services& services, const Request& request, std::string_view what,
           const std::string& study, const ordered_json& after) {
    store::audit_alone(services.writer, request.act(Permission::results_export, json::object()),
                       {"export", what, "study", study, {}, after.dump()});
}

std::pair<std::string, std::string> attachment(const std::string& name) {
    return {"Content-Disposition", fmt::format("attachment; filename=\"{}\"", name)};
}

Result<Response> offered(const Services& services, const Request& request) {
    const views::Sight sight = sight_of(services, request, Permission::results_export);
    ordered_json items = ordered_json::array();
    for (const study::StudyDefinition& study : sight.configuration().rules().studies) {
        if (!takes_of(sight, study)) {
            continue;
        }
        ordered_json domains = ordered_json::array();
        for (const study::SdtmDomain domain : kDomains) {
            const bool has =
                study.sdtm && std::ranges::any_of(study.sdtm->terms, [&](const auto& term) {
                    return term.domain == domain && !sight.is_closed(study.id, term.analyte);
                });
            if (has) {
                domains.push_back(study::to_string(domain));
            }
        }
        items.push_back({{"study", study.id},
                         {"name", study.name},
                         {"domains", std::move(domains)},
                         {"formats", kFormats},
                         {"odm", study.odm.has_value()}});
    }
    return answer({{"items", std::move(items)}});
}

/// Sends what stands in the file, piece by piece.
Response sent(ExportedResults&& file, const std::string& name) {
    Response made;
    made.content_type = file.content_type;
    made.headers.push_back(attachment(name));
    made.headers.emplace_back("X-Labrelay-Rows", std::to_string(file.rows));
    made.headers.emplace_back("X-Labrelay-SHA256", file.sha256);
    made.stream = [bytes = std::move(file.bytes)](std::ostream& out) {
        std::string piece(kPiece, '\0');
        while (out.good()) {
            bytes->read(piece.data(), static_cast<std::streamsize>(piece.size()));
            if (bytes->gcount() == 0) {
                break;
            }
            out.write(piece.data(), bytes->gcount());
        }
    };
    return made;
}

Result<Response> take(const Services& services, StudyEndPort& port, const Request& request,
                      ExportOrder order) {
    const views::Sight sight = sight_of(services, request, Permission::results_export);
    const Result<Takes> takes = asked_study(sight, request);
    if (!takes) {
        return tl::unexpected(takes.error());
    }
    order.study = takes->study->id;
    order.sites = takes->sites;
    order.closed = closed_analytes(sight, order.study);
    Result<ExportedResults> file = port.export_results(order);
    if (!file) {
        return tl::unexpected(file.error());
    }
    audit(services, request, "results were taken away as a file", order.study,
          {{"format", order.format},
           {"domain", order.domain},
           {"rows", file->rows},
           {"bytes", file->size},
           {"sha256", file->sha256},
           {"sites", order.sites},
           {"whole", order.closed.empty() && order.sites.empty()}});
    const std::string name = order.study + "-" + file->name;
    return sent(std::move(*file), name);
}

Result<Response> sdtm(const Services& services, StudyEndPort& port, const Request& request) {
    ExportOrder order;
    order.format = request.asked("format").empty() ? "csv" : request.asked("format");
    order.domain = request.asked("domain");
    const bool known_domain = std::ranges::any_of(kDomains, [&](study::SdtmDomain domain) {
        return study::to_string(domain) == order.domain;
    });
    if (std::ranges::find(kFormats, order.format) == kFormats.end() || !known_domain) {
        return fail(Code::parameter_bad, Place{"format, domain"},
                    "csv, json, ndjson or xpt; LB, CP, MB or IS");
    }
    return take(services, port, request, std::move(order));
}

Result<Response> odm(const Services& services, StudyEndPort& port, const Request& request) {
    ExportOrder order;
    order.format = "odm";
    order.snapshot = request.asked("snapshot") == "yes";
    return take(services, port, request, std::move(order));
}

/// A stream that says in the file where it is not whole.
std::function<void(std::ostream&)> honest(std::function<void(std::ostream&)> write) {
    return [write = std::move(write)](std::ostream& out) {
        try {
            write(out);
        } catch (const pipeline::StoreFault&) {
            out << "\nINCOMPLETE: the store could not be read to the end.\n";
            throw;
        }
    };
}

/// What goes on after the handler has returned: the request's principal lives as long as this.
struct Taking {
    Taking(const Services& services, const Request& request)
        : who(request.who),
          at(request.at),
          session(services.reads.borrow()),
          sight(who, Permission::results_export, services.snapshots.configuration(),
                services.snapshots.registry()) {}
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;

    security::Principal who;
    Instant at;
    Result<store::ReadPool::Borrowed> session;
    views::Sight sight;
};

std::vector<std::string> outstanding_cells(const study::StudyDefinition& study,
                                           const std::string& site, const views::Outstanding& one,
                                           const std::string& label) {
    const ordered_json item = views::outstanding_json(one, label);
    const auto text = [&](const char* name) {
        return item[name].is_string() ? item[name].get<std::string>() : std::string();
    };
    return {study.id,        site,         label,         text("visit"),  text("kind"), text("id"),
            text("analyte"), text("text"), text("since"), text("problem")};
}

void write_outstanding(Taking& taking, const Takes& takes, std::ostream& out) {
    store::ReadSession& reads = **taking.session;
    out << views::csv_line(
        {"study", "site", "subject", "visit", "kind", "id", "analyte", "what", "since", "problem"});
    for (const study::Subject* subject : taking.sight.registry().all_subjects()) {
        if (!out.good()) {
            return;
        }
        if (subject->study != takes.study->id || !taking.sight.sees(*subject)) {
            continue;
        }
        for (const views::Outstanding& one : views::outstanding_at(
                 *subject, *takes.study, store::subject_standing(reads, *subject),
                 store::held_at(reads, subject->id, taking.at),
                 store::notices_at(reads, subject->id, taking.at), taking.at, taking.sight)) {
            out << views::csv_line(
                outstanding_cells(*takes.study, subject->site, one, subject->label()));
        }
    }
    for (const study::OpenProblem& open : store::problems_of_nobody(reads)) {
        auto read = store::board_problem(reads, ProblemId{open.id});
        if (!read || !taking.sight.sees_unplaced(read->source) ||
            !views::seen(std::move(*read), taking.sight)) {
            continue;
        }
        for (const study::OutstandingItem& item : study::outstanding_of({&open, 1})) {
            out << views::csv_line(
                outstanding_cells(*takes.study, "", {item, {}, ProblemId{open.id}}, ""));
        }
    }
}

Result<Response> outstanding(const Services& services, const Request& request) {
    const auto taking = std::make_shared<Taking>(services, request);
    if (!taking->session) {
        return tl::unexpected(taking->session.error());
    }
    Result<Takes> takes = asked_study(taking->sight, request);
    if (!takes) {
        return tl::unexpected(takes.error());
    }
    audit(services, request, "the list of what is outstanding was taken away as a file",
          takes->study->id, {{"format", "csv"}, {"sites", takes->sites}});
    Response made;
    made.content_type = "text/csv; charset=utf-8";
    made.headers.push_back(attachment(takes->study->id + "-outstanding.csv"));
    made.stream = honest([taking, takes = std::move(*takes)](std::ostream& out) {
        write_outstanding(*taking, takes, out);
    });
    return made;
}

/// Nothing that names an analyte which is closed to the person.
bool tells_closed(const store::SiteQuery& query, const views::Sight& sight) {
    return sight.names_closed(query.text) ||
           std::ranges::any_of(query.facts, [&](const store::SiteQueryFact& fact) {
               return sight.names_closed(fact.text);
           });
}

/// Those of the study, or of no subject where `study` is asked as a whole.
void each_query(Taking& taking, const Request& request, const store::SiteQueryFilter& filter,
                const std::function<bool(const store::SiteQuery&)>& use) {
    std::int64_t before = 0;
    std::vector<store::SiteQuery> page;
    do {
        page = store::site_queries(**taking.session, filter, before, kQueriesAtOnce);
        for (const store::SiteQuery& query : page) {
            before = query.id;
            if (may_see_query(**taking.session, request, taking.sight, Permission::problems_view,
                              query) &&
                !tells_closed(query, taking.sight) && !use(query)) {
                return;
            }
        }
    } while (page.size() == kQueriesAtOnce);
}

void write_queries_csv(Taking& taking, const Request& request, const Takes& takes,
                       std::ostream& out) {
    out << views::query_csv_head();
    each_query(taking, request, {}, [&](const store::SiteQuery& query) {
        const study::Subject* subject = taking.sight.registry().subject(query.subject);
        const bool wanted = subject == nullptr
                                ? takes.sites.empty()
                                : subject->study == takes.study->id && taking.sight.sees(*subject);
        if (wanted) {
            out << views::query_csv_line(query, subject);
        }
        return out.good();
    });
}

void write_queries_odm(Taking& taking, const Request& request, const Takes& takes,
                       std::ostream& out) {
    const study::OdmMap& map = *takes.study->odm;
    out << views::query_odm_opening({map, taking.at, LABRELAY_VERSION});
    for (const study::Subject* subject : taking.sight.registry().all_subjects()) {
        if (!out.good()) {
            return;
        }
        if (subject->study != takes.study->id || !taking.sight.sees(*subject)) {
            continue;
        }
        const study::OdmSite* site = map.site(subject->site);
        std::vector<store::SiteQuery> queries;
        store::SiteQueryFilter filter;
        filter.subject = subject->id;
        each_query(taking, request, filter, [&](const store::SiteQuery& query) {
            queries.push_back(query);
            return true;
        });
        out << views::query_odm_subject(*subject, site == nullptr ? subject->site : site->oid,
                                        queries);
    }
    out << views::query_odm_closing();
}

Result<Response> queries(const Services& services, const Request& request) {
    const std::string_view format =
        request.asked("format").empty() ? "csv" : request.asked("format");
    if (format != "csv" && format != "odm") {
        return fail(Code::parameter_bad, Place{"format"}, "csv or odm");
    }
    const auto taking = std::make_shared<Taking>(services, request);
    if (!taking->session) {
        return tl::unexpected(taking->session.error());
    }
    Result<Takes> takes = asked_study(taking->sight, request);
    if (!takes) {
        return tl::unexpected(takes.error());
    }
    const bool as_odm = format == "odm";
    if (as_odm && !takes->study->odm) {
        return fail(Code::export_not_configured, Place{takes->study->id}, "<odm> is missing.");
    }
    audit(services, request, "queries were taken away as a file", takes->study->id,
          {{"format", std::string(format)}, {"sites", takes->sites}});
    Response made;
    made.content_type = as_odm ? "application/xml" : "text/csv; charset=utf-8";
    made.headers.push_back(
        attachment(takes->study->id + (as_odm ? "-queries.xml" : "-queries.csv")));
    Request asks;
    asks.who = request.who;
    made.stream = honest([taking, asks, as_odm, takes = std::move(*takes)](std::ostream& out) {
        (as_odm ? write_queries_odm : write_queries_csv)(*taking, asks, takes, out);
    });
    return made;
}

}  // namespace

void add_export_routes(Router& router, const Services& services, StudyEndPort& port) {
    const Access access = Access::within(Permission::results_export);
    const Parameter study{"study", "id of a study", "string", true};
    router.add({Method::get,
                "/exports",
                access,
                "What may be taken away as files, by study",
                {},
                {},
                R"({"type":"object","required":["items"]})",
                [services](const Request& request) { return offered(services, request); }});
    router.add(
        {Method::get,
         "/exports/sdtm",
         access,
         "A data set of CDISC SDTM; what is closed to the person is not in it",
         {study,
          {"domain", "LB, CP, MB or IS", "string", true},
          {"format", "csv, json (Dataset-JSON 1.1), ndjson or xpt"}},
         {},
         {},
         [services, &port](const Request& request) { return sdtm(services, port, request); }});
    router.add(
        {Method::get,
         "/exports/odm",
         access,
         "CDISC ODM 1.3.2",
         {study, {"snapshot", "yes: what holds now, without transactions"}},
         {},
         {},
         [services, &port](const Request& request) { return odm(services, port, request); }});
    router.add({Method::get,
                "/exports/outstanding",
                access,
                "What is outstanding, as CSV",
                {study},
                {},
                {},
                [services](const Request& request) { return outstanding(services, request); }});
    router.add({Method::get,
                "/exports/queries",
                access,
                "Questions to sites and laboratories, as CSV or as annotations of ODM 1.3.2",
                {study, {"format", "csv or odm"}},
                {},
                {},
                [services](const Request& request) { return queries(services, request); }});
}

}  // namespace labrelay::api
