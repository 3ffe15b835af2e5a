#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "labrelay/sql/fault.hpp"
#include "labrelay/sql/postgres_engine.hpp"
#include "sql_text.hpp"

namespace labrelay::sql {

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearResult>;

/// A bound parameter. Integers travel as text, so that the server's type for them decides.
struct Parameter {
    enum class Kind : std::uint8_t { null, integer, text, blob };
    Kind kind = Kind::null;
    std::int64_t integer = 0;
    std::string_view bytes;
};

/// Rows of one INSERT that wait to be sent as one statement over arrays.
class GatheredInsert {
public:
    GatheredInsert(InsertForm form, std::vector<Oid> types, std::string statement);

    /// False: a row with this key waits already and must go first.
    bool takes(const std::vector<Parameter>& row) const;
    void add(const std::vector<Parameter>& row);
    void clear();
    std::size_t rows() const { return rows_; }
    std::size_t bytes() const { return bytes_; }
    const InsertForm& form() const { return form_; }
    const std::string& statement() const { return statement_; }
    /// The arrays in PostgreSQL's binary form; valid until the next add() or clear().
    std::vector<std::string> arrays() const;

private:
    std::string key_of(const std::vector<Parameter>& row) const;

    InsertForm form_;
    std::vector<Oid> types_;
    std::string statement_;  ///< the prepared statement's name
    std::vector<std::string> elements_;
    std::vector<bool> nulls_;
    std::unordered_set<std::string> keys_;
    std::size_t rows_ = 0;
    std::size_t bytes_ = 0;
};

/// The libpq side of a PostgresEngine: one connection in pipeline mode, what was sent and not yet
/// answered, and what is gathered and not yet sent.
class PostgresEngine::Wire {
public:
    explicit Wire(const std::string& url);
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire();

    /// Returns the prepared statement's name; nothing is waited for.
    std::string prepare(const std::string& sql);
    /// Asks the server for the types of a prepared statement's parameters.
    std::vector<Oid> parameter_types(const std::string& statement);
    void send(const std::string& statement, const std::vector<Parameter>& parameters);
    void send_plain(const char* sql);
    /// Waits for all that was sent; the answer to the last of it.
    PostgresResult finish();
    void execute(const std::string& script);

    GatheredInsert* gather(InsertForm form, std::vector<Oid> types, std::string statement);
    void added_to(GatheredInsert& insert);
    /// Sends what is gathered for one of the tables.
    void send_gathered(const std::vector<std::string>& tables);
    void send_all_gathered();
    void forget_gathered() noexcept;

    void begin(const char* sql);
    bool in_transaction() const { return in_transaction_; }
    void commit();
    void rollback() noexcept;

private:
    void send_arrays(GatheredInsert& insert);
    void sent();
    void note(const PGresult* result);
    void heard(const PGresult* notice);
    [[noreturn]] void lost() const;

    PGconn* connection_ = nullptr;
    std::size_t waiting_ = 0;  ///< commands whose answers were not read
    std::optional<Fault> failed_;
    bool in_transaction_ = false;
    bool warned_ = false;  ///< by the command whose answer was read last
    std::int64_t next_statement_ = 1;
    std::vector<std::unique_ptr<GatheredInsert>> inserts_;
    std::deque<GatheredInsert*> gathered_;  ///< those with rows, oldest first
};

/// The fault that an error answer stands for. Its text never holds data: of what concerns rows only
/// the code, the constraint and the table are said.
Fault fault_of(const PGresult* result);

}  // namespace labrelay::sql
