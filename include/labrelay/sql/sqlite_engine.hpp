#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "labrelay/sql/engine.hpp"
#include "labrelay/sqlite/database.hpp"

namespace labrelay::sql {

/// write: WAL, synchronous=FULL, the file is made where it is absent. read: the file must exist.
enum class Access : std::uint8_t { write, read };

struct SqliteOptions {
    Access access = Access::write;
    std::chrono::milliseconds busy_timeout{2000};
    bool own_checkpoints = true;  ///< false: somebody else carries the WAL into the file
    std::string vfs;              ///< fault injection; empty: SQLite's own
};

/// SQLite behind a Connection.
class SqliteEngine final : public Engine {
public:
    SqliteEngine(const std::filesystem::path& file, const SqliteOptions& options);

    Dialect dialect() const override { return Dialect::sqlite; }
    std::unique_ptr<Statement> prepare(std::string_view sql) override;
    void execute(std::string_view script) override;
    void begin_write(Durability durability) override;
    void begin_read() override;
    void commit() override;
    void rollback() noexcept override;

    sqlite::Database& database() { return database_; }

private:
    sqlite::Database database_;
    Durability durability_ = Durability::full;
};

}  // namespace labrelay::sql
