#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "delivered_results.hpp"
#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/sqlite/database.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "postgres_database.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {

using Kind = delivery::TargetAnswer::Kind;

/// A study database of its own: a file in a directory, or a database of the tests' PostgreSQL where
/// the environment names one. The same tests are run for both.
class StudyFileTest : public ::testing::Test {
protected:
    StudyFileTest() { start_over(); }

    /// Nothing is there any more.
    void start_over() {
        if (!test::postgres_server().empty()) {
            postgres_.emplace();
        } else {
            std::filesystem::remove(file());
        }
    }
    std::filesystem::path file() const { return temporary_.path() / "study.db"; }
    StudyPlace place() const {
        StudyPlace place{file(), std::chrono::milliseconds{1}};
        if (postgres_) {
            place.url = postgres_->url();
        }
        return place;
    }
    SqlTarget open_target() const { return SqlTarget({"study", place()}, AnalyteNames{}); }
    StudyReader reader() const {
        Result<StudyReader> reader = StudyReader::open(place());
        EXPECT_TRUE(reader);
        return std::move(*reader);
    }
    /// Straight to the database, past the reader.
    sql::Connection direct() const {
        if (postgres_) {
            return postgres_->open();
        }
        return sql::Connection(std::make_unique<sql::SqliteEngine>(file(), sql::SqliteOptions{}));
    }
    std::string text(const char* sql) const {
        sql::Connection database = direct();
        auto query = database.prepare(sql);
        EXPECT_TRUE(query.step());
        return query.is_null(0) ? "NULL" : query.string(0);
    }
    /// Every row of every table as text, for "nothing changed".
    std::vector<std::string> dump() const {
        std::vector<std::string> lines;
        const StudyReader study = reader();
        const std::vector<LabRow> results = study.results().value();
        for (const LabRow& row : results) {
            lines.push_back("lab_result" + printed(row));
        }
        const std::vector<LabRow> versions = study.versions().value();
        for (const LabRow& row : versions) {
            lines.push_back("lab_result_version" + printed(row));
        }
        sql::Connection database = direct();
        auto query = database.prepare(
            "SELECT delivery_id, fence, digest FROM lab_delivery ORDER BY delivery_id");
        while (query.step()) {
            lines.push_back("lab_delivery|" + std::to_string(query.integer(0)) + "|" +
                            std::to_string(query.integer(1)) + "|" +
                            std::to_string(query.integer(2)));
        }
        return lines;
    }

    std::optional<test::PostgresDatabase> postgres_;
    const test::TemporaryDirectory temporary_;

private:
    static std::string printed(const LabRow& row) {
        std::string line;
        for (const LabColumn& column : lab_columns()) {
            line += '|';
            if (const auto* text = std::get_if<std::string LabRow::*>(&column.member)) {
                line += row.**text;
            } else if (const auto& number =
                           row.*std::get<std::optional<std::int64_t> LabRow::*>(column.member)) {
                line += std::to_string(*number);
            }
        }
        return line;
    }
};

}  // namespace labrelay::targets
