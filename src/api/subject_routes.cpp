#include "labrelay/api/subject_routes.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/subject_page.hpp"
#include "labrelay/store/subject_query.hpp"
#include "labrelay/views/eligibility.hpp"
#include "labrelay/views/expected.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/result_page.hpp"
#include "labrelay/views/subject_page.hpp"
#include "labrelay/views/target_words.hpp"
#include "patient_places.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;

constexpr const char* kListSchema = R"({"type":"object","required":["items","visits","marks","next",
"total"],"properties":{"items":{"type":"array","items":{"type":"object","required":["id","label",
"study","site","status","eligibility","day0","cells"],"properties":{"cells":{"type":"object",
"additionalProperties":{"type":"object","required":["state","lock","marks","days_left"],"properties":{
"state":{"enum":["stored","held","missing","waiting","out of window","locked","not expected"]}}}}}}},
"visits":{"type":"array"},"next":{"type":["string","null"]},"total":{"type":["integer","null"]}}})";
constexpr const char* kSubjectSchema = R"({"type":"object","required":["id","label","study","site",
"status","dates","identity","eligibility","visits","doses","results","problems","notices","locks"],
"properties":{"identity":{"type":"object","required":["masked","identifiers","sex","birth_date"]},
"eligibility":{"type":"object","required":["answer","criteria"]},"results":{"type":"array","items":{
"type":"object","required":["result_id","visit","visit_kind","role","study_day","analyte",
"analyte_name","value_reported","unit_reported","value_text","value_num","unit","result_state",
"status","version","versions","delivery","lineage_id","source"]}}}})";
constexpr const char* kSeriesSchema = R"({"type":"object","required":["visits","doses","series"],
"properties":{"series":{"type":"array","items":{"type":"object","required":["analyte","name","unit",
"log","lloq","thresholds","points"]}}}})";
constexpr const char* kLineageSchema = R"({"type":"object","required":["result_id","steps",
"message_id"],"properties":{"steps":{"type":"array","items":{"type":"object","required":["kind",
"title","title_sentences","text","sentences","rule","read","place","offset","length"],"properties":{
"kind":{"enum":["bytes","segment","rule","decision","version","placement","delivery"]},
"sentences":{"type":"array","items":{"type":"object","required":["key","parameters"]}},
"read":{"type":"array","items":{"type":"object","required":["place","offset","length"],
"properties":{"place":{"type":"string"},"offset":{"type":["integer","null"]},
"length":{"type":["integer","null"]}}}}}}}}})";
constexpr const char* kOutstandingSchema =
    R"({"type":"object","required":["as_of","items","counts"],
"properties":{"as_of":{"type":"string"},"items":{"type":"array","items":{"type":"object","required":
["kind","subject","visit","analyte","text","since","problem"]}},"counts":{"type":"object"}}})";
constexpr const char* kExpectedSchema =
    R"({"type":"object","required":["items"],"properties":{"items":{"type":"array"}}})";
constexpr const char* kEligibilitySchema =
    R"({"type":"object","required":["study","subject","overall","criteria"]})";
constexpr const char* kRevealTakes =
    R"({"type":"object","required":["reason"],"properties":{"reason":{"type":"string"}}})";
constexpr const char* kRevealGives =
    R"({"type":"object","required":["until"],"properties":{"until":{"type":"string"}}})";

/// What a subject's row is computed from, nothing closed in it.
struct Standing {
    study::Completeness completeness;
    study::Eligibility eligibility;
};

Standing standing_of(const study::Subject& subject, const study::StudyDefinition& study,
                     study::SubjectState results, std::vector<study::HeldResult> held, Instant now,
                     const views::Sight& sight) {
    Standing standing;
    views::remove_closed(results, subject, sight);
    views::remove_closed(held, subject, sight);
    standing.completeness = study::complete({results, subject, study, now, held});
    views::remove_closed(standing.completeness, subject, sight);
    standing.eligibility = study::evaluate({results, subject, study, {}, held});
    return standing;
}

std::vector<study::ScopeLock> locks_of(const std::vector<study::ScopeLock>& locks,
                                       const study::Subject& subject) {
    std::vector<study::ScopeLock> found;
    std::ranges::copy_if(locks, std::back_inserter(found), [&](const study::ScopeLock& lock) {
        return lock.scope.study == subject.study &&
               (!lock.scope.subject || lock.scope.subject == subject.id);
    });
    return found;
}

