#include "result_publisher.hpp"

#include <algorithm>

#include "labrelay/pipeline/commit_store.hpp"
#include "post_lock_tables.hpp"
#include "registry_json.hpp"
#include "result_id.hpp"

namespace labrelay::store {

/// The item that keeps a result back; asked only where there is any at all.
std::optional<PostLockRow> ResultPublisher::withholding(SubjectId subject, std::int64_t number) {
    if (!nothing_kept_back_) {
        auto query = database_.prepare("SELECT 1 FROM post_lock_item LIMIT 1");
        nothing_kept_back_ = !query.step();
    }
    if (*nothing_kept_back_) return std::nullopt;
    return withholding_item(database_, subject, number);
}

void ResultPublisher::begin() {
    ++transaction_;
    nothing_kept_back_.reset();
    states_.clear();
    origins_.clear();
}

const study::SubjectState& ResultPublisher::state(SubjectId subject) {
    auto known = states_.find(subject);
    if (known == states_.end()) known = states_.emplace(subject, reader_.subject(subject)).first;
    return known->second;
}

const study::ResultRecord* ResultPublisher::record(SubjectId subject, std::int64_t number) {
    const auto& results = state(subject).results;
    const auto found = std::ranges::lower_bound(results, number, {}, &study::ResultRecord::number);
    return found != results.end() && found->number == number ? &*found : nullptr;
}

void ResultPublisher::add_line(Origin& origin, const Query& row, int first) {
    origin.received_at = to_iso(Instant{row.integer(first)});
    origin.lines.emplace(
        static_cast<std::int32_t>(row.integer(first + 1)),
        Origin::Line{row.integer(first + 2), row.optional_integer(first + 3).value_or(0),
                     row.optional_integer(first + 4)});
}

void ResultPublisher::read_ahead(SubjectId subject) {
    specimens_.read_ahead(database_, subject);
    auto query = database_.prepare(
        "SELECT m.message_id, m.received_us, o.ordinal, o.config_id, o.subject_id, o.number FROM "
        "(SELECT DISTINCT current_message FROM result WHERE subject_id = ?) r JOIN message m ON "
        "m.message_id = r.current_message JOIN observation o ON o.message_id = m.message_id");
    query.bind(subject.value);
    while (query.step()) add_line(origins_[MessageId{query.integer(0)}], query, 1);
}

const ResultPublisher::Origin& ResultPublisher::origin(MessageId message) {
    const auto [place, added] = origins_.try_emplace(message);
    Origin& origin = place->second;
    if (!added) return origin;
    auto query = database_.prepare(
        "SELECT m.received_us, o.ordinal, o.config_id, o.subject_id, o.number FROM message m "
        "JOIN observation o ON o.message_id = m.message_id WHERE m.message_id = ?");
    query.bind(message.value);
    while (query.step()) add_line(origin, query, 0);
    return origin;
}

std::optional<delivery::DeliveredResult> ResultPublisher::publish(SubjectId id,
                                                                  std::int64_t number) {
    const study::ResultRecord* record = this->record(id, number);
    if (record == nullptr) return std::nullopt;
    return publish(*record);
}

std::optional<delivery::DeliveredResult> ResultPublisher::for_target(SubjectId id,
                                                                     std::int64_t number,
                                                                     std::string_view target) {
    const study::ResultRecord* record = this->record(id, number);
    if (record == nullptr) throw pipeline::unreadable("a delivery's result is missing");
    const auto item = withholding(id, number);
    if (!item) return publish(*record, target);
    const std::optional<ToldState>& told = item->told_at(target);
    if (!told) return std::nullopt;
    return publish(as_told(reader_, *record, *told), target);
}

delivery::DeliveredResult ResultPublisher::publish(study::ResultRecord record,
                                                   std::string_view target) {
    const KnownSubject& known = subject(record.key.subject);
    delivery::DeliveredResult result;
    result.result_id = result_id(results_key_, known.subject.study, known.stable_key, record.key);
    result.number = record.number;
    result.study = known.subject.study;
    result.site = known.subject.site;
    result.subject = known.subject.label();
    const study::SpecimenIdentity& specimen = record.key.specimen;
    result.specimen = specimen.specimen_id.empty() ? specimen.order : specimen.specimen_id;
    result.derived_from = derived_from(record, known);
    result.baseline = baseline(record, target);
    result.record = std::move(record);
    add_origins(result);
    return result;
}

/// As cd4_by_visit: the last value before the first infusion, scheduled or not; what was drawn on
/// the day of the infusion only for a visit, whose blood is drawn before the dose.
std::optional<study::ResultValue> ResultPublisher::baseline(const study::ResultRecord& record,
                                                            std::string_view target) {
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
        "WHERE r.subject_id = ?1 AND r.number <> ?2 AND r.kind <> 2 AND r.taken = 0 "
        "AND (r.study_day < 0 OR (r.study_day = 1 AND r.kind = 0)) "
        "AND o.analyte_id = ?3 AND o.result_state = 0 AND o.status <> 0 "
        "ORDER BY r.study_day DESC, coalesce(o.collected_us, -1) DESC, r.number DESC LIMIT 1");
    query.bind(record.key.subject.value, record.number, *analyte);
    if (!query.step()) return std::nullopt;
    const auto* found = this->record(record.key.subject, query.integer(0));
    if (found == nullptr) return std::nullopt;
    // The study grades against the baseline that it holds.
    const auto item = withholding(record.key.subject, found->number);
    if (item && item->told_at(target))
        return as_told(reader_, *found, *item->told_at(target)).current_version().value;
    return found->current_version().value;
}

const ResultPublisher::KnownSubject& ResultPublisher::subject(SubjectId id) {
    KnownSubject& known = subjects_[id];
    if (known.looked_up_in == transaction_) return known;
    auto query =
        database_.prepare("SELECT fact_id, stable_key, record FROM subject WHERE subject_id = ?");
    query.bind(id.value);
    if (!query.step()) throw pipeline::unreadable("a result's subject is missing");
    known.looked_up_in = transaction_;
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
        result.received_at.push_back(origin(version.id.message).received_at);
        result.config_hash.push_back(config_hash(config_of(result.record, version)));
    }
}

std::int64_t ResultPublisher::config_of(const study::ResultRecord& record,
                                        const study::StoredVersion& version) {
    if (record.key.derived.empty()) {
        const Origin& from = origin(version.id.message);
        const auto line = from.lines.find(version.id.ordinal);
        return line == from.lines.end() ? 0 : line->second.config_id;
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

// The observation row names the result of its first subject; the reader looks for another study's.
std::optional<std::int64_t> ResultPublisher::number_of(SubjectId subject, ObservationId id) {
    const Origin& from = origin(id.message);
    const auto line = from.lines.find(id.ordinal);
    if (line != from.lines.end() && line->second.subject == subject.value && line->second.number)
        return line->second.number;
    return reader_.number_of(subject, id);
}

std::vector<std::string> ResultPublisher::derived_from(const study::ResultRecord& record,
                                                       const KnownSubject& known) {
    std::vector<std::string> ids;
    for (const ObservationId& input : record.current_version().inputs) {
        const auto number = number_of(record.key.subject, input);
        if (!number) continue;
        const auto* from = this->record(record.key.subject, *number);
        if (from == nullptr) continue;
        std::string id = result_id(results_key_, known.subject.study, known.stable_key, from->key);
        if (std::ranges::find(ids, id) == ids.end()) ids.push_back(std::move(id));
    }
    return ids;
}

}  // namespace labrelay::store
