#include "labrelay/store/registry_undo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"
#include "registry_json.hpp"

namespace labrelay::store {
namespace {

using Json = nlohmann::ordered_json;
using study::RegisteredSpecimen;
using study::Subject;

struct Fact {
    std::int64_t id = 0;
    std::string kind;
    std::string object;
    Json said;  ///< of a subject what differs from before, of a specimen all of it
};

/// Which facts are the repair's: `registry` of its request.
struct Range {
    std::int64_t above = 0;
    std::int64_t until = 0;
    std::string actor;
};

tl::unexpected<Error> refused(std::string why) {
    return fail(Code::state_change_bad, Place{"registry"}, std::move(why));
}

Json parsed(std::string_view text) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) throw pipeline::unreadable("a registry fact cannot be read");
    return json;
}

/// Errors: not-found. Nothing: it entered no fact.
Result<std::optional<Range>> range_of(Connection& database, std::int64_t repair) {
    auto query = database.prepare("SELECT request, actor FROM repair_job WHERE repair_id = ?");
    query.bind(repair);
    if (!query.step()) return fail(Code::not_found, {fmt::format("job {}", repair)});
    const Json request = Json::parse(query.text(0), nullptr, false);
    const auto registry = request.is_object() ? request.find("registry") : request.end();
    if (registry == request.end() || !registry->is_object()) return std::optional<Range>();
    return std::optional<Range>(Range{registry->value("above", std::int64_t{0}),
                                      registry->value("until", std::int64_t{0}), query.string(1)});
}

std::vector<Fact> facts_in(Connection& database, const Range& range) {
    std::vector<Fact> facts;
    auto query = database.prepare(
        "SELECT fact_id, kind, object, fact FROM registry_fact WHERE fact_id > ? AND fact_id <= ? "
        "AND actor = ? ORDER BY fact_id");
    query.bind(range.above, range.until, range.actor);
    while (query.step())
        facts.push_back(
            {query.integer(0), query.string(1), query.string(2), parsed(query.text(3))});
    return facts;
}

bool later_fact(Connection& database, const Fact& fact) {
    auto query = database.prepare(
        "SELECT 1 FROM registry_fact WHERE kind = ? AND object = ? AND fact_id > ? LIMIT 1");
    query.bind(fact.kind, fact.object, fact.id);
    return query.step();
}

/// The subject as all facts before this one say it, or with it.
Json subject_at(Connection& database, const Fact& fact, bool with) {
    Json subject = Json::object();
    auto query = database.prepare(
        "SELECT fact FROM registry_fact WHERE kind = 'subject' AND object = ? AND fact_id <= ? "
        "ORDER BY fact_id");
    query.bind(fact.object, with ? fact.id : fact.id - 1);
    while (query.step()) {
        const Json said = parsed(query.text(0));
        for (const auto& [name, value] : said.items()) {
            if (value.is_null())
                subject.erase(name);
            else
                subject[name] = value;
        }
    }
    return subject;
}

bool contains(const Json& list, const Json& item) {
    return list.is_array() && std::ranges::find(list, item) != list.end();
}

/// A specimen that was registered since under a name that goes: it would belong to nobody.
bool stands_on_identifier(Connection& database, const Json& identifier, std::int64_t fact) {
    auto query = database.prepare(
        "SELECT 1 FROM registered_specimen WHERE patient_authority = ? AND patient = ? AND "
        "fact_id > ? LIMIT 1");
    const auto authority = identifier.value("authority", std::string());
    const auto value = identifier.value("value", std::string());
    query.bind(authority, value, fact);
    return query.step();
}

bool stands_on_number(Connection& database, const std::string& number, std::int64_t fact) {
    if (number.empty()) return false;
    auto query = database.prepare(
        "SELECT 1 FROM registered_specimen WHERE subject_no = ? AND fact_id > ? LIMIT 1");
    query.bind(number, fact);
    return query.step();
}

constexpr const char* kStands =
    "specimens were registered since under what would be taken back: take those back first";

/// Identifiers that the fact added go; those that came since stay.
Result<void> take_identifiers(Connection& database, const Fact& fact, const Json& before,
                              const Json& after, Json& now) {
    const Json had = before.value("identifiers", Json::array());
    Json left = Json::array();
    std::size_t taken = 0;
    std::size_t added = 0;
    const Json has = after.value("identifiers", Json::array());
    for (const Json& identifier : has) added += contains(had, identifier) ? 0U : 1U;
    for (const Json& identifier : now.value("identifiers", Json::array())) {
        const bool goes = contains(has, identifier) && !contains(had, identifier);
        if (!goes) {
            left.push_back(identifier);
            continue;
        }
        if (stands_on_identifier(database, identifier, fact.id)) return refused(kStands);
        ++taken;
    }
    if (taken != added) return refused("the identifier was taken from the subject since");
    if (left.empty())
        now.erase("identifiers");
    else
        now["identifiers"] = std::move(left);
    return {};
}

