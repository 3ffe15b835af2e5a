#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace labrelay::sqlite {

/// What a failed call of SQLite means to its caller.
enum class FaultKind : std::uint8_t {
    busy,     ///< another connection holds the lock: the same call may succeed later
    refused,  ///< the database is well and refuses this data (constraint, too big, wrong type)
    full,     ///< no space left
    io,       ///< disk, file, rights or corruption; after one at commit nothing is known
    misuse,   ///< a bug on our side
};

/// SQLite failed. `extended_code` is SQLite's extended result code, for example 2067
/// (SQLITE_CONSTRAINT_UNIQUE). The text names the constraint or the file, never a bound value.
class Fault : public std::runtime_error {
public:
    Fault(int extended_code, const std::string& what);

    int extended_code() const { return extended_code_; }
    int primary_code() const { return extended_code_ & 0xff; }
    FaultKind kind() const;

private:
    int extended_code_;
};

/// A prepared statement: bind from 1, step, read columns from 0, reset. Must not outlive its
/// Database; one thread at a time. All failures are Fault.
class Statement {
public:
    Statement(Statement&&) noexcept = default;
    Statement& operator=(Statement&&) noexcept = default;
    ~Statement() = default;

    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, std::string_view text);  ///< copied; may hold NULs
    Statement& bind(int parameter, const char* text) {
        return bind(parameter, std::string_view(text));
    }
    Statement& bind(int parameter, std::nullopt_t);
    template <class T>
    Statement& bind(int parameter, const std::optional<T>& value) {
        return value ? bind(parameter, *value) : bind(parameter, std::nullopt);
    }
    /// Borrowed, not copied: the bytes must live until reset() or the next bind of this parameter.
    Statement& bind_borrowed(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, std::string_view bytes);

    bool step();   ///< true: a row stands ready; false: done
    void run();    ///< steps to the end and resets: for statements whose rows are of no interest
    void reset();  ///< ready to be bound and stepped again; bindings are cleared

    int column_count() const;
    std::string_view column_name(int column) const;
    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    /// Valid until the next step() or reset(). NULL reads as empty.
    std::string_view text_view(int column) const;
    std::string_view blob_view(int column) const;
    std::string text(int column) const { return std::string(text_view(column)); }
    std::optional<std::int64_t> optional_integer(int column) const;
    std::optional<std::string> optional_text(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Statement(sqlite3* database, sqlite3_stmt* statement)
        : database_(database), statement_(statement) {}
    void check(int code) const;

    sqlite3* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class OpenMode : std::uint8_t {
    read_only,   ///< the file must exist
    read_write,  ///< the file must exist
    create,      ///< a new file gets mode 0600, and so do its journals
};

/// One connection to one SQLite file. Used by one thread at a time (opened without SQLite's own
/// mutexes). Sets the busy time-out, extended codes and foreign keys; journal and synchronous modes
/// are the caller's.
class Database {
public:
    /// `vfs` empty: the default one. `path` may be ":memory:".
    static Database open(const std::filesystem::path& path, OpenMode mode,
                         std::chrono::milliseconds busy_timeout = std::chrono::milliseconds{2000},
                         const std::string& vfs = {});

    Statement prepare(std::string_view sql);
    /// Runs all statements of `sql`; rows are thrown away.
    void execute(std::string_view sql);

    std::int64_t changes() const;  ///< rows changed by the last INSERT, UPDATE or DELETE
    std::int64_t last_insert_rowid() const;
    bool in_transaction() const;
    sqlite3* handle() const { return handle_.get(); }  ///< for what this class does not wrap

private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };
    explicit Database(sqlite3* database) : handle_(database) {}
    void check(int code) const;

    std::unique_ptr<sqlite3, Close> handle_;
};

/// BEGIN IMMEDIATE in the constructor; rolled back in the destructor unless commit() came back. A
/// Fault of commit() other than `busy` means that nothing is known about the transaction.
class Transaction {
public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    void commit();

private:
    Database& database_;
    bool open_ = true;
};

}  // namespace labrelay::sqlite
