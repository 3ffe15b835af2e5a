#include "labrelay/api/problem_routes.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "labrelay/store/subject_query.hpp"
#include "labrelay/study/completeness.hpp"
#include "labrelay/views/problem_page.hpp"
#include "reading.hpp"

namespace labrelay::api {
namespace {

using nlohmann::ordered_json;
using security::Permission;
using store::BoardProblem;
using store::ProblemState;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kWeekUs = 7 * 24 * kHourUs;
constexpr std::size_t kMostSubjects = 100;
constexpr std::size_t kSubjectsLookedAt = 20;
constexpr int kMostPages = 20;

constexpr const char* kProblemSchema = R"({"type":"object","required":["id","etag","state","rule",
"rule_number","sentence","sentence_key","parameters","source","object","object_masked","held",
"total","subjects","first","last","age_hours","risk","risk_why","risk_reasons","regressed","sites",
"expected","came","advice","who_can_fix","blocks","repairs","comments","history","queries"],
"properties":{
"id":{"type":"string"},"etag":{"type":"string"},"state":{"enum":["open","in review","resolved",
"dismissed"]},"held":{"type":"integer"},"total":{"type":"integer"},"risk":{"type":"integer",
"minimum":0,"maximum":3},"object_masked":{"type":"boolean"},"blocks":{"type":"object","required":
["subjects","visits","deliveries"]},"repairs":{"type":"array"}}})";
constexpr const char* kListSchema = R"({"type":"object","required":["items","next","total","facets",
"counts"],"properties":{"items":{"type":"array","items":{"type":"object","required":["id","etag",
"state","rule","sentence","source","object","object_masked","held","total","subjects","first",
"last","age_hours","risk","risk_why","risk_reasons"],"properties":{"id":{"type":"string"},"held":{
"type":"integer"},"risk":{"type":"integer","minimum":0,"maximum":3},"risk_reasons":{"type":"array",
"items":{"type":"object","required":["key"],"properties":{"n":{"type":"integer"}}}}}}},
"next":{"type":["string","null"]},
"total":{"type":["integer","null"]},"facets":{"type":"object","required":["source","rule",
"assignee","age"],"additionalProperties":{"type":"array","items":{"type":"object","required":
["value","label","count"]}}},"counts":{"type":"object","required":["open","in_review",
"resolved_week"]}}})";
constexpr const char* kItemsSchema = R"({"type":"object","required":["items","next"],"properties":{
"items":{"type":"array","items":{"type":"object","required":["observation","message_id",
"control_id","source","received_at","place","code","analyte","value_reported","released"]}},
"next":{"type":["string","null"]}}})";

/// The visit windows that end soon, computed again every hour and whenever the registry changes:
/// they need every subject's calendar.
class Windows {
public:
    views::ClosingWindows of(const views::Sight& sight, Instant now) {
        const std::int64_t hour = now.microseconds / kHourUs;
        const std::lock_guard lock(mutex_);
        if (hour != hour_ || sight.registry().stamp() != stamp_ ||
            sight.configuration().hash() != hash_) {
            windows_ = views::closing_windows(sight.configuration().rules(), sight.registry(), now);
            hour_ = hour;
            stamp_ = sight.registry().stamp();
            hash_ = sight.configuration().hash();
        }
        return windows_;
    }

private:
    std::mutex mutex_;
    std::int64_t hour_ = -1;
    std::uint64_t stamp_ = 0;
    std::string hash_;
    views::ClosingWindows windows_;
};

struct Row {
    BoardProblem problem;
    views::ProblemRisk risk;
};

std::string_view age_word(const BoardProblem& problem, Instant now) {
    const std::int64_t hours = (now.microseconds - problem.first.microseconds) / kHourUs;
    if (hours < 24) {
        return "day";
    }
    if (hours < 24 * 7) {
        return "week";
    }
    return hours < 24 * 30 ? "month" : "older";
}

/// Until a time, until it holds so many, or until the first of both.
bool is_snoozed(const BoardProblem& problem, Instant now) {
    return (problem.snoozed_until || problem.snoozed_held) &&
           (!problem.snoozed_until || *problem.snoozed_until > now) &&
           (!problem.snoozed_held || problem.held < *problem.snoozed_held);
}

