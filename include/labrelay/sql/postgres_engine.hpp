#pragma once

#include <memory>
#include <string>

#include "labrelay/sql/engine.hpp"

namespace labrelay::sql {

/// True for `postgresql://…` and `postgres://…`.
bool is_postgres_url(std::string_view url);
/// The URL without its password, for logs and error texts.
std::string without_password(std::string_view url);

/// PostgreSQL behind a Connection: libpq in pipeline mode with prepared statements.
///
/// What gives no rows is sent without waiting; INSERTs into one table are gathered and sent as one
/// statement over arrays, before anything else that names the table, and at the latest by commit().
/// So a transaction costs a round trip for each read and one for its commit. TLS, time-outs and
/// password files are libpq's, by the URL's parameters. See postgres.md.
class PostgresEngine final : public Engine {
public:
    /// Connects; the URL is as libpq takes it. Fault `setup` or `lost`.
    explicit PostgresEngine(const std::string& url);
    ~PostgresEngine() override;

    Dialect dialect() const override { return Dialect::postgres; }
    std::unique_ptr<Statement> prepare(std::string_view sql) override;
    void execute(std::string_view script) override;
    void begin_write(Durability durability) override;
    void begin_read() override;
    void commit() override;
    void rollback() noexcept override;

    class Wire;  ///< the libpq side

private:
    std::unique_ptr<Wire> wire_;
};

}  // namespace labrelay::sql
