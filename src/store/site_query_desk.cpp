#include "labrelay/store/site_query_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "desk_open.hpp"
#include "labrelay/core/error_catalogue.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/problem_work.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

using review::QueryState;
using review::QueryStep;

constexpr std::size_t kLongestText = 4000;

/// Rules whose problems are named by a patient's number.
constexpr std::array kNamesPatient{
    Code::unknown_subject,        Code::no_identifier,   Code::identifiers_disagree,
    Code::birth_date_contradicts, Code::sex_contradicts, Code::sex_word_unknown,
};

constexpr const char* kColumns =
    "SELECT q.query_id, q.state, coalesce(q.problem_id, 0), coalesce(q.subject_id, 0), "
    "coalesce(s.study, ''), coalesce(s.site, ''), q.recipient, q.text, q.due_us, q.created_us, "
    "q.created_by, q.version FROM site_query q "
    "LEFT JOIN subject s ON s.subject_id = q.subject_id";

SiteQuery read_query(const Query& row) {
    SiteQuery read;
    read.id = row.integer(0);
    const auto state = review::query_state_from(row.text(1));
    if (!state) throw pipeline::unreadable("a query's state cannot be read");
    read.state = *state;
    read.problem = ProblemId{row.integer(2)};
    read.subject = SubjectId{row.integer(3)};
    read.subject_study = row.string(4);
    read.subject_site = row.string(5);
    read.recipient = row.string(6);
    read.text = row.string(7);
    if (const auto due = row.optional_integer(8)) read.due = Instant{*due};
    read.created = Instant{row.integer(9)};
    read.created_by = row.string(10);
    read.version = row.integer(11);
    return read;
}

std::vector<SiteQueryFact> facts_of(Connection& database, std::int64_t query_id) {
    auto query = database.prepare(
        "SELECT at_us, actor, from_state, to_state, text FROM site_query_fact "
        "WHERE query_id = ? ORDER BY fact_id");
    query.bind(query_id);
    std::vector<SiteQueryFact> facts;
    while (query.step())
        facts.push_back({Instant{query.integer(0)}, query.string(1), query.string(2),
                         query.string(3), query.string(4)});
    return facts;
}

std::optional<SiteQuery> read_one(Connection& database, std::int64_t id) {
    static const std::string sql = std::string(kColumns) + " WHERE q.query_id = ?";
    std::optional<SiteQuery> found;
    {
        auto query = database.prepare(sql.c_str());
        query.bind(id);
        if (!query.step()) return std::nullopt;
        found = read_query(query);
    }
    found->facts = facts_of(database, id);
    return found;
}

void add_fact(Desk& desk, const Act& act, std::int64_t query, std::string_view from,
              std::string_view to, std::string_view text) {
    desk.open()
        .db()
        .prepare(
            "INSERT INTO site_query_fact(query_id, at_us, actor, from_state, to_state, text) "
            "VALUES (?, ?, ?, ?, ?, ?)")
        .bind(query, desk.now().microseconds, act.actor, from, to, text)
        .run();
}

bool is_identifier(Connection& database, std::string_view word) {
    std::vector<std::string> authorities;
    {
        auto query = database.prepare("SELECT DISTINCT authority FROM subject_identifier");
        while (query.step()) authorities.push_back(query.string(0));
    }
    return std::ranges::any_of(authorities, [&](const std::string& authority) {
        auto one = database.prepare(
            "SELECT 1 FROM subject_identifier WHERE authority = ? AND value = ? LIMIT 1");
        one.bind(authority, word);
        return one.step();
    });
}

/// The patient's number that names the problem; empty where it is named otherwise.
std::string patient_of(Connection& database, ProblemId problem) {
    auto query = database.prepare("SELECT rule, object FROM problem WHERE problem_id = ?");
    query.bind(problem.value);
    if (!query.step()) return {};
    const auto rule = static_cast<Code>(query.integer(0));
    return std::ranges::find(kNamesPatient, rule) == kNamesPatient.end() ? std::string()
                                                                         : query.string(1);
}

/// What goes to a site names nobody but by the study's own label. Error: body-bad.
Result<void> without_identity(Connection& database, ProblemId problem, std::string_view text) {
    const std::vector<std::string> of_problem =
        review::number_like_words(patient_of(database, problem));
    for (const std::string& word : review::number_like_words(text)) {
        const bool patients = std::ranges::find(of_problem, word) != of_problem.end() ||
                              is_identifier(database, word);
        if (patients)
            return fail(Code::body_bad, Place{"text"},
                        "a patient's number stands in it; name the subject by the study's label");
    }
    return {};
}

Result<void> fits(std::string_view text, const char* name) {
    if (!text.empty() && text.size() <= kLongestText) return {};
    return fail(Code::body_bad, Place{name}, fmt::format("1 to {} bytes are needed", kLongestText));
}

Result<void> check(Connection& database, const SiteQuestion& question) {
    if (auto fine = fits(question.recipient, "recipient"); !fine) return fine;
    if (auto fine = fits(question.text, "text"); !fine) return fine;
    if (question.problem) {
        auto query = database.prepare("SELECT 1 FROM problem WHERE problem_id = ?");
        query.bind(question.problem.value);
        if (!query.step())
            return fail(Code::not_found, Place{fmt::format("problem:{}", question.problem.value)});
    }
    if (question.subject) {
        auto query = database.prepare("SELECT 1 FROM subject WHERE subject_id = ?");
        query.bind(question.subject.value);
        if (!query.step())
            return fail(Code::not_found, Place{fmt::format("subject:{}", question.subject.value)});
    }
    return without_identity(database, question.problem, question.text);
}

