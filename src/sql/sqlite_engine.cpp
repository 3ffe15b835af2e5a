#include "labrelay/sql/sqlite_engine.hpp"

#include <sqlite3.h>

#include "labrelay/sql/fault.hpp"

namespace labrelay::sql {
namespace {

FaultKind kind_of(const sqlite::Fault& fault) {
    switch (fault.kind()) {
        case sqlite::FaultKind::busy:
            return FaultKind::busy;
        case sqlite::FaultKind::refused:
            return FaultKind::refused;
        case sqlite::FaultKind::full:
            return FaultKind::full;
        case sqlite::FaultKind::io:
            return FaultKind::lost;
        case sqlite::FaultKind::misuse:
            break;
    }
    return FaultKind::defect;
}

template <class Call>
decltype(auto) translated(const Call& call) {
    try {
        return call();
    } catch (const sqlite::Fault& fault) {
        throw Fault(kind_of(fault), fault.what());
    }
}

class SqliteStatement final : public Statement {
public:
    explicit SqliteStatement(sqlite::Statement statement) : statement_(std::move(statement)) {}

    void bind_integer(int parameter, std::int64_t value) override {
        translated([&] { statement_.bind(parameter, value); });
    }
    void bind_text(int parameter, std::string_view text) override {
        translated([&] { statement_.bind_borrowed(parameter, text); });
    }
    void bind_blob(int parameter, std::string_view bytes) override {
        translated([&] { statement_.bind_blob(parameter, bytes); });
    }
    bool step() override {
        return translated([&] { return statement_.step(); });
    }
    void run() override {
        translated([&] { statement_.run(); });
    }
    void reset() noexcept override { statement_.reset(); }

    bool is_null(int column) const override { return statement_.is_null(column); }
    std::int64_t integer(int column) const override { return statement_.integer(column); }
    std::string_view bytes(int column) const override { return statement_.blob_view(column); }

private:
    sqlite::Statement statement_;
};

sqlite::Database open(const std::filesystem::path& file, const SqliteOptions& options) {
    return translated([&] {
        const auto mode = options.access == Access::write ? sqlite::OpenMode::create
                                                          : sqlite::OpenMode::read_only;
        return sqlite::Database::open(file, mode, options.busy_timeout, options.vfs);
    });
}

}  // namespace

SqliteEngine::SqliteEngine(const std::filesystem::path& file, const SqliteOptions& options)
    : database_(open(file, options)) {
    if (options.access == Access::read) return;
    execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    if (!options.own_checkpoints)
        execute("PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY");
}

std::unique_ptr<Statement> SqliteEngine::prepare(std::string_view sql) {
    return translated([&] { return std::make_unique<SqliteStatement>(database_.prepare(sql)); });
}

void SqliteEngine::execute(std::string_view script) {
    translated([&] { database_.execute(script); });
}

void SqliteEngine::begin_write(Durability durability) {
    if (durability != durability_) {
        execute(durability == Durability::full ? "PRAGMA synchronous=FULL"
                                               : "PRAGMA synchronous=NORMAL");
        durability_ = durability;
    }
    execute("BEGIN IMMEDIATE");
}

void SqliteEngine::begin_read() {
    execute("BEGIN");
}

void SqliteEngine::commit() {
    execute("COMMIT");
}

void SqliteEngine::rollback() noexcept {
    if (database_.in_transaction())
        sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace labrelay::sql
