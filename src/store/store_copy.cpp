#include "labrelay/store/store_copy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <deque>
#include <filesystem>
#include <system_error>

#include "checkpointer.hpp"
#include "connection.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/sql/postgres_engine.hpp"
#include "migrations.hpp"

namespace labrelay::store {
namespace {

constexpr std::int64_t kTellEvery = 100'000;

struct Column {
    std::string name;
    enum class Type : std::uint8_t { integer, text, blob } type = Type::text;
};

struct Table {
    std::string name;
    std::vector<Column> columns;
    std::string count;  ///< the statements; they live as long as the connections use them
    std::string select;
    std::string insert;
};

std::vector<Column> columns_of(Connection& file, const std::string& table) {
    std::vector<Column> columns;
    auto query = file.prepare("SELECT name, type FROM pragma_table_info(?) ORDER BY cid");
    query.bind(table);
    while (query.step()) {
        Column& column = columns.emplace_back();
        column.name = query.string(0);
        const std::string_view type = query.text(1);
        column.type = type == "INTEGER" ? Column::Type::integer
                      : type == "BLOB"  ? Column::Type::blob
                                        : Column::Type::text;
    }
    return columns;
}

/// A deque: the statements' addresses are their keys.
std::deque<Table> tables_of(Connection& file) {
    std::deque<Table> tables;
    auto query = file.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' AND name <> 'schema_migration' ORDER BY name");
    while (query.step()) tables.emplace_back().name = query.string(0);
    for (Table& table : tables) {
        table.columns = columns_of(file, table.name);
        std::vector<std::string> names;
        for (const Column& column : table.columns) names.push_back(column.name);
        const std::string listed = fmt::format("{}", fmt::join(names, ", "));
        const std::vector<std::string> marks(names.size(), "?");
        table.count = fmt::format("SELECT count(*) FROM {}", table.name);
        table.select = fmt::format("SELECT {} FROM {}", listed, table.name);
        table.insert = fmt::format("INSERT INTO {}({}) VALUES ({})", table.name, listed,
                                   fmt::join(marks, ", "));
    }
    return tables;
}

std::int64_t count(Connection& database, const Table& table) {
    auto query = database.prepare(table.count.c_str());
    query.step();
    return query.integer(0);
}

void bind(Query& insert, const Query& row, const Column& column, int place) {
    if (row.is_null(place)) {
        insert.bind(std::nullopt);
        return;
    }
    switch (column.type) {
        case Column::Type::integer:
            insert.bind(row.integer(place));
            break;
        case Column::Type::text:
            insert.bind(row.text(place));
            break;
        case Column::Type::blob:
            insert.bind(Blob{row.blob(place)});
            break;
    }
}

CopiedTable copy_table(Connection& file, Connection& database, const Table& table,
                       const CopyProgress& progress) {
    // What the schema writes by itself comes with the copy.
    database.execute(fmt::format("DELETE FROM {}", table.name));
    CopiedTable copied{table.name, 0};
    auto row = file.prepare(table.select.c_str());
    auto insert = database.prepare(table.insert.c_str());
    while (row.step()) {
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            bind(insert, row, table.columns[i], static_cast<int>(i));
        insert.run();
        if (++copied.rows % kTellEvery == 0 && progress) progress(copied);
    }
    return copied;
}

/// Numbers that the database gives by itself go on after those that were copied.
void go_on_counting(Connection& database) {
    database.execute(
        "DO $$ DECLARE given RECORD; BEGIN FOR given IN SELECT table_name, column_name FROM "
        "information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES' "
        "LOOP EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), "
        "coalesce(max(%I), 0) + 1, false) FROM %I', given.table_name, given.column_name, "
        "given.column_name, given.table_name); END LOOP; END $$;"
        "SELECT setval('delivery_block', (SELECT coalesce(max(delivery_id), 0) / 4096 + 2 FROM "
        "outbox), false);"
        "SELECT setval('audit_life', (SELECT coalesce(max(life), 0) + 1 FROM audit), false)");
}

Result<std::vector<CopiedTable>> copy_rows(Connection& file, Connection& database,
                                           const CopyProgress& progress) {
    std::vector<CopiedTable> copied;
    const std::deque<Table> tables = tables_of(file);
    file.begin_read();
    database.begin_write();
    for (const Table& table : tables) {
        copied.push_back(copy_table(file, database, table, progress));
        if (progress) progress(copied.back());
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const std::int64_t there = count(database, tables[i]);
        if (there != copied[i].rows || there != count(file, tables[i])) {
            database.rollback();
            return fail(Code::store_io, {tables[i].name},
                        fmt::format("{} rows here, {} there", copied[i].rows, there));
        }
    }
    go_on_counting(database);
    database.commit();
    file.rollback();
    return copied;
}

bool has_messages(Connection& database) {
    auto query = database.prepare("SELECT 1 FROM message LIMIT 1");
    return query.step();
}

}  // namespace

Result<std::vector<CopiedTable>> copy_store(DataDirectory& directory, const std::string& url,
                                            Instant now, const CopyProgress& progress) {
    if (!sql::is_postgres_url(url)) return fail(Code::setting_bad, {"--to"}, "postgresql://…");
    if (directory.place().shared() || !std::filesystem::exists(directory.store_file()))
        return fail(Code::setting_bad, {directory.path().string()}, "there is no store.db to copy");
    std::vector<CopiedTable> tables;
    try {
        const auto file = open_store({directory.store_file(), {}}, sql::Access::write);
        settle_log(*file);
        const auto database = open_store({{}, url}, sql::Access::write);
        // Both in the newest schema: the tables are the same.
        for (Connection* each : {file.get(), database.get()})
            if (auto migrated = migrate(*each, now); !migrated)
                return tl::unexpected(std::move(migrated.error()));
        if (has_messages(*database))
            return fail(Code::setting_bad, {sql::without_password(url)},
                        "a store with messages is there already");
        auto copied = copy_rows(*file, *database, progress);
        if (!copied) return copied;
        tables = std::move(*copied);
    } catch (const pipeline::StoreFault& fault) {
        return fail(Code::store_io, {directory.path().string()}, fault.what());
    }
    std::error_code failed;
    const std::filesystem::path aside = directory.store_file().string() + ".copied";
    std::filesystem::rename(directory.store_file(), aside, failed);
    if (failed) return fail(Code::store_io, {aside.string()}, failed.message());
    if (auto placed = directory.set_url(url); !placed)
        return tl::unexpected(std::move(placed.error()));
    return tables;
}

}  // namespace labrelay::store
