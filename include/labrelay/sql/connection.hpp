#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "labrelay/sql/engine.hpp"
#include "labrelay/sql/fault.hpp"

namespace labrelay::sql {

/// Bytes that are bound as BLOB rather than TEXT.
struct Blob {
    std::string_view bytes;
};

/// What a module throws where the database fails, instead of Fault. Must throw.
using OnFault = void (*)(const Fault&);

/// One use of a kept statement: bind in order, step or run, read. Bound texts are not copied: they
/// must live until it has run. Reset when it goes; only one use of the same SQL may be alive at a
/// time.
class Query {
public:
    Query(Statement& statement, OnFault on_fault) : statement_(&statement), on_fault_(on_fault) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query(Query&& other) noexcept
        : statement_(std::exchange(other.statement_, nullptr)),
          on_fault_(other.on_fault_),
          bound_(other.bound_) {}
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
    /// Runs what gives no rows, and is ready for another round of bind(). Inside a transaction an
    /// engine may send it later, together with others, but before anything that could see its work;
    /// what the database then refuses is a fault of that later call, at the latest of commit().
    void run();

    std::int64_t integer(int column) const { return statement_->integer(column); }
    std::optional<std::int64_t> optional_integer(int column) const {
        if (statement_->is_null(column)) return std::nullopt;
        return statement_->integer(column);
    }
    int small(int column) const { return static_cast<int>(integer(column)); }
    bool flag(int column) const { return integer(column) != 0; }
    bool is_null(int column) const { return statement_->is_null(column); }
    /// Valid until the next step(). NULL reads as empty.
    std::string_view text(int column) const { return statement_->bytes(column); }
    std::string_view blob(int column) const { return statement_->bytes(column); }
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

    Statement* statement_;
    OnFault on_fault_;
    int bound_ = 0;
};

/// One connection to a database, with its statements kept. The same SQL for both engines: `?` or
/// `?1` parameters, 64-bit integers, texts, blobs, ON CONFLICT, RETURNING. Failures are what
/// `on_fault` throws. One thread at a time.
class Connection {
public:
    /// `on_fault` nothing: Fault itself.
    explicit Connection(std::unique_ptr<Engine> engine, OnFault on_fault = nullptr);
    Connection(Connection&&) noexcept = default;
    Connection& operator=(Connection&&) noexcept = default;
    ~Connection();

    /// `sql` must be a literal or live as long: it is the cache's key by its address.
    Query prepare(const char* sql);
    /// For pragmas and migrations: several statements, nothing bound, nothing read.
    void execute(std::string_view script);

    void begin_write(Durability durability = Durability::full);
    /// One view of the database until rollback().
    void begin_read();
    void commit();
    /// Never throws: what the database rolled back by itself is rolled back too.
    void rollback() noexcept;

    Engine& engine() { return *engine_; }

private:
    template <class Call>
    decltype(auto) guarded(const Call& call);

    OnFault on_fault_;
    std::unique_ptr<Engine> engine_;
    // Statements go before the engine: members are destroyed in reverse order.
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace labrelay::sql
