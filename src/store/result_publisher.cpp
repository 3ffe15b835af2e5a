#include "result_publisher.hpp"

#include <algorithm>

#include "labrelay/pipeline/commit_store.hpp"
#include "registry_json.hpp"
#include "result_id.hpp"

namespace labrelay::store {

using pipeline::StoreFault;

std::optional<delivery::DeliveredResult> ResultPublisher::publish(SubjectId id,
                                                                  std::int64_t number) {
    auto record = reader_.record(id, number);
    if (!record) return std::nullopt;
    const KnownSubject& known = subject(id);
    delivery::DeliveredResult result;
    result.result_id = result_id(results_key_, known.subject.study, known.stable_key, record->key);
    result.number = number;
    result.study = known.subject.study;
    result.site = known.subject.site;
    result.subject = known.subject.label();
    const study::SpecimenIdentity& specimen = record->key.specimen;
    result.specimen = specimen.specimen_id.empty() ? specimen.order : specimen.specimen_id;
    result.derived_from = derived_from(*record, known);
    result.baseline = baseline(*record);
    result.record = std::move(*record);
    add_origins(result);
    return result;
}

/// As cd4_by_visit: the last value before the first infusion, scheduled or not; what was drawn on
/// the day of the infusion only for a visit, whose blood is drawn before the dose.
std::optional<study::ResultValue> ResultPublisher::baseline(const study::ResultRecord& record) {
    const study::StoredVersion& current = record.current_version();
    const bool later =
        record.placement.study_day.value_or(0) > 1 ||
        (record.placement.study_day == 1 && record.placement.kind != study::VisitKind::scheduled);
    if (!later || !current.value.grade.ends_with('+')) return std::nullopt;
    const auto analyte = terms_.find(database_, current.analyte);
    if (!analyte) return std::nullopt;
    auto query = database_.prepare(
        "SELECT r.number FROM result r JOIN observation o "
        "ON o.message_id = r.current_message AND o.ordinal = r.current_ordinal "
        "WHERE r.subject_id = ?1 AND r.number <> ?2 AND r.kind <> 2 "
        "AND (r.study_day < 0 OR (r.study_day = 1 AND r.kind = 0)) "
        "AND o.analyte_id = ?3 AND o.result_state = 0 AND o.status <> 0 "
        "ORDER BY r.study_day DESC, o.collected_us DESC, r.number DESC LIMIT 1");
    query.bind(record.key.subject.value, record.number, *analyte);
    if (!query.step()) return std::nullopt;
    const auto found = reader_.record(record.key.subject, query.integer(0));
    if (!found) return std::nullopt;
    return found->current_version().value;
}

const ResultPublisher::KnownSubject& ResultPublisher::subject(SubjectId id) {
    KnownSubject& known = subjects_[id];
    auto query =
        database_.prepare("SELECT fact_id, stable_key, record FROM subject WHERE subject_id = ?");
    query.bind(id.value);
    if (!query.step()) throw StoreFault("a result's subject is missing", false);
    if (known.fact_id != query.integer(0)) {
        known.subject = subject_from_json(query.text(2));
        known.subject.id = id;
        known.stable_key = query.string(1);
        known.fact_id = query.integer(0);
    }
    return known;
}

void ResultPublisher::add_origins(delivery::DeliveredResult& result) {
    for (const study::StoredVersion& version : result.record.versions) {
        result.received_at.push_back(received_at(version.id.message));
        result.config_hash.push_back(config_hash(config_of(result.record, version)));
    }
}

std::string ResultPublisher::received_at(MessageId message) {
    auto query = database_.prepare("SELECT received_us FROM message WHERE message_id = ?");
    query.bind(message.value);
    return query.step() ? to_iso(Instant{query.integer(0)}) : std::string();
}

std::int64_t ResultPublisher::config_of(const study::ResultRecord& record,
                                        const study::StoredVersion& version) {
    if (record.key.derived.empty()) {
        auto query = database_.prepare(
            "SELECT config_id FROM observation WHERE message_id = ? AND ordinal = ?");
        query.bind(version.id.message.value, version.id.ordinal);
        return query.step() ? query.integer(0) : 0;
    }
    const std::string inputs = pack_ids(version.inputs);
    auto query = database_.prepare(
        "SELECT config_id FROM derived_version WHERE subject_id = ? AND number = ? AND inputs = ?");
    query.bind(record.key.subject.value, record.number, inputs);
    return query.step() ? query.integer(0) : 0;
}

const std::string& ResultPublisher::config_hash(std::int64_t config_id) {
    const auto [place, added] = config_hashes_.try_emplace(config_id);
    if (added) {
        auto query = database_.prepare("SELECT hash FROM configuration WHERE config_id = ?");
        query.bind(config_id);
        if (query.step()) place->second = query.string(0);
    }
    return place->second;
}

// The observation row names the result of its first subject; another study's is looked for.
std::optional<std::int64_t> ResultPublisher::number_of(SubjectId subject, ObservationId id) {
    {
        auto query = database_.prepare(
            "SELECT subject_id, number FROM observation WHERE message_id = ? AND ordinal = ?");
        query.bind(id.message.value, id.ordinal);
        if (query.step() && query.integer(0) == subject.value && !query.is_null(1))
            return query.integer(1);
    }
    const std::string member = " " + pack_ids({id}) + " ";
    auto query = database_.prepare(
        "SELECT number FROM result WHERE subject_id = ? AND derived_id = 1 AND "
        "((current_message = ? AND current_ordinal = ?) OR "
        "instr(' ' || versions || ' ', ?) > 0)");
    query.bind(subject.value, id.message.value, id.ordinal, member);
    if (!query.step()) return std::nullopt;
    return query.integer(0);
}

std::vector<std::string> ResultPublisher::derived_from(const study::ResultRecord& record,
                                                       const KnownSubject& known) {
    std::vector<std::string> ids;
    for (const ObservationId& input : record.current_version().inputs) {
        const auto number = number_of(record.key.subject, input);
        if (!number) continue;
        const auto from = reader_.record(record.key.subject, *number);
        if (!from) continue;
        std::string id = result_id(results_key_, known.subject.study, known.stable_key, from->key);
        if (std::ranges::find(ids, id) == ids.end()) ids.push_back(std::move(id));
    }
    return ids;
}

}  // namespace labrelay::store
