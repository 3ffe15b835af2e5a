#include "labrelay/sql/connection.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/sql/standby.hpp"
#include "postgres_database.hpp"
#include "temporary_directory.hpp"

namespace labrelay::sql {
namespace {

/// What both engines promise alike.
class ConnectionTest : public ::testing::Test {
protected:
    ConnectionTest() {
        if (!test::postgres_server().empty()) postgres_.emplace();
        database_.emplace(open());
        database_->execute(postgres_ ? "CREATE TABLE t(id BIGINT PRIMARY KEY, name TEXT, body "
                                       "BYTEA, CHECK (id < 1000)); CREATE TABLE u(id BIGINT)"
                                     : "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, body "
                                       "BLOB, CHECK (id < 1000)) STRICT; CREATE TABLE u(id "
                                       "INTEGER)");
    }

    Connection open() {
        if (postgres_) return postgres_->open();
        return Connection(
            std::make_unique<SqliteEngine>(temporary_.path() / "t.db", SqliteOptions{}));
    }
    void insert(std::int64_t id, std::optional<std::string_view> name = std::nullopt) {
        database_->prepare("INSERT INTO t(id, name) VALUES (?, ?)").bind(id, name).run();
    }
    static std::int64_t count(Connection& database) {
        auto query = database.prepare("SELECT count(*) FROM t");
        query.step();
        return query.integer(0);
    }

    std::optional<test::PostgresDatabase> postgres_;
    test::TemporaryDirectory temporary_;
    std::optional<Connection> database_;
};

TEST_F(ConnectionTest, ValuesComeBackAsTheyWereBound) {
    const std::string bytes("\0\xff'x", 4);
    database_->begin_write();
    auto put = database_->prepare("INSERT INTO t(id, name, body) VALUES (?, ?, ?)");
    put.bind(std::int64_t{-5}, "zw\xc3\xb6lf", Blob{bytes}).run();
    put.bind(2, "", Blob{std::string_view()}).run();
    put.bind(3, std::nullopt, std::nullopt).run();
    database_->commit();
    auto query = database_->prepare("SELECT id, name, body FROM t ORDER BY id");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.integer(0), -5);
    EXPECT_EQ(query.text(1), "zw\xc3\xb6lf");
    EXPECT_EQ(query.blob(2), bytes);
    ASSERT_TRUE(query.step());
    EXPECT_FALSE(query.is_null(1));
    EXPECT_EQ(query.text(1), "");
    EXPECT_FALSE(query.is_null(2));
    ASSERT_TRUE(query.step());
    EXPECT_TRUE(query.is_null(1));
    EXPECT_EQ(query.text(1), "");
    EXPECT_EQ(query.optional_integer(0), 3);
    EXPECT_FALSE(query.step());
}

TEST_F(ConnectionTest, AReadSeesWhatItsTransactionWroteInTheOrderOfWriting) {
    database_->begin_write();
    insert(1, "a");
    insert(2, "b");
    EXPECT_EQ(count(*database_), 2);
    insert(3, "c");
    database_->prepare("UPDATE t SET name = ? WHERE id = ?").bind("d", 3).run();
    database_->prepare("DELETE FROM t WHERE id = ?").bind(1).run();
    insert(1, "again");
    auto query = database_->prepare("SELECT name FROM t ORDER BY id");
    std::string names;
    while (query.step()) names += query.string(0) + " ";
    EXPECT_EQ(names, "again b d ");
    database_->rollback();
    EXPECT_EQ(count(*database_), 0);
}

TEST_F(ConnectionTest, OneRowMayBeUpsertedTwiceInATransaction) {
    database_->begin_write();
    for (const char* name : {"first", "second", "third"})
        database_
            ->prepare(
                "INSERT INTO t(id, name) VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET name = "
                "excluded.name || coalesce(t.name, '')")
            .bind(1, name)
            .run();
    database_->prepare("INSERT INTO t(id) VALUES (?) ON CONFLICT DO NOTHING").bind(1).run();
    database_->commit();
    auto query = database_->prepare("SELECT name FROM t");
    ASSERT_TRUE(query.step());
    EXPECT_EQ(query.text(0), "thirdsecondfirst");
}

TEST_F(ConnectionTest, ManyRowsInOneTransaction) {
    database_->begin_write();
    auto put = database_->prepare("INSERT INTO u(id) VALUES (?)");
    for (int i = 0; i < 10'000; ++i) put.bind(i).run();
    database_->commit();
    auto query = database_->prepare("SELECT count(*), CAST(sum(id) AS BIGINT) FROM u");
    query.step();
    EXPECT_EQ(query.integer(0), 10'000);
    EXPECT_EQ(query.integer(1), 49'995'000);
}

TEST_F(ConnectionTest, ARefusedRowIsSaidAtTheLatestAtTheCommitAndTheConnectionGoesOn) {
    database_->begin_write();
    insert(1);
    try {
        insert(2000, "a name that no fault may quote");
        database_->commit();
        FAIL() << "id < 1000";
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.kind(), FaultKind::refused);
        EXPECT_EQ(std::string(fault.what()).find("quote"), std::string::npos) << fault.what();
    }
    database_->rollback();
    EXPECT_EQ(count(*database_), 0);
    database_->begin_write();
    insert(3);
    database_->commit();
    EXPECT_EQ(count(*database_), 1);
}

TEST_F(ConnectionTest, ABugInTheSqlIsADefect) {
    try {
        auto query = database_->prepare("SELECT nothing FROM t");
        query.step();
        FAIL();
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.kind(), FaultKind::defect) << fault.what();
    }
    EXPECT_EQ(count(*database_), 0);
}

TEST_F(ConnectionTest, AReadTransactionIsOneView) {
    Connection reader = open();
    reader.begin_read();
    EXPECT_EQ(count(reader), 0);
    database_->begin_write();
    insert(1);
    database_->commit();
    EXPECT_EQ(count(reader), 0);
    reader.rollback();
    EXPECT_EQ(count(reader), 1);
}

TEST_F(ConnectionTest, WhatIsNotSyncedAtOnceIsThereForEverybodyAllTheSame) {
    database_->begin_write(Durability::relaxed);
    insert(1);
    database_->commit();
    Connection other = open();
    EXPECT_EQ(count(other), 1);
}

class PostgresConnectionTest : public ConnectionTest {
protected:
    void SetUp() override {
        if (!postgres_) GTEST_SKIP() << "no PostgreSQL here";
    }
};

TEST_F(PostgresConnectionTest, ALostConnectionIsLostAndNothingOfItsTransactionIsThere) {
    database_->begin_write();
    insert(1);
    EXPECT_EQ(count(*database_), 1);
    {
        Connection other = open();
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            "current_database() AND pid <> pg_backend_pid()");
    }
    try {
        insert(2);
        database_->commit();
        FAIL();
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.kind(), FaultKind::lost) << fault.what();
    }
    database_->rollback();
    Connection other = open();
    EXPECT_EQ(count(other), 0);
}