Result<void> take_subject(Connection& database, const Fact& fact, RegistryUndo& undo) {
    const SubjectId id{std::stoll(fact.object)};
    Json now;
    {
        auto query = database.prepare("SELECT record FROM subject WHERE subject_id = ?");
        query.bind(id.value);
        if (!query.step()) throw pipeline::unreadable("no such subject");
        now = parsed(query.text(0));
    }
    const Json before = subject_at(database, fact, false);
    const Json after = subject_at(database, fact, true);
    for (const auto& [name, said] : fact.said.items()) {
        if (name == "identifiers") {
            if (auto taken = take_identifiers(database, fact, before, after, now); !taken)
                return taken;
            continue;
        }
        if (now.value(name, Json()) != after.value(name, Json()))
            return refused(
                fmt::format("{} of the subject was corrected again since: correct it there", name));
        if ((name == "subject_no" || name == "screening_no") && said.is_string() &&
            stands_on_number(database, said.get<std::string>(), fact.id))
            return refused(kStands);
        if (before.contains(name))
            now[name] = before[name];
        else
            now.erase(name);
    }
    Subject subject = subject_from_json(now.dump());
    subject.id = id;
    undo.subjects.push_back(id);
    undo.change.subjects.push_back(std::move(subject));
    return {};
}

RegisteredSpecimen specimen_from(const study::SpecimenName& name, const Json& json) {
    RegisteredSpecimen specimen;
    specimen.name = name;
    if (const auto patient = json.find("patient"); patient != json.end())
        specimen.patient = study::Identifier{patient->value("authority", std::string()),
                                             patient->value("value", std::string())};
    specimen.subject_no = json.value("subject_no", std::string());
    specimen.collected_at = registry_time(json.value("collected_at", std::string()));
    specimen.visit = json.value("visit", std::string());
    return specimen;
}

/// By name and by identifier, as the registry finds whose a specimen is.
void add_subjects_of(Connection& database, const RegisteredSpecimen& specimen, RegistryUndo& undo) {
    if (specimen.patient) {
        auto query = database.prepare(
            "SELECT subject_id FROM subject_identifier WHERE authority = ? AND value = ?");
        query.bind(specimen.patient->authority, specimen.patient->value);
        while (query.step()) undo.subjects.push_back(SubjectId{query.integer(0)});
    }
    if (specimen.subject_no.empty()) return;
    auto query = database.prepare("SELECT subject_id, record FROM subject");
    while (query.step()) {
        const Subject subject = subject_from_json(query.text(1));
        if (subject.subject_no == specimen.subject_no ||
            subject.screening_no == specimen.subject_no)
            undo.subjects.push_back(SubjectId{query.integer(0)});
    }
}

Result<void> take_specimen(Connection& database, const Fact& fact, RegistryUndo& undo) {
    if (later_fact(database, fact))
        return refused("the specimen was registered anew since: correct it there");
    const std::size_t colon = fact.object.find(':');
    const study::SpecimenName name{fact.object.substr(0, colon), fact.object.substr(colon + 1)};
    add_subjects_of(database, specimen_from(name, fact.said), undo);
    RegisteredSpecimen alone;
    alone.name = name;
    undo.change.specimens.push_back(std::move(alone));
    std::optional<RegisteredSpecimen> before;
    {
        auto query = database.prepare(
            "SELECT fact FROM registry_fact WHERE kind = 'specimen' AND object = ? AND fact_id < ? "
            "ORDER BY fact_id DESC LIMIT 1");
        query.bind(fact.object, fact.id);
        if (query.step()) before = specimen_from(name, parsed(query.text(0)));
    }
    if (before) {
        add_subjects_of(database, *before, undo);
        undo.change.specimens.push_back(std::move(*before));
    }
    return {};
}

Result<RegistryUndo> undo_in(Connection& database, std::int64_t repair) {
    const auto range = range_of(database, repair);
    if (!range) return tl::unexpected(range.error());
    RegistryUndo undo;
    if (!*range) return undo;
    for (const Fact& fact : facts_in(database, **range)) {
        const auto taken = fact.kind == "subject" ? take_subject(database, fact, undo)
                                                  : take_specimen(database, fact, undo);
        if (!taken) return tl::unexpected(taken.error());
    }
    std::ranges::sort(undo.subjects);
    const auto [first, last] = std::ranges::unique(undo.subjects);
    undo.subjects.erase(first, last);
    return undo;
}

}  // namespace

Result<RegistryUndo> registry_undo(ReadSession& session, std::int64_t repair) {
    const ReadTransaction transaction(session.core().database);
    return undo_in(session.core().database, repair);
}

Result<RegistryUndo> registry_undo(Desk& desk, std::int64_t repair) {
    return undo_in(desk.open().db(), repair);
}

std::vector<HeldOfSubject> held_of_subject(ReadSession& session, SubjectId subject) {
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    std::vector<HeldOfSubject> held;
    auto query = database.prepare(
        "SELECT message_id, ordinal, rule FROM hold WHERE who = ? AND released_us IS NULL "
        "ORDER BY message_id, ordinal");
    query.bind(subject.value);
    while (query.step())
        held.push_back({{MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))},
                        static_cast<Code>(query.integer(2))});
    return held;
}

}  // namespace labrelay::store
