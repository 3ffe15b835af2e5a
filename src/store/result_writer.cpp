#include "result_writer.hpp"

#include <fmt/format.h>

#include <map>
#include <string>

#include "result_reader.hpp"
#include "version_columns.hpp"
#include "withholding.hpp"

namespace labrelay::store {
namespace {

using study::ResultChange;
using study::ResultRecord;

// What goes into one subject's outbox rows; the ids are given before the rows, because a result
// remembers the first that carried it.
struct Parcel {
    std::int64_t first_id = 0;
    std::string results;
};

void add_result(Parcel& parcel, std::int64_t number, Code reason) {
    if (!parcel.results.empty()) parcel.results += ' ';
    parcel.results += std::to_string(number);
    if (reason != Code::none)
        fmt::format_to(std::back_inserter(parcel.results), ":{}", static_cast<int>(reason));
}

Parcel& parcel_of(StoreWriter::Core& core, std::map<std::int64_t, Parcel>& parcels,
                  SubjectId subject) {
    auto [place, added] = parcels.try_emplace(subject.value);
    if (added) {
        place->second.first_id =
            core.take_deliveries(static_cast<std::int64_t>(core.target_ids.size()));
    }
    return place->second;
}

bool enqueued_before(StoreWriter::Core& core, const ResultRecord& record) {
    if (record.delivered) return true;
    auto query =
        core.db().prepare("SELECT first_delivery FROM result WHERE subject_id = ? AND number = ?");
    query.bind(record.key.subject.value, record.number);
    return query.step() && !query.is_null(0);
}

void write_record(StoreWriter::Core& core, const ResultRecord& record,
                  std::optional<std::int64_t> delivery) {
    static const std::string sql = fmt::format(
        "INSERT INTO result(subject_id, number, source_id, specimen_id, code_id, sub_id, "
        "derived_id, current_message, current_ordinal, current_position, versions, visit_id, "
        "kind, role, study_day, forwarded, placement_version, first_delivery, taken) VALUES ({}) "
        "ON CONFLICT(subject_id, number) DO UPDATE SET current_message = "
        "excluded.current_message, current_ordinal = excluded.current_ordinal, current_position "
        "= excluded.current_position, versions = excluded.versions, visit_id = "
        "excluded.visit_id, kind = excluded.kind, role = excluded.role, study_day = "
        "excluded.study_day, forwarded = excluded.forwarded, placement_version = "
        "excluded.placement_version, first_delivery = "
        "coalesce(result.first_delivery, excluded.first_delivery), taken = excluded.taken",
        placeholders(19));
    const study::ResultKey& key = record.key;
    const study::StoredVersion& current = record.current_version();
    std::optional<std::string> versions;
    if (key.derived.empty() && record.versions.size() > 1) {
        std::vector<ObservationId> ids;
        ids.reserve(record.versions.size());
        for (const study::StoredVersion& version : record.versions) ids.push_back(version.id);
        versions = pack_ids(ids);
    }
    const std::int64_t source = core.term(key.source);
    const std::int64_t specimen = core.specimen(source, key.specimen);
    const std::int64_t code = core.term(key.code);
    const std::int64_t derived = core.term(key.derived);
    const std::int64_t visit = core.term(record.placement.visit);
    auto upsert = core.db().prepare(sql.c_str());
    upsert.bind(key.subject.value, record.number, source, specimen, code, key.sub_id, derived,
                current.id.message.value, current.id.ordinal,
                static_cast<std::int64_t>(record.current), versions);
    upsert
        .bind(visit, static_cast<int>(record.placement.kind),
              static_cast<int>(record.placement.role), record.placement.study_day,
              record.placement.forwarded, record.placement_version, delivery,
              static_cast<int>(record.taken))
        .run();
}

// `keep`: the study databases still hold a version that is none any more.
void write_derived(StoreWriter::Core& core, const ResultRecord& record,
                   std::string_view config_hash, bool keep) {
    static const std::string sql = fmt::format(
        "INSERT INTO derived_version(subject_id, number, inputs, position, message_id, ordinal, "
        "config_id, {}) VALUES ({})",
        kVersionColumns, placeholders(7 + kVersionColumnCount));
    const std::int64_t configuration = core.configuration(config_hash);
    // A late input can change which derived versions there are; what is gone must not be read
    // again.
    core.db()
        .prepare(keep ? "UPDATE derived_version SET position = -1 "
                        "WHERE subject_id = ? AND number = ?"
                      : "DELETE FROM derived_version WHERE subject_id = ? AND number = ?")
        .bind(record.key.subject.value, record.number)
        .run();
    for (std::size_t i = 0; i < record.versions.size(); ++i) {
        const study::StoredVersion& version = record.versions[i];
        const std::string inputs = pack_ids(version.inputs);
        const VersionRow row(core.adder(), core.terms, version, version.forwards);
        if (keep)
            core.db()
                .prepare(
                    "DELETE FROM derived_version "
                    "WHERE subject_id = ? AND number = ? AND inputs = ?")
                .bind(record.key.subject.value, record.number, inputs)
                .run();
        auto insert = core.db().prepare(sql.c_str());
        insert.bind(record.key.subject.value, record.number, inputs, static_cast<std::int64_t>(i),
                    version.id.message.value, version.id.ordinal, configuration);
        row.bind_to(insert);
        insert.run();
    }
}

void insert_parcels(StoreWriter::Core& core, std::optional<MessageId> cause,
                    const std::map<std::int64_t, Parcel>& parcels) {
    std::optional<std::int64_t> message;
    if (cause) message = cause->value;
    auto insert = core.db().prepare(
        "INSERT INTO outbox(delivery_id, target_id, subject_id, message_id, state, results) "
        "VALUES (?, ?, ?, ?, 'ready', ?)");
    for (const auto& [subject, parcel] : parcels) {
        std::int64_t id = parcel.first_id;
        for (const std::int64_t target : core.target_ids)
            insert.bind(id++, target, subject, message, parcel.results).run();
    }
}

}  // namespace

void write_changes(StoreWriter::Core& core, std::optional<MessageId> cause,
                   std::span<const ResultChange> changes, std::string_view config_hash) {
    std::map<std::int64_t, Parcel> parcels;
    const Withholding withholding(core, cause, changes);
    for (const ResultChange& change : changes) {
        const ResultRecord& record = change.after;
        const bool kept_back = withholding.withholds(record.key.subject, record.number);
        std::optional<std::int64_t> delivery;
        if (!core.target_ids.empty() && !kept_back &&
            (record.placement.forwarded || enqueued_before(core, record))) {
            Parcel& parcel = parcel_of(core, parcels, record.key.subject);
            add_result(parcel, record.number, change.reason);
            delivery = parcel.first_id;
        }
        write_record(core, record, delivery);
        if (!record.key.derived.empty() && change.value_changed)
            write_derived(core, record, config_hash, kept_back);
    }
    insert_parcels(core, cause, parcels);
}

void tell_again(StoreWriter::Core& core, SubjectId subject) {
    if (core.target_ids.empty()) return;
    const std::set<std::int64_t> kept = kept_back(core, subject);
    std::map<std::int64_t, Parcel> parcels;
    bool left_out = false;
    {
        auto query = core.db().prepare(
            "SELECT number FROM result WHERE subject_id = ? AND first_delivery IS NOT NULL "
            "ORDER BY number");
        query.bind(subject.value);
        while (query.step()) {
            if (kept.contains(query.integer(0))) {
                left_out = true;
            } else {
                add_result(parcel_of(core, parcels, subject), query.integer(0), Code::none);
            }
        }
    }
    insert_parcels(core, std::nullopt, parcels);
    core.db()
        .prepare(left_out ? "INSERT INTO untold_label(subject_id) VALUES (?) "
                            "ON CONFLICT(subject_id) DO NOTHING"
                          : "DELETE FROM untold_label WHERE subject_id = ?")
        .bind(subject.value)
        .run();
}

void tell_again_of_released(StoreWriter::Core& core, SubjectId subject) {
    {
        auto query = core.db().prepare("SELECT 1 FROM untold_label WHERE subject_id = ?");
        query.bind(subject.value);
        if (!query.step()) return;
    }
    tell_again(core, subject);
}

void tell_results(StoreWriter::Core& core, SubjectId subject,
                  std::span<const ResultToTell> results) {
    if (core.target_ids.empty() || results.empty()) return;
    std::map<std::int64_t, Parcel> parcels;
    Parcel& parcel = parcel_of(core, parcels, subject);
    for (const ResultToTell& result : results) {
        add_result(parcel, result.number, result.reason);
        core.db()
            .prepare(
                "UPDATE result SET first_delivery = coalesce(first_delivery, ?) "
                "WHERE subject_id = ? AND number = ?")
            .bind(parcel.first_id, subject.value, result.number)
            .run();
    }
    insert_parcels(core, std::nullopt, parcels);
}

}  // namespace labrelay::store
