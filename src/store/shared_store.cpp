#include "shared_store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace labrelay::store {
namespace {

/// FNV-1a. Two names with one number share a lock, which costs a wait and nothing else.
std::int64_t number_of(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char byte : name) {
        hash ^= static_cast<unsigned char>(byte);
        hash *= 0x100000001b3ULL;
    }
    return static_cast<std::int64_t>(hash);
}

constexpr std::string_view kRegistry = "registry";

std::int64_t round_of(std::string_view target) {
    return number_of(fmt::format("round of deliveries to {}", target));
}

/// Held by whoever wants the rounds to end. Whoever begins one asks for it first.
std::int64_t end_of_rounds(std::string_view target) {
    return number_of(fmt::format("end of rounds of deliveries to {}", target));
}

void run_lock(Connection& database, const char* sql, std::int64_t number) {
    auto query = database.prepare(sql);
    query.bind(number);
    query.step();
}

}  // namespace

bool is_shared(Connection& database) {
    return database.engine().dialect() == sql::Dialect::postgres;
}

bool try_session_lock(Connection& database, std::string_view name) {
    auto query = database.prepare("SELECT CASE WHEN pg_try_advisory_lock(?) THEN 1 ELSE 0 END");
    query.bind(number_of(name));
    return query.step() && query.flag(0);
}

bool try_enter_round(Connection& database, std::string_view target) {
    // The first is of this statement's own transaction.
    auto query = database.prepare(
        "SELECT CASE WHEN pg_try_advisory_xact_lock_shared(?) THEN "
        "CASE WHEN pg_try_advisory_lock_shared(?) THEN 1 ELSE 0 END ELSE 0 END");
    query.bind(end_of_rounds(target), round_of(target));
    return query.step() && query.flag(0);
}

void leave_round(Connection& database, std::string_view target) {
    run_lock(database, "SELECT pg_advisory_unlock_shared(?)::text", round_of(target));
}

void wait_out_rounds(Connection& session, const std::vector<std::string>& targets) {
    for (const std::string& target : targets)
        run_lock(session, "SELECT pg_advisory_lock(?)::text", end_of_rounds(target));
    for (const std::string& target : targets) {
        run_lock(session, "SELECT pg_advisory_lock(?)::text", round_of(target));
        run_lock(session, "SELECT pg_advisory_unlock(?)::text", round_of(target));
    }
}

void leave_session_locks(Connection& session) {
    auto query = session.prepare("SELECT pg_advisory_unlock_all()::text");
    query.step();
}

void keep_out_of_rounds(Connection& database, std::string_view target) {
    run_lock(database, "SELECT pg_advisory_xact_lock(?)::text", round_of(target));
}

pipeline::StoreFault lost_its_place(std::string_view target) {
    return {fmt::format("another has deliveries to {} now, or a lock came before them", target),
            pipeline::StoreFault::Kind::conflict};
}

void lock_names(Connection& database, const std::vector<std::string>& names) {
    std::set<std::int64_t> numbers;
    for (const std::string& name : names) numbers.insert(number_of(name));
    if (numbers.empty()) return;
    const std::string list = fmt::format("{}", fmt::join(numbers, " "));
    auto query = database.prepare(
        "SELECT count(pg_advisory_xact_lock(given.number)::text) FROM "
        "(SELECT CAST(part AS BIGINT) AS number FROM "
        "unnest(string_to_array(?, ' ')) WITH ORDINALITY AS listed(part, place) "
        "ORDER BY place) given");
    query.bind(list);
    query.step();
}

void lock_registry_shared(Connection& database) {
    run_lock(database, "SELECT pg_advisory_xact_lock_shared(?)::text", number_of(kRegistry));
}

void lock_registry_alone(Connection& database) {
    run_lock(database, "SELECT pg_advisory_xact_lock(?)::text", number_of(kRegistry));
}

std::vector<std::string> names_of(const study::Proposal& proposal) {
    std::vector<std::string> names;
    if (!proposal.control_id.empty())
        names.push_back(fmt::format("control:{}:{}", proposal.source, proposal.control_id));
    if (proposal.sequence) names.push_back(fmt::format("sequence:{}", proposal.source));
    const auto add_patient = [&](const study::Identifier& patient) {
        names.push_back(fmt::format("patient:{}:{}", patient.authority, patient.value));
    };
    const auto add_specimen = [&](const study::SpecimenName& specimen) {
        names.push_back(fmt::format("specimen:{}:{}", specimen.authority, specimen.specimen));
    };
    for (const study::ProposedObservation& observation : proposal.observations) {
        std::ranges::for_each(observation.patient, add_patient);
        if (observation.specimen_name) add_specimen(*observation.specimen_name);
    }
    for (const study::LearnedSpecimen& learned : proposal.learned)
        add_specimen(learned.specimen.name);
    std::ranges::for_each(proposal.unknown_patients, add_patient);
    return names;
}

std::map<SubjectId, std::int64_t> take_subjects(Connection& database,
                                                const std::vector<SubjectId>& subjects) {
    std::map<SubjectId, std::int64_t> counts;
    if (subjects.empty()) return counts;
    std::set<std::int64_t> ids;
    for (const SubjectId subject : subjects) ids.insert(subject.value);
    const std::string list = fmt::format("{}", fmt::join(ids, " "));
    auto query = database.prepare(
        "INSERT INTO subject_change(subject_id, changes) SELECT CAST(part AS BIGINT), 1 FROM "
        "unnest(string_to_array(?, ' ')) WITH ORDINALITY AS listed(part, place) ORDER BY place "
        "ON CONFLICT(subject_id) DO UPDATE SET changes = subject_change.changes + 1 "
        "RETURNING subject_id, changes");
    query.bind(list);
    while (query.step()) counts.emplace(SubjectId{query.integer(0)}, query.integer(1));
    return counts;
}

}  // namespace labrelay::store
