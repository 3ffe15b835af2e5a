#include <fmt/format.h>

#include <utility>

#include "labrelay/sqlite/database.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "sqlite_schema.hpp"

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
    int parameter = 0;
    for (const LabColumn& column : lab_columns()) {
        values += fmt::format("{}?{}", parameter == 0 ? "" : ", ", parameter + 1);
        ++parameter;
        if (column.name != kept) {
            updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", column.name,
                                   column.name);
        }
    }
    return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}", table,
                       column_list(), values, key, updates);
}

void write_row(sqlite::Statement& statement, const LabRow& row) {
    int parameter = 0;
    for (const LabColumn& column : lab_columns()) {
        ++parameter;
        if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
            const std::string& value = row.**text;
            if (value.empty()) {
                statement.bind(parameter, std::nullopt);
            } else {
                statement.bind(parameter, value);
            }
        } else {
            statement.bind(parameter,
                           row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member));
        }
    }
    statement.run();
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

void migrate(sqlite::Database& database) {
    const auto version = [&] {
        sqlite::Statement pragma = database.prepare("PRAGMA user_version");
        pragma.step();
        return pragma.integer(0);
    };
    if (version() == kStudySchemaVersion) {
        return;
    }
    sqlite::Transaction transaction(database);
    const std::int64_t found = version();
    if (found > kStudySchemaVersion) {
        throw sqlite::Fault(
            0, fmt::format("the study database has schema {}, this labrelay knows {}", found,
                           kStudySchemaVersion));
    }
    if (found == 0) {
        database.execute(kStudySchema1);
        database.execute(fmt::format("PRAGMA user_version = {}", kStudySchemaVersion));
    }
    transaction.commit();
}

sqlite::Database open_study(const SqliteTargetSettings& settings) {
    sqlite::Database database = sqlite::Database::open(settings.path, sqlite::OpenMode::create,
                                                       settings.busy_timeout, settings.vfs);
    database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(database);
    return database;
}

TargetAnswer answer_to(const sqlite::Fault& fault) {
    switch (fault.kind()) {
        case sqlite::FaultKind::busy:
            return {TargetAnswer::Kind::retry, fault.what(), false};
        case sqlite::FaultKind::refused:
            return {TargetAnswer::Kind::rejected, fault.what(), false};
        case sqlite::FaultKind::full:
        case sqlite::FaultKind::io:
        case sqlite::FaultKind::misuse:
            break;
    }
    return {TargetAnswer::Kind::retry, fault.what(), true};
}

bool keeps_connection(const sqlite::Fault& fault) {
    return fault.kind() == sqlite::FaultKind::busy || fault.kind() == sqlite::FaultKind::refused;
}

}  // namespace

struct SqliteTarget::RenderedDelivery {
    std::int64_t id = 0;
    std::int64_t fence = 0;
    std::int64_t digest = 0;
    std::vector<LabRows> results;
};

struct SqliteTarget::Connection {
    explicit Connection(const SqliteTargetSettings& settings)
        : database(open_study(settings)),
          find(database.prepare("SELECT fence, digest FROM lab_delivery WHERE delivery_id = ?1")),
          remember(database.prepare(
              "INSERT INTO lab_delivery (delivery_id, fence, digest) VALUES (?1, ?2, ?3) "
              "ON CONFLICT (delivery_id) DO UPDATE SET fence = excluded.fence, "
              "digest = excluded.digest")),
          stands(database.prepare("SELECT 1 FROM lab_result WHERE result_id = ?1")),
          put_result(database.prepare(upsert("lab_result", "result_id", "result_id"))),
          // A version keeps the reason that it came with.
          put_version(
              database.prepare(upsert("lab_result_version", "result_id, lineage_id", "reason"))),
          drop_versions(database.prepare("DELETE FROM lab_result_version WHERE result_id = ?1 "
                                         "AND instr(?2, ' ' || lineage_id || ' ') = 0")) {}

    // A worker that lost its lease must not overwrite what its successor wrote.
    bool is_new(const RenderedDelivery& delivery) {
        find.bind(1, delivery.id);
        const bool known = find.step();
        const bool again =
            known && (find.integer(0) > delivery.fence || find.integer(1) == delivery.digest);
        find.reset();
        return !again;
    }

    void write(const RenderedDelivery& delivery) {
        if (!is_new(delivery)) {
            return;
        }
        remember.bind(1, delivery.id).bind(2, delivery.fence).bind(3, delivery.digest).run();
        for (const LabRows& rows : delivery.results) {
            // It waited here when it became known that it is not for the study: only what the study
            // has seen already is corrected.
            if (!rows.forwarded && !stands_here(rows.current.result_id)) {
                continue;
            }
            write_row(put_result, rows.current);
            for (const LabRow& version : rows.versions) {
                write_row(put_version, version);
            }
            if (rows.derived) {
                keep_only(rows);
            }
        }
    }

    bool stands_here(const std::string& result_id) {
        stands.bind(1, result_id);
        const bool found = stands.step();
        stands.reset();
        return found;
    }

    void keep_only(const LabRows& rows) {
        std::string lineages = " ";
        for (const LabRow& version : rows.versions) {
            lineages += version.lineage_id + " ";
        }
        drop_versions.bind(1, rows.current.result_id).bind(2, lineages).run();
    }

    sqlite::Database database;
    sqlite::Statement find;
    sqlite::Statement remember;
    sqlite::Statement stands;
    sqlite::Statement put_result;
    sqlite::Statement put_version;
    sqlite::Statement drop_versions;
};

SqliteTarget::SqliteTarget(SqliteTargetSettings settings, AnalyteNames names,
                           std::vector<study::GradeScale> scales)
    : settings_(std::move(settings)), names_(std::move(names)), scales_(std::move(scales)) {}

SqliteTarget::~SqliteTarget() = default;

SqliteTarget::Connection& SqliteTarget::connection() {
    if (!connection_) {
        connection_ = std::make_unique<Connection>(settings_);
    }
    return *connection_;
}

TargetAnswer SqliteTarget::deliver(const std::vector<delivery::Delivery>& deliveries) {
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
        rendered.digest = digest.value();
    }
    try {
        Connection& open = connection();
        sqlite::Transaction transaction(open.database);
        for (const RenderedDelivery& delivery : batch) {
            open.write(delivery);
        }
        transaction.commit();
        return {};
    } catch (const sqlite::Fault& fault) {
        if (!keeps_connection(fault)) {
            connection_.reset();
        }
        return answer_to(fault);
    }
}

}  // namespace labrelay::targets
