#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/postgres_engine.hpp"

namespace labrelay::test {

/// The URL of the tests' cluster (postgres_cluster.py), or nothing where a test runs without one.
inline std::string postgres_server() {
    const char* file = std::getenv("LABRELAY_TEST_POSTGRES");
    if (file == nullptr) return {};
    std::string url;
    std::getline(std::ifstream(file), url);
    return url;
}

/// A database of its own on the tests' cluster, for as long as it lives.
class PostgresDatabase {
public:
    PostgresDatabase() : server_(postgres_server()) {
        static std::atomic<int> made{0};
        name_ = fmt::format("test_{}_{}", ::getpid(), made++);
        connect().execute(fmt::format("CREATE DATABASE {}", name_));
    }
    PostgresDatabase(const PostgresDatabase&) = delete;
    PostgresDatabase& operator=(const PostgresDatabase&) = delete;
    ~PostgresDatabase() {
        try {
            connect().execute(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
        } catch (const std::exception&) {
            // The cluster is thrown away after the tests.
        }
    }

    std::string url() const { return server_.substr(0, server_.rfind('/') + 1) + name_; }
    sql::Connection open() const {
        return sql::Connection(std::make_unique<sql::PostgresEngine>(url()));
    }

private:
    sql::Connection connect() const {
        return sql::Connection(std::make_unique<sql::PostgresEngine>(server_));
    }

    std::string server_;
    std::string name_;
};

}  // namespace labrelay::test
