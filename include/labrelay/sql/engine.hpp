#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace labrelay::sql {

enum class Dialect : std::uint8_t { sqlite, postgres };

/// full: on stable storage when commit() returns. relaxed: with the next full one; for what may be
/// done twice without harm.
enum class Durability : std::uint8_t { full, relaxed };

/// A prepared statement of an engine: bind from 1, step, read columns from 0, reset. What is bound
/// is borrowed until it has run. Must not outlive its engine. Failures are Fault.
class Statement {
public:
    virtual ~Statement() = default;
    Statement() = default;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    virtual void bind_integer(int parameter, std::int64_t value) = 0;
    virtual void bind_text(int parameter, std::string_view text) = 0;
    virtual void bind_blob(int parameter, std::string_view bytes) = 0;

    virtual bool step() = 0;  ///< true: a row stands ready; false: done
    virtual void run() = 0;   ///< for statements that give no rows; see Query::run()
    virtual void reset() noexcept = 0;

    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string_view bytes(int column) const = 0;  ///< of a text or blob
};

/// What stands behind a Connection: SQLite or PostgreSQL. One thread at a time; failures are Fault.
class Engine {
public:
    virtual ~Engine() = default;
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    virtual Dialect dialect() const = 0;
    virtual std::unique_ptr<Statement> prepare(std::string_view sql) = 0;
    virtual void execute(std::string_view script) = 0;
    virtual void begin_write(Durability durability) = 0;
    virtual void begin_read() = 0;
    virtual void commit() = 0;
    virtual void rollback() noexcept = 0;
};

}  // namespace labrelay::sql
