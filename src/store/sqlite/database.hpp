#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace labrelay::store::sqlite {

/// Bytes that are bound or read as BLOB rather than TEXT.
struct Blob {
    std::string_view bytes;
};

/// One use of a prepared statement of a Database. Bound texts are not copied: they must live until the
/// statement has run. Reset when it goes; only one use of the same SQL may be alive at a time.
class Statement {
public:
    Statement(sqlite3* database, sqlite3_stmt* statement)
        : database_(database), statement_(statement) {}
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement(Statement&& other) noexcept
        : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    /// Binds the next parameters, in order.
    template <class... Values>
    Statement& bind(const Values&... values) {
        (bind_one(values), ...);
        return *this;
    }
    /// True: a row is there to be read. False: done.
    bool step();
    /// Runs a statement that gives no rows, and makes it ready for another round of bind().
    void run();

    std::int64_t integer(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const;
    int small(int column) const { return static_cast<int>(integer(column)); }
    bool flag(int column) const { return integer(column) != 0; }
    bool is_null(int column) const;
    /// Valid until the next step(). NULL reads as the empty text.
    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    std::string string(int column) const { return std::string(text(column)); }

private:
    void bind_one(std::int64_t value);
    void bind_one(int value) { bind_one(std::int64_t{value}); }
    void bind_one(bool value) { bind_one(std::int64_t{value ? 1 : 0}); }
    void bind_one(std::string_view value);
    void bind_one(const std::string& value) { bind_one(std::string_view(value)); }
    void bind_one(const char* value) { bind_one(std::string_view(value)); }
    void bind_one(Blob value);
    void bind_one(std::nullopt_t) { ++bound_; }
    template <class Value>
    void bind_one(const std::optional<Value>& value) {
        if (value) {
            bind_one(*value);
        } else {
            bind_one(std::nullopt);
        }
    }
    void check(int status) const;

    sqlite3* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

/// One connection to an SQLite file, RAII over its C API. Failures are pipeline::StoreFault; `row_refused`
/// where the database is well and does not take the data. One thread at a time.
class Database {
public:
    enum class Mode : std::uint8_t { write, read };

    /// write: WAL, synchronous=FULL, no checkpoints of its own, foreign keys, 2 s busy timeout; made with
    /// mode 0600 where it is absent. read: cannot write.
    Database(const std::filesystem::path& path, Mode mode, const std::string& vfs = {});

    /// Prepared once and kept. `sql` must be a literal: it is the cache's key by address.
    Statement prepare(const char* sql);
    /// For pragmas and migrations: several statements, nothing bound, nothing read.
    void execute(const std::string& script);

    void begin_write() { execute("BEGIN IMMEDIATE"); }
    void begin_read() { execute("BEGIN"); }
    void commit() { execute("COMMIT"); }
    /// Never throws: what SQLite rolled back by itself is rolled back too.
    void rollback() noexcept;
    bool in_transaction() const;
    int changes() const;

    enum class Checkpoint : std::uint8_t { passive, restart };
    /// False where readers or a writer kept it from finishing.
    bool checkpoint(Checkpoint mode);
    /// Called after each commit with the pages that stand in the WAL.
    void on_commit(std::function<void(int wal_pages)> callback);

private:
    struct Closer {
        void operator()(sqlite3* handle) const;
    };
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const;
    };
    // Statements go before the connection: members are destroyed in reverse order.
    std::unique_ptr<std::function<void(int)>> on_commit_;
    std::unique_ptr<sqlite3, Closer> handle_;
    std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalizer>> statements_;
};

}  // namespace labrelay::store::sqlite
