#include "bench_databases.hpp"

#include <memory>

#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/postgres_engine.hpp"

namespace labrelay::bench {
namespace {

std::string made_anew(const std::string& server, const std::string& name) {
    sql::Connection connection(std::make_unique<sql::PostgresEngine>(server));
    connection.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    connection.execute("CREATE DATABASE " + name);
    return server.substr(0, server.rfind('/') + 1) + name;
}

}  // namespace

BenchDatabases::BenchDatabases(const std::string& server)
    : engine(made_anew(server, "bench_engine")), study(made_anew(server, "bench_study")) {}

}  // namespace labrelay::bench