std::string lower(std::string_view text) {
    std::string made(text);
    std::ranges::transform(made, made.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

/// What a row is counted under, by facet.
struct Facets {
    std::string source;
    std::string rule;
    std::string assignee;
    std::string age;
};

Facets facets_of(const BoardProblem& problem, Instant now) {
    return {problem.source, std::string(key(problem.rule)),
            problem.assignee == 0 ? "none" : std::to_string(problem.assignee),
            std::string(age_word(problem, now))};
}

/// Everything that narrows the list besides the facets.
class Narrowing {
public:
    Narrowing(const Request& request, const views::Sight& sight)
        : study_(request.asked("study")),
          site_(request.asked("site")),
          words_(lower(request.asked("q"))),
          snoozed_(request.asked("snoozed")),
          sight_(sight),
          now_(request.at) {}

    bool keeps(const BoardProblem& problem) const {
        const bool wants_snoozed = !snoozed_.empty() && snoozed_ != "false" && snoozed_ != "0";
        return is_snoozed(problem, now_) == wants_snoozed && fits_place(problem) &&
               fits_words(problem);
    }

private:
    bool fits_place(const BoardProblem& problem) const {
        if (study_.empty() && site_.empty()) {
            return true;
        }
        if (problem.subjects.empty()) {
            const study::StudyDefinition* study = sight_.configuration().rules().study(study_);
            return site_.empty() && study != nullptr && study->accepts_source(problem.source);
        }
        return std::ranges::any_of(problem.subjects, [&](SubjectId id) {
            const study::Subject* subject = sight_.registry().subject(id);
            return subject != nullptr && (study_.empty() || subject->study == study_) &&
                   (site_.empty() || subject->site == site_);
        });
    }
    /// In what is shown, so that nobody finds out by asking what is masked.
    bool fits_words(const BoardProblem& problem) const {
        if (words_.empty()) {
            return true;
        }
        const views::ProblemWords words = views::words_of(problem, sight_);
        return lower(words.sentence).find(words_) != std::string::npos ||
               lower(words.object).find(words_) != std::string::npos ||
               lower(problem.source).find(words_) != std::string::npos;
    }

    std::string study_;
    std::string site_;
    std::string words_;
    std::string snoozed_;
    const views::Sight& sight_;
    Instant now_;
};

struct Count {
    std::string label;
    std::int64_t count = 0;
};

ordered_json counts_json(const std::map<std::string, Count>& counts) {
    std::vector<std::pair<std::string, Count>> sorted(counts.begin(), counts.end());
    std::ranges::stable_sort(sorted, std::greater<>{},
                             [](const auto& entry) { return entry.second.count; });
    ordered_json json = ordered_json::array();
    for (const auto& [value, count] : sorted) {
        json.push_back({{"value", value}, {"label", count.label}, {"count", count.count}});
    }
    return json;
}

std::string age_label(std::string_view age) {
    if (age == "day") {
        return "less than a day";
    }
    if (age == "week") {
        return "less than a week";
    }
    return age == "month" ? "less than 30 days" : "30 days and more";
}

/// Counts each facet over everything but its own choice, and keeps what fits all of them.
class FacetFilter {
public:
    explicit FacetFilter(const Request& request)
        : source_(request.asked("source")),
          rule_(request.asked("rule")),
          assignee_(request.asked("assignee")),
          age_(request.asked("age")),
          now_(request.at) {
        if (assignee_ == "me") {
            assignee_ = std::to_string(request.who.account);
        }
    }

    bool take(const BoardProblem& problem) {
        const Facets facets = facets_of(problem, now_);
        const bool source = source_.empty() || source_ == facets.source;
        const bool rule = rule_.empty() || rule_ == facets.rule;
        const bool assignee = assignee_.empty() || assignee_ == facets.assignee;
        const bool age = age_.empty() || age_ == facets.age;
        if (rule && assignee && age) {
            count(sources_, facets.source,
                  facets.source.empty() ? "not recognised" : facets.source);
        }
        if (source && assignee && age) {
            count(rules_, facets.rule, std::string(entry(problem.rule).text));
        }
        if (source && rule && age) {
            count(assignees_, facets.assignee,
                  problem.assignee == 0 ? "nobody" : problem.assignee_name);
        }
        if (source && rule && assignee) {
            count(ages_, facets.age, age_label(facets.age));
        }
        return source && rule && assignee && age;
    }

    ordered_json json() const {
        return {{"source", counts_json(sources_)},
                {"rule", counts_json(rules_)},
                {"assignee", counts_json(assignees_)},
                {"age", counts_json(ages_)}};
    }

private:
    static void count(std::map<std::string, Count>& counts, const std::string& value,
                      std::string label) {
        Count& one = counts[value];
        one.label = std::move(label);
        ++one.count;
    }

    std::string source_;
    std::string rule_;
    std::string assignee_;
    std::string age_;
    Instant now_;
    std::map<std::string, Count> sources_;
    std::map<std::string, Count> rules_;
    std::map<std::string, Count> assignees_;
    std::map<std::string, Count> ages_;
};

/// What a list is ordered by, as a cursor can say it: least first.
using Order = std::array<std::int64_t, 3>;

Order order_of(const Row& row, std::string_view sort) {
    const BoardProblem& problem = row.problem;
    if (sort == "age") {
        return {problem.first.microseconds, problem.id.value, 0};
    }
    if (sort == "size") {
        return {-problem.held, problem.first.microseconds, problem.id.value};
    }
    return {-row.risk.risk, problem.first.microseconds, problem.id.value};
}

std::string cursor_of(const Order& order) {
    return std::to_string(order[0]) + "." + std::to_string(order[1]) + "." +
           std::to_string(order[2]);
}

std::optional<Order> order_from(std::string_view text) {
    Order order{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::size_t part = 0; part < order.size(); ++part) {
        const auto [rest, error] = std::from_chars(at, end, order[part]);
        if (error != std::errc() || (part < 2 && (rest == end || *rest != '.'))) {
            return std::nullopt;
        }
        at = part < 2 ? rest + 1 : rest;
    }
    return at == end ? std::optional(order) : std::nullopt;
}

Result<Response> list(const Services& services, Windows& windows, const Request& request) {
    const Result<std::size_t> limit = request.limit();
    if (!limit) {
        return tl::unexpected(limit.error());
    }
    const std::string_view word = request.asked("state");
    const auto state = word.empty() ? ProblemState::open : store::problem_state_from(word);
    if (!state) {
        return fail(Code::parameter_bad, Place{"state"}, "open, in review, resolved or dismissed");
    }
    std::optional<Order> after;
    if (!request.asked("after").empty()) {
        after = order_from(request.asked("after"));
        if (!after) {
            return fail(Code::parameter_bad, Place{"after"});
        }
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const views::ClosingWindows closing = windows.of(sight, request.at);
    const Narrowing narrowing(request, sight);
    FacetFilter facets(request);
    std::vector<Row> rows;
    std::int64_t seen_open = 0;
    for (BoardProblem& read : store::problem_board(**session, *state)) {
        auto problem = views::seen(std::move(read), sight);
        if (!problem) {
            continue;
        }
        ++seen_open;
        if (narrowing.keeps(*problem) && facets.take(*problem)) {
            const views::ProblemRisk risk = views::risk_of(*problem, sight, closing, request.at);
            rows.push_back({std::move(*problem), risk});
        }
    }
    const std::string_view sort = request.asked("sort");
    std::vector<std::pair<Order, const Row*>> ordered;
    ordered.reserve(rows.size());
    for (const Row& row : rows) {
        ordered.emplace_back(order_of(row, sort), &row);
    }
    std::ranges::sort(ordered);
    auto begin =
        after ? std::ranges::find_if(ordered, [&](const auto& o) { return o.first > *after; })
              : ordered.begin();
    ordered_json items = ordered_json::array();
    auto at = begin;
    for (; at != ordered.end() && items.size() < *limit; ++at) {
        const Row& row = *at->second;
        items.push_back(views::problem_json(row.problem, views::words_of(row.problem, sight),
                                            row.risk, sight, request.at));
    }
    ordered_json json;
    json["items"] = std::move(items);
    json["next"] = at == ordered.end() || at == begin
                       ? ordered_json()
                       : ordered_json(cursor_of(std::prev(at)->first));
    json["total"] = static_cast<std::int64_t>(ordered.size());
    json["facets"] = facets.json();
    // What is not for the person counts nowhere: where something may not be, it is counted by hand.
    const bool all = sight.everywhere() && !sight.blinded();
    const auto counted = [&](ProblemState of) {
        if (of == *state) {
            return seen_open;
        }
        std::int64_t count = 0;
        for (BoardProblem& read : store::problem_board(**session, of)) {
            const bool week =
                of != ProblemState::resolved ||
                (read.closed && read.closed->microseconds >= request.at.microseconds - kWeekUs);
            count += week && views::seen(std::move(read), sight) ? 1 : 0;
        }
        return count;
    };
    if (all) {
        const store::ProblemCounts counts =
            store::problem_counts(**session, Instant{request.at.microseconds - kWeekUs});
        json["counts"] = {{"open", counts.open},
                          {"in_review", counts.in_review},
                          {"resolved_week", counts.resolved_since}};
    } else {
        json["counts"] = {{"open", counted(ProblemState::open)},
                          {"in_review", counted(ProblemState::in_review)},
                          {"resolved_week", counted(ProblemState::resolved)}};
    }
    return answer(json);
}

/// The problem of the path as the person sees it. Errors: not-found.
Result<BoardProblem> asked_problem(const Request& request, store::ReadSession& session,
                                   const views::Sight& sight) {
    const Result<std::int64_t> id = request.number("id");
    if (!id) {
        return fail(Code::not_found, Place{"problem"});
    }
    auto read = store::board_problem(session, ProblemId{*id});
    auto problem = read ? views::seen(std::move(*read), sight) : std::nullopt;
    if (!problem) {
        return fail(Code::not_found, Place{"problem"});
    }
    return std::move(*problem);
}

/// Subjects that wait for it, and the visits at which something of theirs is held by its rule.
ordered_json blocks_of(const BoardProblem& problem, store::ReadSession& session,
                       const views::Sight& sight, Instant now) {
    ordered_json subjects = ordered_json::array();
    std::set<std::string> visits;
    std::size_t looked_at = 0;
    for (const SubjectId id : problem.subjects) {
        const study::Subject* subject = sight.registry().subject(id);
        if (subject == nullptr || !sight.sees(*subject) || subjects.size() >= kMostSubjects) {
            continue;
        }
        subjects.push_back({{"id", id.value}, {"label", subject->label()}});
        const study::StudyDefinition* study = sight.configuration().rules().study(subject->study);
        if (study == nullptr || ++looked_at > kSubjectsLookedAt) {
            continue;
        }
        store::SubjectResults stored = store::subject_results(session, id);
        std::erase_if(stored.held, [&](const study::HeldResult& held) {
            return held.rule != problem.rule || sight.is_closed(subject->study, held.analyte);
        });
        const study::Completeness complete =
            study::complete({stored.results, *subject, *study, now, stored.held});
        for (const study::ExpectedVisit& visit : complete.visits) {
            if (!visit.held.empty() || visit.count(study::ItemState::held) > 0) {
                visits.insert(visit.id);
            }
        }
    }
    return {{"subjects", std::move(subjects)},
            {"visits", visits},
            {"deliveries", problem.rule == Code::delivery_rejected ? problem.held : 0}};
}

Result<Response> show(const Services& services, Windows& windows, const ProblemParts& parts,
                      const Request& request) {
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const Result<BoardProblem> problem = asked_problem(request, **session, sight);
    if (!problem) {
        return tl::unexpected(problem.error());
    }
    // The newest one that the person may see.
    std::optional<ObservationId> example = store::example_of(**session, problem->id);
    if (example) {
        const auto message = store::problem_items(**session, problem->id,
                                                  {example->message, example->ordinal - 1}, 1);
        if (!message.empty() && !views::seen(message.front(), sight)) {
            example.reset();
            for (const store::ProblemItem& item :
                 store::problem_items(**session, problem->id, {}, 500)) {
                if (views::seen(item, sight) && item.id.message) {
                    example = item.id;
                }
            }
        }
    }
    const bool revealed =
        example && is_revealed(**session, request, "message:" + to_base32(example->message));
    const views::ProblemWords words = views::words_of(*problem, sight, revealed);
    ordered_json json = views::problem_json(
        *problem, words, views::risk_of(*problem, sight, windows.of(sight, request.at), request.at),
        sight, request.at);
    json["expected"] = words.expected;
    json["came"] = words.came;
    json["advice"] = entry(problem->rule).advice;
    json["who_can_fix"] = words.who_can_fix;
    json["blocks"] = blocks_of(*problem, **session, sight, request.at);
    const ProblemParts::Asked asked{request, **session, *problem, sight, revealed};
    json["repairs"] = parts.repairs ? parts.repairs(asked) : ordered_json::array();
    json["comments"] = parts.comments ? parts.comments(asked) : ordered_json::array();
    json["history"] = parts.history ? parts.history(asked) : ordered_json::array();
    json["queries"] = parts.queries ? parts.queries(asked) : ordered_json::array();
    json["example"] = nullptr;
    if (example) {
        const auto at = store::problem_items(**session, problem->id,
                                             {example->message, example->ordinal - 1}, 1);
        json["example"] = {{"message_id", to_base32(example->message)},
                           {"ordinal", example->ordinal},
                           {"place", at.empty() ? std::string() : at.front().place}};
    }
    return answer(json);
}

std::optional<ObservationId> item_from(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    ObservationId id;
    const auto [middle, bad] = std::from_chars(text.data(), text.data() + dot, id.message.value);
    const auto [rest, error] =
        std::from_chars(text.data() + dot + 1, text.data() + text.size(), id.ordinal);
    if (bad != std::errc() || error != std::errc() || middle != text.data() + dot) {
        return std::nullopt;
    }
    return id;
}

Result<Response> items(const Services& services, const Request& request) {
    const Result<std::size_t> limit = request.limit();
    if (!limit) {
        return tl::unexpected(limit.error());
    }
    ObservationId after;
    if (!request.asked("after").empty()) {
        const auto from = item_from(request.asked("after"));
        if (!from) {
            return fail(Code::parameter_bad, Place{"after"});
        }
        after = *from;
    }
    auto session = services.reads.borrow();
    if (!session) {
        return tl::unexpected(session.error());
    }
    const views::Sight sight = sight_of(services, request, Permission::problems_view);
    const Result<BoardProblem> problem = asked_problem(request, **session, sight);
    if (!problem) {
        return tl::unexpected(problem.error());
    }
    ordered_json found = ordered_json::array();
    bool more = true;
    // What is not for the person is read over; a page may then be short and still have a next one.
    for (int page = 0; page < kMostPages && more && found.size() < *limit; ++page) {
        const auto read = store::problem_items(**session, problem->id, after, *limit);
        more = read.size() >= *limit;
        for (const store::ProblemItem& item : read) {
            if (found.size() == *limit) {
                more = true;
                break;
            }
            after = item.id.ordinal == 0 && !item.detail.empty() ? after : item.id;
            if (views::seen(item, sight)) {
                found.push_back(views::item_json(item, sight));
            }
        }
    }
    const std::string next =
        more ? std::to_string(after.message.value) + "." + std::to_string(after.ordinal) : "";
    return page(std::move(found), next, problem->held);
}

}  // namespace

void add_problem_routes(Router& router, const Services& services, ProblemParts parts) {
    const auto windows = std::make_shared<Windows>();
    const auto given = std::make_shared<const ProblemParts>(std::move(parts));
    router.add({Method::get,
                "/problems",
                Access::within(Permission::problems_view),
                "Problems, each with how many results it holds",
                {{"state", "open, in review, resolved, dismissed"},
                 {"source", "id of a source"},
                 {"rule", "key of a rule"},
                 {"study", "id of a study"},
                 {"site", "id of a site"},
                 {"assignee", "me, none or an account's id"},
                 {"age", "day, week, month or older"},
                 {"snoozed", "true: those that are put off"},
                 {"q", "words of the sentence"},
                 {"sort", "risk, age or size"},
                 {"limit", "1 to 500", "integer"},
                 {"after", "cursor"}},
                {},
                kListSchema,
                [services, windows](const Request& request) {
                    return list(services, *windows, request);
                }});
    router.add({Method::get,
                "/problems/{id}",
                Access::within(Permission::problems_view),
                "One problem: what was expected, what came, what it blocks",
                {},
                {},
                kProblemSchema,
                [services, windows, given](const Request& request) {
                    return show(services, *windows, *given, request);
                }});
    router.add({Method::get,
                "/problems/{id}/items",
                Access::within(Permission::problems_view),
                "The observations that a problem holds or held",
                {{"limit", "1 to 500", "integer"}, {"after", "cursor"}},
                {},
                kItemsSchema,
                [services](const Request& request) { return items(services, request); }});
}

}  // namespace labrelay::api
