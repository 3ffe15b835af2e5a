// The server's own check of the audit trail. That what it finds is an incident: judge_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stop_token>

#include "labrelay/app/audit_watch.hpp"
#include "labrelay/sql/connection.hpp"
#include "labrelay/sql/sqlite_engine.hpp"
#include "labrelay/store/audit_desk.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "store_items.hpp"
#include "temporary_directory.hpp"

namespace labrelay::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AuditWatchTest : public ::testing::Test {
protected:
    AuditWatchTest()
        : directory_(*store::DataDirectory::open(temporary_.path() / "data",
                                                 store::DataDirectory::Use::write)),
          writer_(*store::StoreWriter::open(directory_, clock_, {})) {
        for (int row = 1; row <= 5; ++row) {
            store::Act act;
            act.actor = "anna";
            act.role = "data manager";
            act.origin = store::Origin::page;
            store::Desk desk(*writer_);
            desk.audit(act, {"problem", "something was done", "problem", std::to_string(row),
                             R"({"n":0})", R"({"n":1})"});
            desk.commit();
        }
    }

    void change(const std::string& sql) {
        sql::Connection(std::make_unique<sql::SqliteEngine>(directory_.path() / "store.db",
                                                            sql::SqliteOptions{}))
            .execute(sql);
    }
    void pass(std::chrono::hours time) {
        clock_.set(Instant{clock_.now().microseconds + std::chrono::microseconds(time).count()});
    }
    AuditWatch watch(std::size_t page = 2) {
        return AuditWatch(directory_, *writer_, clock_, {24h, page, 0ms});
    }

    test::TemporaryDirectory temporary_;
    labrelay::testing::FixedClock clock_;
    store::DataDirectory directory_;
    std::unique_ptr<store::StoreWriter> writer_;
    const std::stop_token never_{};
};

TEST_F(AuditWatchTest, ChecksAtOnceAndThenAtItsIntervalAndNamesTheFirstBadRow) {
    AuditWatch audit = watch();
    EXPECT_FALSE(audit.fact()) << "nothing was checked yet";
    EXPECT_EQ(audit.metrics(), "");
    audit.look(never_);
    ASSERT_TRUE(audit.fact());
    EXPECT_TRUE(audit.fact()->whole);
    EXPECT_THAT(audit.metrics(), HasSubstr("labrelay_audit_checked_rows 5\n"));
    change("UPDATE audit SET actor = 'boris' WHERE audit_id IN (3, 4)");
    pass(23h);
    audit.look(never_);
    EXPECT_TRUE(audit.fact()->whole) << "it is not time yet";
    pass(1h);
    audit.look(never_);
    ASSERT_FALSE(audit.fact()->whole);
    EXPECT_EQ(audit.fact()->row, 3);
    EXPECT_THAT(audit.metrics(), HasSubstr("labrelay_audit_whole 0\n"));
    change("UPDATE audit SET actor = 'anna' WHERE audit_id IN (3, 4)");
    pass(24h);
    audit.look(never_);
    EXPECT_TRUE(audit.fact()->whole);
}

TEST_F(AuditWatchTest, AStopEndsACheckBetweenTwoPagesWithoutAVerdict) {
    AuditWatch audit = watch();
    std::stop_source stopping;
    stopping.request_stop();
    audit.look(stopping.get_token());
    EXPECT_FALSE(audit.fact());
}

TEST_F(AuditWatchTest, WantsTheAnchorThatTheServerItselfWrote) {
    AuditWatch audit = watch();
    const auto anchor = store::anchor_audit(*writer_);
    ASSERT_TRUE(anchor);
    audit.anchored(anchor->digest);
    audit.look(never_);
    EXPECT_TRUE(audit.fact()->whole);
    change("DELETE FROM audit_anchor");
    pass(24h);
    audit.look(never_);
    ASSERT_FALSE(audit.fact()->whole);
    EXPECT_EQ(audit.fact()->row, 0);
}

}  // namespace
}  // namespace labrelay::app