// As where the wait for a synchronous standby is broken off: PostgreSQL warns and answers COMMIT.
TEST_F(PostgresConnectionTest, ACommitThatWarnsIsNotTakenForASureOne) {
    database_->execute(
        "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE WARNING 'canceling wait for synchronous replication'; RETURN NULL; END$$; "
        "CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION warn()");
    database_->begin_write();
    insert(1);
    try {
        database_->commit();
        FAIL();
    } catch (const Fault& fault) {
        EXPECT_EQ(fault.kind(), FaultKind::lost) << fault.what();
    }
    Connection other = open();
    EXPECT_EQ(count(other), 1) << "it is there, on this machine";
    // What is said before COMMIT is nothing to it.
    other.execute("DROP TRIGGER warns ON t");
    other.begin_write();
    other.prepare("DO $$BEGIN RAISE WARNING 'said before'; END$$").run();
    other.commit();
    make_sure_of_standby(other);
}

// What is set for a role or a database must not change what a transaction sees, nor end it.
TEST_F(PostgresConnectionTest, IsolationAndTimeOutAreOurs) {
    for (const char* setting :
         {"default_transaction_isolation = 'repeatable read'", "default_transaction_read_only = on",
          "client_min_messages = error", "statement_timeout = '50'"})
        database_->execute(fmt::format(
            "DO $$BEGIN EXECUTE format($set$ALTER DATABASE %I SET {}$set$, current_database()); "
            "END$$",
            setting));
    Connection writer = open();
    writer.begin_write();
    EXPECT_EQ(count(writer), 0);
    database_->begin_write();
    insert(1);
    database_->commit();
    EXPECT_EQ(count(writer), 1) << "each statement sees what was committed before it";
    {
        auto slow = writer.prepare("SELECT 1 FROM pg_sleep(0.1)");
        EXPECT_TRUE(slow.step());
    }
    writer.prepare("INSERT INTO u(id) VALUES (1)").run();
    writer.commit();
}

TEST_F(PostgresConnectionTest, TwoThatBlockEachOtherAreToldApart) {
    database_->begin_write();
    insert(1);
    insert(2);
    database_->commit();
    Connection other = open();
    const auto update = [](Connection& database, int id) {
        auto query = database.prepare("UPDATE t SET name = 'x' WHERE id = ? RETURNING id");
        query.bind(id);
        query.step();
    };
    other.execute("SET deadlock_timeout = '10ms'");
    database_->execute("SET deadlock_timeout = '10ms'");
    database_->begin_write();
    other.begin_write();
    update(*database_, 1);
    update(other, 2);
    std::optional<FaultKind> kind;
    std::thread first([&] {
        try {
            update(*database_, 2);
        } catch (const Fault& fault) {
            kind = fault.kind();
        }
        database_->rollback();
    });
    try {
        update(other, 1);
    } catch (const Fault& fault) {
        kind = fault.kind();
    }
    other.rollback();
    first.join();
    EXPECT_EQ(kind, FaultKind::conflict);
}

TEST_F(PostgresConnectionTest, AServerThatIsNotThereAndAPasswordThatIsWrongAreToldApart) {
    const auto kind_of = [](const std::string& url) {
        try {
            PostgresEngine engine(url);
        } catch (const Fault& fault) {
            EXPECT_EQ(std::string(fault.what()).find("s3cret"), std::string::npos) << fault.what();
            return fault.kind();
        }
        return FaultKind::defect;
    };
    EXPECT_EQ(kind_of("postgresql://x:s3cret@127.0.0.1:1/y"), FaultKind::lost);
    std::string nobody = postgres_->url();
    nobody.replace(nobody.find("labrelay@"), 9, "nobody:s3cret@");
    EXPECT_EQ(kind_of(nobody), FaultKind::setup);
}

}  // namespace
}  // namespace labrelay::sql
