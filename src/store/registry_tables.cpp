#include "registry_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "job_queue.hpp"
#include "labrelay/crypto/keyed_hash.hpp"
#include "labrelay/study/corrected_subjects.hpp"
#include "registry_json.hpp"
#include "result_writer.hpp"

namespace labrelay::store {
namespace {

using study::Identifier;
using study::RegisteredSpecimen;
using study::Registry;
using study::SpecimenName;
using study::Subject;

constexpr const char* kSpecimenColumns =
    "SELECT authority, specimen, patient_authority, patient, subject_no, collected_at, visit "
    "FROM registered_specimen";

RegisteredSpecimen read_specimen(const Query& row) {
    RegisteredSpecimen specimen;
    specimen.name = {row.string(0), row.string(1)};
    if (!row.is_null(2)) specimen.patient = Identifier{row.string(2), row.string(3)};
    specimen.subject_no = row.string(4);
    specimen.collected_at = registry_time(row.text(5));
    specimen.visit = row.string(6);
    return specimen;
}

/// What a change brings back: keys of table awaiting, and subjects to be placed again.
struct Consequences {
    std::set<std::string> awaited;
    std::set<std::int64_t> subjects;
    std::set<Identifier> new_identifiers;
    std::set<std::string> new_numbers;
    std::string facts;  ///< all of them, for the audit's digest
};

std::int64_t append_fact(StoreWriter::Core& core, Consequences& consequences,
                         std::string_view actor, std::string_view kind, std::string_view object,
                         std::string_view fact) {
    fmt::format_to(std::back_inserter(consequences.facts), "{} {} {}\n", kind, object, fact);
    auto insert = core.db().prepare(
        "INSERT INTO registry_fact(at_us, actor, kind, object, fact) VALUES (?, ?, ?, ?, ?) "
        "RETURNING fact_id");
    insert.bind(core.clock.now().microseconds, actor, kind, object, fact);
    insert.step();
    const std::int64_t id = insert.integer(0);
    insert.step();
    return id;
}

std::string awaited_specimen(const SpecimenName& name) {
    return fmt::format("specimen:{}:{}", name.authority, name.specimen);
}

// --- subjects

std::optional<std::string> stored_subject(StoreWriter::Core& core, SubjectId id) {
    auto query = core.db().prepare("SELECT record FROM subject WHERE subject_id = ?");
    query.bind(id.value);
    if (!query.step()) return std::nullopt;
    return query.string(0);
}

SubjectId next_subject_id(StoreWriter::Core& core) {
    auto query = core.db().prepare("SELECT coalesce(max(subject_id), 0) + 1 FROM subject");
    query.step();
    return SubjectId{query.integer(0)};
}

void write_identifiers(StoreWriter::Core& core, const Subject& subject) {
    core.db()
        .prepare("DELETE FROM subject_identifier WHERE subject_id = ?")
        .bind(subject.id.value)
        .run();
    auto insert = core.db().prepare(
        "INSERT INTO subject_identifier(authority, value, subject_id) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING");
    for (const Identifier& identifier : subject.identifiers)
        insert.bind(identifier.authority, identifier.value, subject.id.value).run();
}

void write_subject_row(StoreWriter::Core& core, const Subject& subject, std::string_view record,
                       std::int64_t fact) {
    core.db()
        .prepare(
            "INSERT INTO subject(subject_id, study, site, stable_key, record, fact_id) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(subject_id) DO UPDATE SET site = "
            "excluded.site, record = excluded.record, fact_id = excluded.fact_id")
        .bind(subject.id.value, subject.study, subject.site, subject.stable_key(), record, fact)
        .run();
}

void note_subject(const Subject& before, const Subject& after, Consequences& consequences) {
    if (before.id) consequences.subjects.insert(after.id.value);
    consequences.awaited.insert(fmt::format("subject:{}", after.id.value));
    for (const Identifier& identifier : after.identifiers) {
        if (std::ranges::find(before.identifiers, identifier) != before.identifiers.end()) continue;
        consequences.new_identifiers.insert(identifier);
        consequences.awaited.insert(
            fmt::format("patient:{}:{}", identifier.authority, identifier.value));
    }
    for (const auto& [old_number, number] : {std::pair(&before.subject_no, &after.subject_no),
                                             std::pair(&before.screening_no, &after.screening_no)})
        if (!number->empty() && *number != *old_number) consequences.new_numbers.insert(*number);
}

// The fact's id; nothing where the subject says nothing new.
std::optional<std::int64_t> append_subject(StoreWriter::Core& core, Subject& subject,
                                           std::string_view actor, Consequences& consequences) {
    Subject before;
    std::string old_record;
    const bool known = static_cast<bool>(subject.id);
    if (known) {
        const auto stored = stored_subject(core, subject.id);
        if (!stored) throw pipeline::StoreFault("no such subject", true);
        old_record = *stored;
        before = subject_from_json(old_record);
        before.id = subject.id;
    } else {
        subject.id = next_subject_id(core);
    }
    const std::string record = to_json(subject);
    const std::string difference = json_difference(old_record, record);
    if (difference.empty()) return std::nullopt;
    const std::int64_t fact = append_fact(core, consequences, actor, "subject",
                                          std::to_string(subject.id.value), difference);
    write_subject_row(core, subject, record, fact);
    write_identifiers(core, subject);
    note_subject(before, subject, consequences);
    // The study database knows the subject by its label and site.
    if (known && (before.label() != subject.label() || before.site != subject.site))
        tell_again(core, subject.id);
    return fact;
}

// --- specimens

std::optional<RegisteredSpecimen> stored_specimen(StoreWriter::Core& core,
                                                  const SpecimenName& name) {
    static const std::string sql =
        std::string(kSpecimenColumns) + " WHERE authority = ? AND specimen = ?";
    auto query = core.db().prepare(sql.c_str());
    query.bind(name.authority, name.specimen);
    if (!query.step()) return std::nullopt;
    return read_specimen(query);
}

bool is_named_alone(const RegisteredSpecimen& specimen) {
    return !specimen.patient && specimen.subject_no.empty() && !specimen.collected_at &&
           specimen.visit.empty();
}

// A later fact adds and corrects; it never erases by leaving something out. Named alone it is
// registered no more (registry_undo.cpp).
RegisteredSpecimen merged(const std::optional<RegisteredSpecimen>& before,
                          const RegisteredSpecimen& after) {
    if (!before || is_named_alone(after)) return after;
    RegisteredSpecimen specimen = *before;
    if (after.patient) specimen.patient = after.patient;
    if (!after.subject_no.empty()) specimen.subject_no = after.subject_no;
    if (after.collected_at) specimen.collected_at = after.collected_at;
    if (!after.visit.empty()) specimen.visit = after.visit;
    return specimen;
}

bool same(const RegisteredSpecimen& left, const RegisteredSpecimen& right) {
    return left.name == right.name && left.patient == right.patient &&
           left.subject_no == right.subject_no && left.collected_at == right.collected_at &&
           left.visit == right.visit;
}

struct AppendedSpecimen {
    std::int64_t fact;
    RegisteredSpecimen specimen;
};

std::optional<AppendedSpecimen> append_specimen(StoreWriter::Core& core,
                                                const RegisteredSpecimen& said,
                                                std::string_view actor,
                                                Consequences& consequences) {
    const auto before = stored_specimen(core, said.name);
    const RegisteredSpecimen specimen = merged(before, said);
    if (before && same(*before, specimen)) return std::nullopt;
    const std::int64_t fact = append_fact(
        core, consequences, actor, "specimen",
        fmt::format("{}:{}", said.name.authority, said.name.specimen), to_json(specimen));
    std::optional<std::string> patient_authority;
    std::optional<std::string> patient;
    if (specimen.patient) {
        patient_authority = specimen.patient->authority;
        patient = specimen.patient->value;
    }
    std::optional<std::string> collected;
    if (specimen.collected_at) collected = specimen.collected_at->text;
    core.db()
        .prepare(
            "INSERT INTO registered_specimen(authority, specimen, "
            "patient_authority, patient, subject_no, collected_at, visit, fact_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(authority, specimen) DO UPDATE SET "
            "patient_authority = excluded.patient_authority, patient = excluded.patient, "
            "subject_no = excluded.subject_no, collected_at = excluded.collected_at, "
            "visit = excluded.visit, fact_id = excluded.fact_id")
        .bind(specimen.name.authority, specimen.name.specimen, patient_authority, patient,
              specimen.subject_no, collected, specimen.visit, fact)
        .run();
    consequences.awaited.insert(awaited_specimen(specimen.name));
    return AppendedSpecimen{fact, specimen};
}

// --- what follows

// Specimens whose patient has just become known: what waits for them can go on.
void note_specimens_of_new_names(StoreWriter::Core& core, Consequences& consequences) {
    if (consequences.new_identifiers.empty() && consequences.new_numbers.empty()) return;
    auto query = core.db().prepare(kSpecimenColumns);
    while (query.step()) {
        const RegisteredSpecimen specimen = read_specimen(query);
        if ((specimen.patient && consequences.new_identifiers.contains(*specimen.patient)) ||
            consequences.new_numbers.contains(specimen.subject_no))
            consequences.awaited.insert(awaited_specimen(specimen.name));
    }
}

std::set<std::int64_t> awaiting_messages(StoreWriter::Core& core, const Consequences& causes) {
    std::set<std::int64_t> messages;
    for (const std::string& text : causes.awaited) {
        auto query = core.db().prepare("SELECT message_id FROM awaiting WHERE key_hash = ?");
        query.bind(crypto::keyed_hash_63(core.names_key, text));
        while (query.step()) messages.insert(query.integer(0));
    }
    return messages;
}

void queue_consequences(StoreWriter::Core& core, std::string_view actor,
                        Consequences& consequences) {
    note_specimens_of_new_names(core, consequences);
    queue_jobs(core.db(), core.clock.now(), actor,
               {awaiting_messages(core, consequences), consequences.subjects, std::nullopt});
}

}  // namespace

Registry read_registry(Connection& database) {
    std::vector<Subject> subjects;
    {
        auto query = database.prepare("SELECT subject_id, record FROM subject ORDER BY subject_id");
        while (query.step()) {
            subjects.push_back(subject_from_json(query.text(1)));
            subjects.back().id = SubjectId{query.integer(0)};
        }
    }
    std::vector<RegisteredSpecimen> specimens;
    {
        auto query = database.prepare(kSpecimenColumns);
        while (query.step()) specimens.push_back(read_specimen(query));
    }
    auto query = database.prepare("SELECT coalesce(max(fact_id), 0) FROM registry_fact");
    query.step();
    return Registry().with(std::move(subjects), std::move(specimens)).at_version(query.integer(0));
}

Registry with_facts_from(Connection& database, const Registry& registry, std::int64_t fact) {
    static const std::string specimens_sql = std::string(kSpecimenColumns) + " WHERE fact_id >= ?";
    std::vector<Subject> subjects;
    {
        auto query = database.prepare(
            "SELECT subject_id, record FROM subject WHERE fact_id >= ? ORDER BY subject_id");
        query.bind(fact);
        while (query.step()) {
            subjects.push_back(subject_from_json(query.text(1)));
            subjects.back().id = SubjectId{query.integer(0)};
        }
    }
    std::vector<RegisteredSpecimen> specimens;
    auto query = database.prepare(specimens_sql.c_str());
    query.bind(fact);
    while (query.step()) specimens.push_back(read_specimen(query));
    return registry.with(std::move(subjects), std::move(specimens));
}

AppendedFacts append_facts(StoreWriter::Core& core, const Registry& before,
                           const pipeline::RegistryChange& change) {
    std::vector<Subject> subjects;
    std::vector<RegisteredSpecimen> specimens;
    Consequences consequences;
    std::int64_t newest = before.version();
    for (Subject subject : change.subjects) {
        const auto fact = append_subject(core, subject, change.actor, consequences);
        if (!fact) continue;
        newest = *fact;
        subjects.push_back(std::move(subject));
    }
    for (const RegisteredSpecimen& said : change.specimens) {
        auto appended = append_specimen(core, said, change.actor, consequences);
        if (!appended) continue;
        newest = appended->fact;
        // One that was taken back and registered again in one change.
        std::erase_if(specimens, [&](const RegisteredSpecimen& earlier) {
            return earlier.name == appended->specimen.name;
        });
        specimens.push_back(std::move(appended->specimen));
    }
    if (consequences.facts.empty()) return {before, {}};
    queue_consequences(core, change.actor, consequences);
    return {before.with(std::move(subjects), std::move(specimens)).at_version(newest),
            std::move(consequences.facts)};
}

void append_learned(StoreWriter::Core& core, MessageId message,
                    std::span<const study::LearnedSpecimen> learned) {
    if (learned.empty()) return;
    const std::string actor = "message " + to_base32(message);
    Consequences consequences;
    for (const study::LearnedSpecimen& taught : learned)
        append_specimen(core, taught.specimen, actor, consequences);
    if (!consequences.awaited.empty()) queue_consequences(core, actor, consequences);
}

void queue_after_corrections(StoreWriter::Core& core, MessageId message,
                             const study::Outcome& outcome) {
    Consequences consequences;
    for (const SubjectId subject : study::corrected_subjects(outcome))
        consequences.awaited.insert(study::awaited_correction(subject));
    if (!consequences.awaited.empty())
        queue_consequences(core, "message " + to_base32(message), consequences);
}

}  // namespace labrelay::store
