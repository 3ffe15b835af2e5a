#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "delivered_results.hpp"
#include "labrelay/sqlite/database.hpp"
#include "labrelay/targets/sql_target.hpp"
#include "labrelay/targets/study_reader.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {

using Kind = delivery::TargetAnswer::Kind;

/// A directory of its own with a study database in it.
class StudyFileTest : public ::testing::Test {
protected:
    std::filesystem::path file() const { return temporary_.path() / "study.db"; }
    SqliteTarget open_target() const {
        return SqliteTarget({"study", file(), std::chrono::milliseconds{1}, {}}, AnalyteNames{});
    }
    StudyReader reader() const {
        Result<StudyReader> reader = StudyReader::open(file());
        EXPECT_TRUE(reader);
        return std::move(*reader);
    }
    /// Every row of every table as text, for "nothing changed".
    std::vector<std::string> dump() const {
        std::vector<std::string> lines;
        sqlite::Database database = sqlite::Database::open(file(), sqlite::OpenMode::read_only);
        for (const char* table : {"lab_result", "lab_result_version", "lab_delivery"}) {
            sqlite::Statement rows =
                database.prepare(std::string("SELECT * FROM ") + table + " ORDER BY 1, rowid");
            while (rows.step()) {
                std::string line = table;
                for (int column = 0; column < rows.column_count(); ++column) {
                    line += "|" + rows.optional_text(column).value_or("NULL");
                }
                lines.push_back(line);
            }
        }
        return lines;
    }
    sqlite::Statement query(sqlite::Database& database, std::string_view sql) const {
        sqlite::Statement statement = database.prepare(sql);
        EXPECT_TRUE(statement.step());
        return statement;
    }

    const test::TemporaryDirectory temporary_;
};

}  // namespace labrelay::targets
