#include <fmt/format.h>

#include <utility>

#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/standby.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "study_connection.hpp"

namespace labrelay::targets {
namespace {

using delivery::TargetAnswer;

std::string column_list() {
    std::string list;
    for (const LabColumn& column : lab_columns()) {
        list += (list.empty() ? "" : ", ") + std::string(column.name);
    }
    return list;
}

std::string upsert(std::string_view table, std::string_view key, std::string_view kept) {
    std::string values;
    std::string updates;
    for (const LabColumn& column : lab_columns()) {
        values += values.empty() ? "?" : ", ?";
        if (column.name != kept) {
            updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", column.name,
                                   column.name);
        }
    }
    return fmt::format("INSERT INTO {}({}) VALUES ({}) ON CONFLICT({}) DO UPDATE SET {}", table,
                       column_list(), values, key, updates);
}

const std::string& put_result() {
    static const std::string sql = upsert("lab_result", "result_id", "result_id");
    return sql;
}

// A version keeps the reason that it came with.
const std::string& put_version() {
    static const std::string sql = upsert("lab_result_version", "result_id, lineage_id", "reason");
    return sql;
}

void write_row(sql::Connection& database, const std::string& statement, const LabRow& row) {
    auto query = database.prepare(statement.c_str());
    for (const LabColumn& column : lab_columns()) {
        if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
            const std::string& value = row.**text;
            if (value.empty()) {
                query.bind(std::nullopt);
            } else {
                query.bind(value);
            }
        } else {
            query.bind(row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member));
        }
    }
    query.run();
}

// FNV-1a over every field with its length: tells a repeat from a reused id, guards against no one.
class ContentDigest {
public:
    void add(const LabRow& row) {
        for (const LabColumn& column : lab_columns()) {
            if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
                add(row.**text);
            } else {
                const auto& number =
                    row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member);
                add(number ? std::to_string(*number) : std::string());
            }
        }
    }
    void add(const delivery::LockNotice& lock) {
        for (const std::string_view text :
             {std::string_view(lock.study), std::string_view(lock.subject),
              std::string_view(lock.visit), study::to_string(lock.state),
              std::string_view(lock.since)}) {
            add(text);
        }
    }
    std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

private:
    void add(std::string_view text) {
        for (const char byte : text) {
            mix(static_cast<unsigned char>(byte));
        }
        mix(0xFF);  // occurs in no UTF-8 text
    }
    void mix(unsigned char byte) {
        hash_ ^= byte;
        hash_ *= 0x100000001b3ULL;
    }

    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

TargetAnswer answer_to(const sql::Fault& fault) {
    switch (fault.kind()) {
        case sql::FaultKind::busy:
        case sql::FaultKind::conflict:
            return {TargetAnswer::Kind::retry, fault.what(), false};
        case sql::FaultKind::refused:
            return {TargetAnswer::Kind::rejected, fault.what(), false};
        case sql::FaultKind::setup:
            return {TargetAnswer::Kind::stopped, fault.what(), true};
        case sql::FaultKind::full:
        case sql::FaultKind::lost:
        case sql::FaultKind::defect:
            break;
    }
    return {TargetAnswer::Kind::retry, fault.what(), true};
}

bool keeps_connection(const sql::Fault& fault) {
    return fault.kind() == sql::FaultKind::busy || fault.kind() == sql::FaultKind::conflict ||
           fault.kind() == sql::FaultKind::refused;
}

}  // namespace

struct SqlTarget::RenderedDelivery {
    std::int64_t id = 0;
    std::int64_t fence = 0;
    std::int64_t digest = 0;
    std::vector<LabRows> results;
    std::vector<delivery::LockNotice> locks;
};

/// One open study database and what is written to it.
struct SqlTarget::Study {
    explicit Study(const StudyPlace& place) : database(open_study(place)) {}

    // Two nodes may believe for a moment that the target is theirs: one at a time writes, and sees
    // the other's fences.
    void begin() {
        database.begin_write();
        if (database.engine().dialect() == sql::Dialect::postgres) {
            auto lock = database.prepare("SELECT pg_advisory_xact_lock(7165913264407203)::text");
            lock.step();
        }
    }

    // A worker that lost its lease must not overwrite what its successor wrote.
    bool is_new(const RenderedDelivery& delivery) {
        auto find =
            database.prepare("SELECT fence, digest FROM lab_delivery WHERE delivery_id = ?");
        find.bind(delivery.id);
        return !find.step() ||
               (find.integer(0) <= delivery.fence && find.integer(1) != delivery.digest);
    }

