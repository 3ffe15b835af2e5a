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

#include "labrelay/sqlite/database.hpp"

namespace labrelay::store {

/// Bytes that are bound as BLOB rather than TEXT.
struct Blob {
    std::string_view bytes;
};

/// One use of a kept statement: bind in order, step or run, read. Bound texts are not copied: they
/// must live until it has run. Reset when it goes; only one use of the same SQL may be alive at a
/// time.
class Query {
public:
    explicit Query(sqlite::Statement& statement) : statement_(&statement) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query(Query&& other) noexcept
        : statement_(std::exchange(other.statement_, nullptr)), bound_(other.bound_) {}
    Query& operator=(Query&&) = delete;
    ~Query() {
        if (statement_ != nullptr) statement_->reset();
    }

    /// Binds the next parameters.
    template <class... Values>
    Query& bind(const Values&... values) {
        (bind_one(values), ...);
        return *this;
    }
    /// True: a row is there to be read. False: done.
    bool step();
    /// Runs what gives no rows, and is ready for another round of bind().
    void run();

    std::int64_t integer(int column) const { return statement_->integer(column); }
    std::optional<std::int64_t> optional_integer(int column) const {
        return statement_->optional_integer(column);
    }
    int small(int column) const { return static_cast<int>(integer(column)); }
    bool flag(int column) const { return integer(column) != 0; }
    bool is_null(int column) const { return statement_->is_null(column); }
    /// Valid until the next step(). NULL reads as empty.
    std::string_view text(int column) const { return statement_->text_view(column); }
    std::string_view blob(int column) const { return statement_->blob_view(column); }
    std::string string(int column) const { return statement_->text(column); }

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

    sqlite::Statement* statement_;
    int bound_ = 0;
};

/// One connection to the store's file, with its statements kept. Failures are pipeline::StoreFault,
/// `row_refused` where the database is well and does not take the data. One thread at a time.
class Connection {
public:
    enum class Mode : std::uint8_t { write, read };

    /// write: WAL, synchronous=FULL, no checkpoints of its own; the file is made where it is
    /// absent.
    Connection(const std::filesystem::path& file, Mode mode, const std::string& vfs = {});

    /// `sql` must be a literal or live as long: it is the cache's key by its address.
    Query prepare(const char* sql);
    /// For pragmas and migrations: several statements, nothing bound, nothing read.
    void execute(std::string_view script);

    void begin_write() { execute("BEGIN IMMEDIATE"); }
    void begin_read() { execute("BEGIN"); }
    void commit() { execute("COMMIT"); }
    /// Never throws: what SQLite rolled back by itself is rolled back too.
    void rollback() noexcept;

    enum class Checkpoint : std::uint8_t { passive, restart };
    /// False where readers or a writer kept it from finishing.
    bool checkpoint(Checkpoint mode);
    /// Called after each commit with the pages that stand in the WAL.
    void on_commit(std::function<void(int wal_pages)> callback);

private:
    // Statements go before the connection: members are destroyed in reverse order.
    std::unique_ptr<std::function<void(int)>> on_commit_;
    sqlite::Database database_;
    std::unordered_map<const char*, sqlite::Statement> statements_;
};

}  // namespace labrelay::store
