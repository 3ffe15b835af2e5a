#include "labrelay/store/data_directory.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "store_fixture.hpp"

namespace labrelay::store {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
}

using DataDirectoryTest = StoreTest;

TEST_F(DataDirectoryTest, NobodyElseMayReadIt) {
    commit(testing::StoreItem(1, "A1").stored(1));
    EXPECT_EQ(mode_of(directory_->path()), 0700U);
    int files = 0;
    for (const auto& file : fs::directory_iterator(directory_->path())) {
        EXPECT_EQ(mode_of(file.path()), 0600U) << file.path();
        ++files;
    }
    EXPECT_GE(files, 4) << "store.db, its WAL, the key, the lock";
}

TEST_F(DataDirectoryTest, ASecondServerIsRefusedUntilTheFirstIsGone) {
    const auto second = DataDirectory::open(directory_->path(), DataDirectory::Use::write);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::store_locked);
    EXPECT_TRUE(DataDirectory::open(directory_->path(), DataDirectory::Use::read));
    const fs::path path = directory_->path();
    close();
    EXPECT_TRUE(DataDirectory::open(path, DataDirectory::Use::write));
}

TEST_F(DataDirectoryTest, AStoreWithoutItsKeyIsNotOpened) {
    const fs::path path = directory_->path();
    const fs::path key = directory_->key_file();
    close();
    fs::rename(key, path / "elsewhere");
    for (const auto use : {DataDirectory::Use::write, DataDirectory::Use::read}) {
        const auto opened = DataDirectory::open(path, use);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, Code::store_key_missing);
    }
    EXPECT_FALSE(fs::exists(key)) << "no new key is made for an old store";

    std::ofstream(key) << "short";
    const auto cut = DataDirectory::open(path, DataDirectory::Use::write);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::store_key_missing);

    std::ofstream(key) << std::string(32, 'k');
    auto other = DataDirectory::open(path, DataDirectory::Use::write);
    ASSERT_TRUE(other);
    const auto writer = StoreWriter::open(*other, clock_, {});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, Code::store_key_missing);
}

TEST_F(DataDirectoryTest, AStoreOfANewerLabrelayIsNotOpened) {
    close();
    const fs::path path = temporary_.path() / "data";
    {
        auto database = sqlite::Database::open(path / "store.db", sqlite::OpenMode::read_write);
        database.execute("INSERT INTO schema_migration VALUES (99, 0)");
    }
    auto opened = DataDirectory::open(path, DataDirectory::Use::write);
    ASSERT_TRUE(opened);
    const auto writer = StoreWriter::open(*opened, clock_, {});
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, Code::store_newer);
    const auto session = ReadSession::open(*opened);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, Code::store_newer);
}

TEST_F(DataDirectoryTest, ReadingWhereThereIsNoStoreSaysSo) {
    const auto opened = DataDirectory::open(temporary_.path() / "none", DataDirectory::Use::read);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::not_found);
}

}  // namespace
}  // namespace labrelay::store