std::string_view verb(QueryStep step) {
    switch (step) {
        case QueryStep::answer:
            return "answered";
        case QueryStep::close:
            return "closed";
        case QueryStep::reopen:
            return "opened again";
        case QueryStep::cancel:
            return "cancelled";
        case QueryStep::released:
            return "closed, its results were released";
    }
    return {};
}

/// With what was said, where something was: from the trail it can be erased, and edited nowhere
/// unseen.
std::string step_json(QueryState state, std::string_view text) {
    nlohmann::ordered_json json = {{"state", review::to_string(state)}};
    if (!text.empty()) json["text"] = text;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::vector<SiteQuery> site_queries(ReadSession& session, const SiteQueryFilter& filter,
                                    std::int64_t before, std::size_t limit) {
    static const std::string all =
        std::string(kColumns) + " WHERE q.query_id < ? ORDER BY q.query_id DESC LIMIT ?";
    static const std::string of_problem =
        std::string(kColumns) +
        " WHERE q.query_id < ? AND q.problem_id = ? ORDER BY q.query_id DESC LIMIT ?";
    static const std::string of_subject =
        std::string(kColumns) +
        " WHERE q.query_id < ? AND q.subject_id = ? ORDER BY q.query_id DESC LIMIT ?";
    // The index of those that are not over serves both of their states.
    static const std::string unsettled =
        std::string(kColumns) +
        " WHERE q.query_id < ? AND q.state IN ('open', 'answered') AND "
        "q.state = ? ORDER BY q.query_id DESC LIMIT ?";
    static const std::string settled =
        std::string(kColumns) +
        " WHERE q.query_id < ? AND q.state = ? ORDER BY q.query_id DESC LIMIT ?";
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::vector<SiteQuery> found;
    const std::int64_t below = before == 0 ? std::numeric_limits<std::int64_t>::max() : before;
    {
        const bool waits = filter.state == QueryState::open || filter.state == QueryState::answered;
        auto query = database.prepare(filter.subject   ? of_subject.c_str()
                                      : filter.problem ? of_problem.c_str()
                                      : waits          ? unsettled.c_str()
                                      : filter.state   ? settled.c_str()
                                                       : all.c_str());
        query.bind(below);
        if (filter.subject) {
            query.bind(filter.subject->value);
        } else if (filter.problem) {
            query.bind(filter.problem->value);
        } else if (filter.state) {
            query.bind(review::to_string(*filter.state));
        }
        query.bind(static_cast<std::int64_t>(limit));
        while (query.step()) {
            SiteQuery one = read_query(query);
            if (!filter.state || one.state == *filter.state) found.push_back(std::move(one));
        }
    }
    for (SiteQuery& one : found) one.facts = facts_of(database, one.id);
    return found;
}

std::optional<SiteQuery> site_query(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_one(session.core().database, id);
}

Result<std::int64_t> ask_site(Desk& desk, const Act& act, const SiteQuestion& question) {
    Connection& database = desk.open().db();
    if (auto fine = check(database, question); !fine) return tl::unexpected(fine.error());
    const std::int64_t due = question.due ? question.due->microseconds : 0;
    std::int64_t id = 0;
    {
        auto insert = database.prepare(
            "INSERT INTO site_query(state, problem_id, subject_id, recipient, text, due_us, "
            "created_us, created_by) VALUES ('open', nullif(CAST(? AS BIGINT), 0), "
            "nullif(CAST(? AS BIGINT), 0), ?, ?, nullif(CAST(? AS BIGINT), 0), ?, ?) RETURNING "
            "query_id");
        insert.bind(question.problem.value, question.subject.value, question.recipient,
                    question.text, due, desk.now().microseconds, act.actor);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    add_fact(desk, act, id, "", review::to_string(QueryState::open), question.text);
    if (question.problem)
        note_problem(desk, act, question.problem, "query", fmt::format("query {} was asked", id));
    const nlohmann::ordered_json after = {
        {"state", "open"}, {"recipient", question.recipient}, {"text", question.text}};
    desk.audit(act, {"query",
                     fmt::format("query {} was asked", id),
                     "query",
                     std::to_string(id),
                     {},
                     after.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)});
    return id;
}

Result<void> move_site_query(Desk& desk, const Act& act, std::int64_t id, QueryStep step,
                             std::string_view text, std::optional<std::int64_t> version) {
    Connection& database = desk.open().db();
    const Place place{fmt::format("query:{}", id)};
    const auto query = read_one(database, id);
    if (!query) return fail(Code::not_found, place);
    if (version && *version != query->version) return fail(Code::precondition_failed);
    const auto to = review::after(query->state, step);
    if (!to)
        return fail(Code::state_change_bad, place,
                    fmt::format("it is {}", review::to_string(query->state)));
    // Closing an answered one says nothing new; everything else does.
    const bool needs_text = step != QueryStep::close && step != QueryStep::released;
    if (needs_text) {
        if (auto fine = fits(text, "text"); !fine) return fine;
    }
    if (auto fine = without_identity(database, query->problem, text); !fine) return fine;
    database.prepare("UPDATE site_query SET state = ?, version = version + 1 WHERE query_id = ?")
        .bind(review::to_string(*to), id)
        .run();
    add_fact(desk, act, id, review::to_string(query->state), review::to_string(*to), text);
    const std::string what = fmt::format("query {} was {}", id, verb(step));
    if (query->problem) note_problem(desk, act, query->problem, "query", what);
    desk.audit(act, {"query", what, "query", std::to_string(id), step_json(query->state, {}),
                     step_json(*to, text)});
    return {};
}

}  // namespace labrelay::store