/// Subjects of configured studies that the person sees, by study and label.
std::vector<const study::Subject*> seen_subjects(const views::Sight& sight, std::string_view study,
                                                 std::string_view site, std::string_view words) {
    std::vector<const study::Subject*> found = sight.registry().all_subjects();
    std::erase_if(found, [&](const study::Subject* subject) {
        const bool wanted = (study.empty() || subject->study == study) &&
                            (site.empty() || subject->site == site) &&
                            (words.empty() || subject->label().find(words) != std::string::npos ||
                             subject->screening_no.find(words) != std::string::npos);
        return !wanted || !sight.sees(*subject) ||
               sight.configuration().rules().study(subject->study) == nullptr;
    });
    return found;
}

std::pair<std::string, std::string> key_of(const study::Subject& subject) {
    return {subject.study, subject.label()};
}

Result<Response> list(const Services& services, const Request& request) {
    const Result<std::size_t> limit = request.limit();
    if (!limit) {
        return tl::unexpected(limit.error());
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    const auto subjects =
        seen_subjects(sight, request.asked("study"), request.asked("site"), request.asked("q"));
    auto at = subjects.begin();
    if (const std::string_view after = request.asked("after"); !after.empty()) {
        const std::size_t slash = after.find('/');
        if (slash == std::string_view::npos) {
            return fail(Code::parameter_bad, Place{"after"});
        }
        const std::pair last(std::string(after.substr(0, slash)),
                             std::string(after.substr(slash + 1)));
        at = std::ranges::find_if(
            subjects, [&](const study::Subject* subject) { return key_of(*subject) > last; });
    }
    const std::vector<study::ScopeLock> locks = store::locks(**session);
    ordered_json json{{"items", ordered_json::array()},
                      {"visits", ordered_json::array()},
                      {"marks", ordered_json::array()}};
    const study::StudyDefinition* shown = nullptr;
    std::string next;
    for (; at != subjects.end(); ++at) {
        if (json["items"].size() == *limit) {
            const auto [study, label] = key_of(**std::prev(at));
            next = study + "/" + label;
            break;
        }
        const study::Subject& subject = **at;
        const study::StudyDefinition& study = *sight.configuration().rules().study(subject.study);
        shown = shown == nullptr ? &study : shown;
        store::SubjectResults stored = store::subject_results(**session, subject.id);
        const Standing standing = standing_of(subject, study, std::move(stored.results),
                                              std::move(stored.held), request.at, sight);
        json["items"].push_back(
            views::matrix_row_json({subject, study, standing.completeness, standing.eligibility,
                                    locks_of(locks, subject)}));
    }
    if (shown != nullptr) {
        json["visits"] = views::visits_json(*shown);
        json["marks"] = views::marks_json(*shown, sight);
    }
    json["next"] = next.empty() ? ordered_json() : ordered_json(next);
    json["total"] = static_cast<std::int64_t>(subjects.size());
    return answer(json);
}

/// By our id or by a subject or screening number. Errors: not-found.
Result<const study::Subject*> asked_subject(const Request& request, const views::Sight& sight,
                                            const std::string& name = "id") {
    std::vector<const study::Subject*> found;
    if (const Result<std::int64_t> id = request.number(name); id) {
        if (const study::Subject* subject = sight.registry().subject(SubjectId{*id})) {
            found.push_back(subject);
        }
    }
    if (found.empty()) {
        found = sight.registry().subjects_by_number(request.parameter(name));
    }
    std::erase_if(found, [&](const study::Subject* subject) {
        return !sight.sees(*subject) ||
               sight.configuration().rules().study(subject->study) == nullptr;
    });
    if (found.empty()) {
        return fail(Code::not_found, Place{"subject"});
    }
    return found.front();
}

ordered_json problems_of(store::ReadSession& session, const study::Subject& subject,
                         const views::Sight& sight, Instant now) {
    ordered_json problems = ordered_json::array();
    for (const ProblemId id : store::problems_of(session, subject.id)) {
        auto read = store::board_problem(session, id);
        auto problem = read ? views::seen(std::move(*read), sight) : std::nullopt;
        if (problem) {
            problems.push_back(views::problem_json(*problem, views::words_of(*problem, sight),
                                                   views::risk_of(*problem, sight, {}, now), sight,
                                                   now));
        }
    }
    return problems;
}

Result<Response> show(const Services& services, const Request& request) {
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    const auto subject = asked_subject(request, sight);
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    const study::StudyDefinition& study = *sight.configuration().rules().study((*subject)->study);
    const store::SubjectPage subject_page = store::subject_page(**session, (*subject)->id);
    const Standing standing = standing_of(**subject, study, subject_page.standing.results,
                                          subject_page.standing.held, request.at, sight);
    const views::MatrixRow row{**subject, study, standing.completeness, standing.eligibility,
                               subject_page.locks};
    const bool revealed =
        is_revealed(**session, request, "subject:" + std::to_string((*subject)->id.value));
    ordered_json json = views::subject_json(
        {row, subject_page, store::notices_at(**session, (*subject)->id, request.at), revealed},
        sight);
    json["problems"] = problems_of(**session, **subject, sight, request.at);
    return answer(json);
}

std::vector<std::string> words(std::string_view list) {
    std::vector<std::string> found;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (comma > 0) {
            found.emplace_back(list.substr(0, comma));
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return found;
}

Result<Response> series(const Services& services, const Request& request) {
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    const auto subject = asked_subject(request, sight);
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    // The page's names for a ratio and the like are analytes of the study.
    const std::vector<std::string> analytes = words(request.asked("analytes"));
    const store::SubjectPage subject_page = store::subject_page(**session, (*subject)->id);
    return answer(views::series_json(**subject, subject_page, analytes, sight));
}

Result<Response> lineage(const Services& services, PatientPlaces& places, const Request& request) {
    const auto name = views::result_name_from(request.parameter("result_id"));
    if (!name) {
        return fail(Code::not_found, Place{"result"});
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    const study::Subject* subject = sight.registry().subject(name->subject);
    if (subject == nullptr || !sight.sees(*subject)) {
        return fail(Code::not_found, Place{"result"});
    }
    const auto result = store::page_result(**session, name->subject, name->number);
    if (!result ||
        sight.is_closed(subject->study, result->result.record.current_version().analyte)) {
        return fail(Code::not_found, Place{"result"});
    }
    const auto detail =
        store::message(**session, result->result.record.current_version().id.message);
    if (!detail) {
        return fail(Code::not_found, Place{"result"});
    }
    const views::ShownMessage shown(*detail, sight, false, places.of(**session, *detail, sight));
    auto deliveries = store::deliveries_of(**session, name->subject, name->number);
    for (store::ResultDelivery& delivery : deliveries) {
        delivery.why = views::target_words(delivery.why, name->subject, sight);
    }
    return answer(views::lineage_json(*result, *detail, shown, deliveries, sight));
}

/// What was not here yet, or not known yet, is taken out.
void keep_known(study::SubjectState& state, const store::SubjectPage& page, Instant at) {
    const std::string until = to_iso(at);
    std::erase_if(state.results, [&](const study::ResultRecord& record) {
        const auto shown =
            std::ranges::find(page.results, record.number,
                              [](const store::PageResult& one) { return one.result.number; });
        return shown == page.results.end() || shown->result.received_at.empty() ||
               std::ranges::none_of(shown->result.received_at,
                                    [&](const std::string& received) { return received <= until; });
    });
}

Result<Response> outstanding(const Services& services, const Request& request) {
    const auto as_of = instant_of(request, "as_of");
    if (!as_of) {
        return tl::unexpected(as_of.error());
    }
    const Instant at = as_of->value_or(request.at);
    const bool past = at < request.at;
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    ordered_json items = ordered_json::array();
    std::map<std::string, std::int64_t> counts;
    const auto add = [&](const views::Outstanding& one, std::string_view subject) {
        ordered_json json = views::outstanding_json(one, subject);
        ++counts[json["kind"].get<std::string>()];
        items.push_back(std::move(json));
    };
    const std::string_view asked_study = request.asked("study");
    for (const study::Subject* subject :
         seen_subjects(sight, asked_study, request.asked("site"), request.asked("subject"))) {
        const study::StudyDefinition& study = *sight.configuration().rules().study(subject->study);
        study::SubjectStanding standing;
        if (past) {
            // Deliveries and post-lock items say nothing of their past: those of now are not shown.
            const store::SubjectPage known = store::subject_page(**session, subject->id);
            standing.results = known.standing.results;
            keep_known(standing.results, known, at);
        } else {
            standing = store::subject_standing(**session, *subject);
        }
        for (const views::Outstanding& one : views::outstanding_at(
                 *subject, study, std::move(standing), store::held_at(**session, subject->id, at),
                 store::notices_at(**session, subject->id, at), at, sight)) {
            add(one, subject->label());
        }
    }
    if (!past) {
        for (const study::OpenProblem& open : store::problems_of_nobody(**session)) {
            auto read = store::board_problem(**session, ProblemId{open.id});
            if (!read || !sight.sees_unplaced(read->source) ||
                !views::seen(std::move(*read), sight)) {
                continue;
            }
            for (const study::OutstandingItem& item : study::outstanding_of({&open, 1})) {
                add({item, {}, ProblemId{open.id}}, "");
            }
        }
    }
    return answer({{"as_of", to_iso(at)}, {"items", std::move(items)}, {"counts", counts}});
}

Result<Response> expected(const Services& services, const Request& request) {
    const auto as_of = instant_of(request, "as_of");
    if (!as_of) {
        return tl::unexpected(as_of.error());
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    ordered_json items = ordered_json::array();
    for (const study::Subject* subject :
         seen_subjects(sight, request.asked("study"), {}, request.asked("subject"))) {
        const study::StudyDefinition& study = *sight.configuration().rules().study(subject->study);
        store::SubjectResults stored = store::subject_results(**session, subject->id);
        const Standing standing =
            standing_of(*subject, study, std::move(stored.results), std::move(stored.held),
                        as_of->value_or(request.at), sight);
        std::istringstream lines(
            views::expected_json({*subject, standing.completeness, request.asked("visit")}));
        for (std::string line; std::getline(lines, line);) {
            items.push_back(ordered_json::parse(line));
        }
    }
    return answer({{"items", std::move(items)}});
}

Result<Response> eligibility(const Services& services, const Request& request) {
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::results_view);
    const auto subject = asked_subject(request, sight, "subject");
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    const study::StudyDefinition& study = *sight.configuration().rules().study((*subject)->study);
    store::SubjectResults stored = store::subject_results(**session, (*subject)->id);
    const Standing standing = standing_of(**subject, study, std::move(stored.results),
                                          std::move(stored.held), request.at, sight);
    return answer(ordered_json::parse(
        views::eligibility_json({**subject, standing.eligibility, std::nullopt})));
}

Result<Response> reveal_subject(const Services& services, const Request& request) {
    const views::Sight sight = sight_of(services, request, Permission::identity_reveal);
    const auto subject = asked_subject(request, sight);
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    return reveal(services, request, "subject:" + std::to_string((*subject)->id.value));
}

}  // namespace

void add_subject_routes(Router& router, const Services& services) {
    using Handler = std::function<Result<Response>(const Services&, const Request&)>;
    const auto add = [&](std::string_view path, std::string_view summary,
                         std::vector<Parameter> query, std::string_view gives, Handler handler) {
        router.add(
            {Method::get,
             path,
             Access::within(Permission::results_view),
             summary,
             std::move(query),
             {},
             gives,
             [services, handler](const Request& request) { return handler(services, request); }});
    };
    add("/subjects", "Subjects by visits, with what is there, held and missing",
        {{"study", "id of a study"},
         {"site", "id of a site"},
         {"q", "part of a number"},
         {"limit", "1 to 500", "integer"},
         {"after", "cursor"}},
        kListSchema, list);
    add("/subjects/{id}", "One subject: visits, results, eligibility, locks", {}, kSubjectSchema,
        show);
    add("/subjects/{id}/series", "Results over time, for charts",
        {{"analytes", "keys, by commas", "string", true}}, kSeriesSchema, series);
    add("/results/{result_id}/lineage", "From the bytes to the study database", {}, kLineageSchema,
        [places = std::make_shared<PatientPlaces>()](const Services& reads,
                                                     const Request& request) {
            return lineage(reads, *places, request);
        });
    add("/outstanding", "What is missing, held or undecided, as of any time",
        {{"study", "id of a study"},
         {"site", "id of a site"},
         {"subject", "part of a number"},
         {"as_of", "a day or a time, ISO 8601"}},
        kOutstandingSchema, outstanding);
    add("/expected", "What the schedule expects of each subject and visit",
        {{"study", "id of a study"},
         {"subject", "part of a number"},
         {"visit", "id of a visit"},
         {"as_of", "a day or a time, ISO 8601"}},
        kExpectedSchema, expected);
    add("/eligibility/{subject}", "How a subject stands to the criteria", {}, kEligibilitySchema,
        eligibility);
    router.add({Method::post,
                "/subjects/{id}/reveal",
                Access::within(Permission::identity_reveal),
                "See a subject's identity for fifteen minutes",
                {},
                kRevealTakes,
                kRevealGives,
                [services](const Request& request) { return reveal_subject(services, request); }});
}

}  // namespace labrelay::api