    void write(const RenderedDelivery& delivery) {
        if (!is_new(delivery)) {
            return;
        }
        database
            .prepare(
                "INSERT INTO lab_delivery(delivery_id, fence, digest) VALUES (?, ?, ?) "
                "ON CONFLICT(delivery_id) DO UPDATE SET fence = excluded.fence, "
                "digest = excluded.digest")
            .bind(delivery.id, delivery.fence, delivery.digest)
            .run();
        for (const LabRows& rows : delivery.results) {
            // It waited here when it became known that it is not for the study: only what the study
            // has seen already is corrected.
            if (!rows.forwarded && !stands_here(rows.current.result_id)) {
                continue;
            }
            remember_place(rows.current);
            write_row(database, put_result(), rows.current);
            for (const LabRow& version : rows.versions) {
                write_row(database, put_version(), version);
            }
            if (rows.derived) {
                keep_only(rows);
            }
        }
        for (const delivery::LockNotice& lock : delivery.locks) {
            database
                .prepare(
                    "INSERT INTO lab_lock(study, subject, visit, scope, state, since) "
                    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(study, subject, visit) "
                    "DO UPDATE SET state = excluded.state, since = excluded.since")
                .bind(lock.study, lock.subject, lock.visit, lock.scope,
                      study::to_string(lock.state), lock.since)
                .run();
        }
    }

    /// Before it is overwritten. A result of one version that never moved has only one place.
    void remember_place(const LabRow& row) {
        if (row.version.value_or(1) == 1 && row.placement_version.value_or(1) == 1) {
            return;
        }
        database
            .prepare(
                "INSERT INTO lab_former_place(result_id, analyte, visit, visit_kind, specimen, "
                "collected_at) SELECT result_id, analyte, coalesce(visit, ''), visit_kind, "
                "coalesce(specimen, ''), coalesce(collected_at, '') FROM lab_result "
                "WHERE result_id = ? AND (analyte <> ? OR coalesce(visit, '') <> ? "
                "OR visit_kind <> ? OR coalesce(specimen, '') <> ? "
                "OR coalesce(collected_at, '') <> ?) ON CONFLICT DO NOTHING")
            .bind(row.result_id, row.analyte, row.visit, row.visit_kind, row.specimen,
                  row.collected_at)
            .run();
    }

    bool stands_here(const std::string& result_id) {
        auto stands = database.prepare("SELECT 1 FROM lab_result WHERE result_id = ?");
        stands.bind(result_id);
        return stands.step();
    }

    void keep_only(const LabRows& rows) {
        std::string lineages = " ";
        for (const LabRow& version : rows.versions) {
            lineages += version.lineage_id + " ";
        }
        database
            .prepare(
                "DELETE FROM lab_result_version WHERE result_id = ? "
                "AND CAST(? AS TEXT) NOT LIKE '% ' || lineage_id || ' %'")
            .bind(rows.current.result_id, lineages)
            .run();
    }

    sql::Connection database;
};

SqlTarget::SqlTarget(SqlTargetSettings settings, AnalyteNames names,
                     std::vector<study::GradeScale> scales)
    : settings_(std::move(settings)), names_(std::move(names)), scales_(std::move(scales)) {}

SqlTarget::~SqlTarget() = default;

SqlTarget::Study& SqlTarget::study() {
    if (!study_) {
        study_ = std::make_unique<Study>(settings_.place);
        // Or a delivery that is found there counts as kept, and its repeat writes nothing to wait
        // for.
        if (unsure_) {
            sql::make_sure_of_standby(study_->database);
        }
        unsure_ = false;
    }
    return *study_;
}

TargetAnswer SqlTarget::deliver(const std::vector<delivery::Delivery>& deliveries) {
    std::vector<RenderedDelivery> batch;
    for (const delivery::Delivery& delivery : deliveries) {
        RenderedDelivery& rendered = batch.emplace_back();
        rendered.id = delivery.id;
        rendered.fence = delivery.fence;
        ContentDigest digest;
        for (const delivery::DeliveredResult& result : delivery.results) {
            Result<LabRows> rows = lab_rows(result, names_, scales_);
            if (!rows) {
                return {TargetAnswer::Kind::rejected, describe(rows.error()), false};
            }
            digest.add(rows->current);
            for (const LabRow& version : rows->versions) {
                digest.add(version);
            }
            rendered.results.push_back(std::move(*rows));
        }
        for (const delivery::LockNotice& lock : delivery.locks) {
            digest.add(lock);
        }
        rendered.locks = delivery.locks;
        rendered.digest = digest.value();
    }
    try {
        Study& open = study();
        open.begin();
        for (const RenderedDelivery& delivery : batch) {
            open.write(delivery);
        }
        open.database.commit();
        return {};
    } catch (const sql::Fault& fault) {
        if (study_) {
            study_->database.rollback();
        }
        if (!keeps_connection(fault)) {
            study_.reset();
            unsure_ = true;
        }
        return answer_to(fault);
    }
}

}  // namespace labrelay::targets
