#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/sql_commit_store.hpp"
#include "labrelay/store/store_writer.hpp"
#include "postgres_database.hpp"
#include "store_items.hpp"

namespace labrelay::store {

/// A store in a directory of its own, with its target `study`: on SQLite, or on the tests'
/// PostgreSQL where the environment names one. The same suite is run for both.
class StoreTest : public ::testing::Test {
protected:
    StoreTest() {
        if (!test::postgres_server().empty()) postgres_.emplace();
        open();
    }

    void open(WriterOptions options = {}) {
        options.targets = {"study"};
        auto opened = DataDirectory::open(temporary_.path() / "data", DataDirectory::Use::write);
        ASSERT_TRUE(opened) << describe(opened.error());
        directory_.emplace(std::move(*opened));
        if (postgres_) {
            const auto placed = directory_->set_url(postgres_->url());
            ASSERT_TRUE(placed) << describe(placed.error());
        }
        auto writer = StoreWriter::open(*directory_, clock_, options);
        ASSERT_TRUE(writer) << describe(writer.error());
        writer_ = std::move(*writer);
        store_ = std::make_unique<SqlCommitStore>(*writer_);
    }
    void close() {
        store_.reset();
        writer_.reset();
        directory_.reset();
        wait_for_locks_of_sessions();
    }
    /// PostgreSQL gives back what a session leads when it has read that the session ended; until
    /// then the next one leads nothing. No other session may lead anything here.
    void wait_for_locks_of_sessions() {
        if (!postgres_) return;
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (number("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                      "WHERE d.datname = current_database() AND l.locktype = 'advisory'") > 0) {
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << "somebody leads something still";
            std::this_thread::yield();
        }
    }
    void reopen() {
        close();
        open();
    }

    void commit(const testing::StoreItem& item) {
        store_->begin();
        store_->write(item.item());
        store_->commit();
    }
    void commit_again(const testing::StoreItem& item) {
        store_->begin();
        store_->write_again(item.item());
        store_->commit();
    }

    study::SubjectState subject_state(SubjectId subject) {
        study::StateView state;
        store_->load_subject(subject, state);
        return state.subjects.at(subject);
    }

    ReadSession session() {
        auto opened = ReadSession::open(*directory_);
        if (!opened) throw std::runtime_error(describe(opened.error()));
        return std::move(*opened);
    }

    /// Straight to the database, past the store.
    sql::Connection direct() {
        if (postgres_) return postgres_->open();
        return sql::Connection(std::make_unique<sql::SqliteEngine>(
            temporary_.path() / "data" / "store.db", sql::SqliteOptions{}));
    }
    /// One number straight from the database.
    std::int64_t number(const std::string& sql) {
        auto database = direct();
        auto query = database.prepare(sql.c_str());
        return query.step() ? query.integer(0) : -1;
    }

    std::optional<test::PostgresDatabase> postgres_;
    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    std::optional<DataDirectory> directory_;
    std::unique_ptr<StoreWriter> writer_;
    std::unique_ptr<SqlCommitStore> store_;
};

}  // namespace labrelay::store
