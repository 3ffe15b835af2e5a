#include "labrelay/sqlite/database.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "temporary_directory.hpp"

namespace labrelay::sqlite {
namespace {

using namespace std::string_view_literals;

Database memory() {
    return Database::open(":memory:", OpenMode::create);
}

TEST(SqliteDatabase, KeepsTextWithNulsNullsAndIntegersApart) {
    Database database = memory();
    database.execute("CREATE TABLE t(a TEXT, b TEXT, c INTEGER, d BLOB)");
    Statement insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
    const std::string blob("\x0b\x00\xff", 3);
    insert.bind(1, "a\0b"sv)
        .bind(2, std::optional<std::string>())
        .bind(3, INT64_MIN)
        .bind_blob(4, blob);
    insert.run();
    insert.bind(1, ""sv).bind(2, std::optional<std::string>("x")).bind(3, std::nullopt).run();
    EXPECT_EQ(database.changes(), 1);

    Statement select = database.prepare("SELECT a, b, c, d FROM t ORDER BY rowid");
    ASSERT_TRUE(select.step());
    EXPECT_EQ(select.text(0), "a\0b"sv);
    EXPECT_TRUE(select.is_null(1));
    EXPECT_EQ(select.optional_text(1), std::nullopt);
    EXPECT_EQ(select.integer(2), INT64_MIN);
    EXPECT_EQ(select.blob_view(3), blob);
    ASSERT_TRUE(select.step());
    EXPECT_FALSE(select.is_null(0)) << "the empty text is not NULL";
    EXPECT_EQ(select.optional_text(1), "x");
    EXPECT_EQ(select.optional_integer(2), std::nullopt);
    EXPECT_FALSE(select.step());
}

TEST(SqliteDatabase, SaysWhichKindOfFault) {
    struct Row {
        int code;
        FaultKind kind;
    };
    constexpr Row kRows[] = {
        {5, FaultKind::busy},        // SQLITE_BUSY
        {517, FaultKind::busy},      // SQLITE_BUSY_SNAPSHOT
        {262, FaultKind::busy},      // SQLITE_LOCKED_SHAREDCACHE
        {2067, FaultKind::refused},  // SQLITE_CONSTRAINT_UNIQUE
        {18, FaultKind::refused},    // SQLITE_TOOBIG
        {13, FaultKind::full},       // SQLITE_FULL
        {1034, FaultKind::io},       // SQLITE_IOERR_FSYNC
        {11, FaultKind::io},         // SQLITE_CORRUPT
        {26, FaultKind::io},         // SQLITE_NOTADB
        {8, FaultKind::io},          // SQLITE_READONLY
        {21, FaultKind::misuse},     // SQLITE_MISUSE
    };
    for (const Row& row : kRows) {
        EXPECT_EQ(Fault(row.code, "").kind(), row.kind) << row.code;
    }
}

TEST(SqliteDatabase, AConstraintIsAFaultWithItsExtendedCode) {
    Database database = memory();
    database.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT NOT NULL)");
    Statement insert = database.prepare("INSERT INTO t VALUES (?, ?)");
    insert.bind(1, 1).bind(2, std::nullopt);
    try {
        insert.run();
        FAIL() << "NOT NULL was not enforced";
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.extended_code(), 1299);  // SQLITE_CONSTRAINT_NOTNULL
        EXPECT_EQ(fault.kind(), FaultKind::refused);
    }
    insert.reset();
    insert.bind(1, 1).bind(2, "x").run();
}

TEST(SqliteDatabase, ATransactionThatIsNotCommittedIsRolledBack) {
    Database database = memory();
    database.execute("CREATE TABLE t(a)");
    {
        Transaction transaction(database);
        database.execute("INSERT INTO t VALUES (1)");
        EXPECT_TRUE(database.in_transaction());
    }
    {
        Transaction transaction(database);
        database.execute("INSERT INTO t VALUES (2)");
        transaction.commit();
    }
    EXPECT_FALSE(database.in_transaction());
    Statement select = database.prepare("SELECT a FROM t");
    ASSERT_TRUE(select.step());
    EXPECT_EQ(select.integer(0), 2);
    EXPECT_FALSE(select.step());
}

class SqliteFile : public ::testing::Test {
protected:
    const test::TemporaryDirectory temporary_;
    const std::filesystem::path& directory_ = temporary_.path();
};

TEST_F(SqliteFile, ANewFileAndItsJournalBelongToTheOwnerOnly) {
    const auto path = directory_ / "a.db";
    Database database = Database::open(path, OpenMode::create);
    database.execute("PRAGMA journal_mode=WAL; CREATE TABLE t(a)");
    for (const auto& file : {path, std::filesystem::path(path.string() + "-wal")}) {
        struct stat status {};
        ASSERT_EQ(::stat(file.c_str(), &status), 0) << file;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << file;
    }
}

TEST_F(SqliteFile, AMissingFileIsNotCreatedForReading) {
    EXPECT_THROW(Database::open(directory_ / "none.db", OpenMode::read_only), Fault);
    EXPECT_THROW(Database::open(directory_ / "none.db", OpenMode::read_write), Fault);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "none.db"));
    EXPECT_THROW(Database::open(directory_ / "no" / "none.db", OpenMode::create), Fault);
}

TEST_F(SqliteFile, AHeldLockIsBusy) {
    const auto path = directory_ / "a.db";
    Database first = Database::open(path, OpenMode::create);
    Database second = Database::open(path, OpenMode::read_write, std::chrono::milliseconds{1});
    const Transaction held(first);
    try {
        const Transaction refused(second);
        FAIL() << "two writers";
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.kind(), FaultKind::busy);
    }
}

}  // namespace
}  // namespace labrelay::sqlite
