#pragma once

#include <string>

namespace labrelay::bench {

/// Two databases on a PostgreSQL server, made anew: one for the engine, one for the study.
struct BenchDatabases {
    /// `server` is the URL of a database there from which others can be made.
    explicit BenchDatabases(const std::string& server);

    std::string engine;
    std::string study;
};

}  // namespace labrelay::bench
