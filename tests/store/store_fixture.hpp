#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/sqlite/database.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/sqlite_commit_store.hpp"
#include "labrelay/store/sqlite_writer.hpp"
#include "store_items.hpp"

namespace labrelay::store {

/// A store in a directory of its own, with its target `study`.
class StoreTest : public ::testing::Test {
protected:
    StoreTest() { open(); }

    void open(WriterOptions options = {}) {
        options.targets = {"study"};
        auto opened = DataDirectory::open(temporary_.path() / "data", DataDirectory::Use::write);
        ASSERT_TRUE(opened) << describe(opened.error());
        directory_.emplace(std::move(*opened));
        auto writer = SqliteWriter::open(*directory_, clock_, options);
        ASSERT_TRUE(writer) << describe(writer.error());
        writer_ = std::move(*writer);
        store_ = std::make_unique<SqliteCommitStore>(*writer_);
    }
    void close() {
        store_.reset();
        writer_.reset();
        directory_.reset();
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

    /// One number straight from the file.
    std::int64_t number(std::string_view sql) {
        auto database =
            sqlite::Database::open(directory_->store_file(), sqlite::OpenMode::read_only);
        auto query = database.prepare(sql);
        return query.step() ? query.integer(0) : -1;
    }

    test::TemporaryDirectory temporary_;
    testing::FixedClock clock_;
    std::optional<DataDirectory> directory_;
    std::unique_ptr<SqliteWriter> writer_;
    std::unique_ptr<SqliteCommitStore> store_;
};

}  // namespace labrelay::store
