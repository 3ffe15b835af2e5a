#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "failing_vfs.hpp"
#include "study_file_test.hpp"

namespace labrelay::targets {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SqlTargetTest : public StudyFileTest {};
/// What is about SQLite's file itself.
class SqliteStudyTest : public StudyFileTest {};

delivery::DeliveredResult cd4(std::string_view id, std::string_view value) {
    return a_result(id)
        .analyte("CD4A", value, "/uL")
        .at_visit("M3", 92)
        .collected("202607010815", 1'782'864'900'000'000);
}

TEST_F(SqlTargetTest, WhatIsDeliveredIsReadBackAsItWasRendered) {
    SqlTarget target = open_target();
    const delivery::DeliveredResult first = cd4("R1", "412");
    const delivery::DeliveredResult second =
        a_result("R2")
            .analyte("HIVVL", "0", "{copies}/mL")
            .without_number(units::ResultState::not_detected, "NOT DETECTED")
            .outside_visits(study::VisitKind::unscheduled, std::nullopt);
    EXPECT_EQ(target.deliver({a_delivery(1, {first, second})}).kind, Kind::delivered);

    const Result<std::vector<LabRow>> rows = reader().results();
    ASSERT_TRUE(rows);
    ASSERT_THAT(*rows, SizeIs(2));
    EXPECT_EQ((*rows)[0], lab_rows(second, {})->current) << "no study day sorts first";
    EXPECT_EQ((*rows)[1], lab_rows(first, {})->current);
    EXPECT_EQ(reader().versions(), *rows);
}

TEST_F(SqliteStudyTest, TheFileBelongsToTheOwnerOnly) {
    SqlTarget target = open_target();
    ASSERT_EQ(target.deliver({a_delivery(1, {})}).kind, Kind::delivered);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat status {};
        ASSERT_EQ(::stat((file().string() + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
    }
}

TEST_F(SqlTargetTest, ARepeatChangesNothing) {
    const delivery::Delivery delivery = a_delivery(1, {cd4("R1", "412")});
    SqlTarget target = open_target();
    ASSERT_EQ(target.deliver({delivery}).kind, Kind::delivered);
    const std::vector<std::string> before = dump();
    EXPECT_EQ(target.deliver({delivery}).kind, Kind::delivered);
    EXPECT_EQ(open_target().deliver({delivery, delivery}).kind, Kind::delivered);
    EXPECT_EQ(dump(), before);
    EXPECT_THAT(before, SizeIs(3));
}

TEST_F(SqlTargetTest, ALockIsShownAndItsReleaseToo) {
    SqlTarget target = open_target();
    delivery::Delivery delivery = a_delivery(1, {});
    delivery.locks = {{"TRIAL", "S-004", "M3", "visit", study::LockState::locked, "2026-11-28"}};
    ASSERT_EQ(target.deliver({delivery}).kind, Kind::delivered);
    const auto state = [&] {
        return text(
            "SELECT CAST(count(*) AS TEXT) || ' ' || max(scope || ' ' || state) FROM "
            "lab_lock");
    };
    EXPECT_EQ(state(), "1 visit locked");
    delivery.id = 2;
    delivery.locks[0].state = study::LockState::open;
    ASSERT_EQ(target.deliver({delivery}).kind, Kind::delivered);
    EXPECT_EQ(state(), "1 visit open");
}

TEST_F(SqlTargetTest, ACorrectionReplacesTheCurrentRowAndKeepsItsPredecessor) {
    SqlTarget target = open_target();
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    ASSERT_EQ(target.deliver({a_delivery(1, {result})}).kind, Kind::delivered);
    result.next_version()
        .analyte("CD4A", "214", "/uL")
        .status(study::ObservationStatus::corrected, "C");
    result.reason("corrected");
    ASSERT_EQ(target.deliver({a_delivery(2, {result})}).kind, Kind::delivered);
    result.at_visit("M6", 170).reason("placement-moved");
    ASSERT_EQ(target.deliver({a_delivery(3, {result})}).kind, Kind::delivered);

    const std::vector<LabRow> current = *reader().results();
    ASSERT_THAT(current, SizeIs(1));
    EXPECT_EQ(current[0].value_num, "214");
    EXPECT_EQ(current[0].status, "C");
    EXPECT_EQ(current[0].version, 2);
    EXPECT_EQ(current[0].visit, "M6");
    EXPECT_EQ(current[0].reason, "placement-moved");
    const std::vector<LabRow> versions = *reader().versions();
    ASSERT_THAT(versions, SizeIs(2));
    EXPECT_EQ(versions[0].value_num, "412");
    EXPECT_EQ(versions[0].visit, "M6") << "every version has the result's current placement";
    EXPECT_EQ(versions[0].reason, "") << "a version keeps the reason that it came with";
    EXPECT_EQ(versions[1].reason, "corrected");
}

TEST_F(SqlTargetTest, WhatIsNotForTheStudyCorrectsAndNeverAdds) {
    SqlTarget target = open_target();
    ResultBuilder seen = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    ASSERT_EQ(target.deliver({a_delivery(1, {seen})}).kind, Kind::delivered);
    seen.not_forwarded();
    ResultBuilder waiting = a_result("R2").analyte("CD8A", "815", "/uL").at_visit("M3", 92);
    waiting.not_forwarded();
    ASSERT_EQ(target.deliver({a_delivery(2, {seen, waiting})}).kind, Kind::delivered);

    const std::vector<LabRow> current = *reader().results();
    ASSERT_THAT(current, SizeIs(1));
    EXPECT_EQ(current[0].result_id, "R1");
    EXPECT_EQ(current[0].reason, "not-forwarded");
}

TEST_F(SqlTargetTest, AWithdrawnValueLeavesTheCurrentRowWithoutANumber) {
    SqlTarget target = open_target();
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    ASSERT_EQ(target.deliver({a_delivery(1, {result})}).kind, Kind::delivered);
    result.next_version()
        .without_number(units::ResultState::withdrawn, "")
        .status(study::ObservationStatus::withdrawn, "W");
    ASSERT_EQ(target.deliver({a_delivery(2, {result})}).kind, Kind::delivered);
    const LabRow row = reader().results()->at(0);
    EXPECT_EQ(row.value_num, "");
    EXPECT_EQ(row.value_text, "");
    EXPECT_EQ(row.result_state, "withdrawn");
    EXPECT_EQ(reader().versions()->at(0).value_num, "412");
}

TEST_F(SqlTargetTest, DerivedVersionsThatNoLongerFollowLeave) {
    const ObservationId a{MessageId{1}, 1};
    const ObservationId b{MessageId{2}, 1};
    const ObservationId late{MessageId{3}, 1};
    SqlTarget target = open_target();
    ResultBuilder ratio =
        a_result("R9").analyte("CD4CD8", "0.65", "1").derived("CD4CD8", {a, b}, {"RA", "RB"});
    ASSERT_EQ(target.deliver({a_delivery(1, {ratio})}).kind, Kind::delivered);
    ratio.analyte("CD4CD8", "0.60", "1").derived("CD4CD8", {late, b}, {"RA", "RB"});
    ASSERT_EQ(target.deliver({a_delivery(2, {ratio})}).kind, Kind::delivered);
    const std::vector<LabRow> versions = *reader().versions();
    ASSERT_THAT(versions, SizeIs(1));
    EXPECT_EQ(versions[0].value_num, "0.60");
}

TEST_F(SqlTargetTest, AnIdGivenASecondTimeIsSeenAndAnOldFenceIsNot) {
    SqlTarget target = open_target();
    delivery::Delivery delivery = a_delivery(1, {cd4("R1", "412")});
    delivery.fence = 5;
    ASSERT_EQ(target.deliver({delivery}).kind, Kind::delivered);

    // A store restored from a backup gives the id again, for another result: nothing may be
    // dropped.
    delivery::Delivery reused = a_delivery(1, {cd4("R2", "500")});
    reused.fence = 5;
    ASSERT_EQ(target.deliver({reused}).kind, Kind::delivered);
    EXPECT_THAT(*reader().results(), SizeIs(2));

    delivery::Delivery stale = a_delivery(1, {cd4("R1", "1")});
    stale.fence = 4;
    ASSERT_EQ(target.deliver({stale}).kind, Kind::delivered);
    EXPECT_EQ(reader().results()->at(0).value_num, "412");
}

TEST_F(SqlTargetTest, ARefusedBatchLeavesNothing) {
    SqlTarget target = open_target();
    delivery::DeliveredResult bad = cd4("R2", "500");
    bad.record.placement.study_day = 0;  // there is no study day 0
    const delivery::TargetAnswer answer =
        target.deliver({a_delivery(1, {cd4("R1", "412")}), a_delivery(2, {bad})});
    EXPECT_EQ(answer.kind, Kind::rejected);
    EXPECT_FALSE(answer.why.empty());
    EXPECT_THAT(dump(), IsEmpty());

    delivery::DeliveredResult broken = cd4("R3", "1");
    broken.record.versions.clear();
    EXPECT_EQ(target.deliver({a_delivery(3, {broken})}).kind, Kind::rejected);
    EXPECT_EQ(target.deliver({a_delivery(1, {cd4("R1", "412")})}).kind, Kind::delivered);
    EXPECT_THAT(*reader().results(), SizeIs(1));
}

TEST_F(SqliteStudyTest, ALockIsTriedAgainWithoutAlarm) {
    SqlTarget target = open_target();
    ASSERT_EQ(target.deliver({a_delivery(1, {})}).kind, Kind::delivered);
    {
        sqlite::Database other = sqlite::Database::open(file(), sqlite::OpenMode::read_write);
        const sqlite::Transaction held(other);
        const delivery::TargetAnswer answer = target.deliver({a_delivery(2, {cd4("R1", "412")})});
        EXPECT_EQ(answer.kind, Kind::retry);
        EXPECT_FALSE(answer.alert);
    }
    EXPECT_EQ(target.deliver({a_delivery(2, {cd4("R1", "412")})}).kind, Kind::delivered);
    EXPECT_THAT(*reader().results(), SizeIs(1));
}

TEST_F(SqliteStudyTest, AMissingDiskIsTriedAgainWithAlarm) {
    const std::filesystem::path folder = temporary_.path() / "mounted" / "later";
    SqlTarget target({"study", StudyPlace{folder / "study.db", std::chrono::milliseconds{1}}}, {});
    const delivery::Delivery delivery = a_delivery(1, {cd4("R1", "412")});
    const delivery::TargetAnswer answer = target.deliver({delivery});
    EXPECT_EQ(answer.kind, Kind::retry);
    EXPECT_TRUE(answer.alert);
    std::filesystem::create_directories(folder);
    EXPECT_EQ(target.deliver({delivery}).kind, Kind::delivered);
}

TEST_F(SqliteStudyTest, AFileThatIsNoStudyDatabaseIsLeftAlone) {
    const std::string text(5000, 'x');
    std::ofstream(file()) << text;
    const delivery::TargetAnswer answer = open_target().deliver({a_delivery(1, {})});
    EXPECT_EQ(answer.kind, Kind::retry);
    EXPECT_TRUE(answer.alert);
    std::ifstream in(file());
    std::string found(text.size() + 1, '\0');
    in.read(found.data(), static_cast<std::streamsize>(found.size()));
    EXPECT_EQ(found.substr(0, static_cast<std::size_t>(in.gcount())), text);
}

TEST_F(SqliteStudyTest, ANewerSchemaIsNotTouched) {
    ASSERT_EQ(open_target().deliver({a_delivery(1, {cd4("R1", "412")})}).kind, Kind::delivered);
    sqlite::Database::open(file(), sqlite::OpenMode::read_write)
        .execute("PRAGMA user_version = 99");
    const std::vector<std::string> before = dump();
    const delivery::TargetAnswer answer = open_target().deliver({a_delivery(2, {cd4("R1", "1")})});
    EXPECT_EQ(answer.kind, Kind::retry);
    EXPECT_TRUE(answer.alert);
    EXPECT_EQ(dump(), before);
}

// Every write, sync and truncate of opening, migrating and two deliveries fails once in its turn,
// and from then on until the disk is repaired. Whatever was answered, the end is the same.
TEST_F(SqliteStudyTest, ADiskThatFailsAtAnyMomentLosesAndRepeatsNothing) {
    const std::vector<delivery::Delivery> first{a_delivery(1, {cd4("R1", "412")})};
    const std::vector<delivery::Delivery> second{a_delivery(2, {cd4("R1", "214"), cd4("R2", "7")}),
                                                 a_delivery(3, {cd4("R3", "9")})};
    {
        SqlTarget target = open_target();
        ASSERT_EQ(target.deliver(first).kind, Kind::delivered);
        ASSERT_EQ(target.deliver(second).kind, Kind::delivered);
    }
    const std::vector<std::string> expected = dump();

    for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
        bool failed = true;
        int nth = 1;
        for (; failed; ++nth) {
            for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
                std::filesystem::remove(file().string() + suffix);
            }
            test_support::FailingVfs disk;
            disk.fail_from(nth, code);
            SqlTarget target(
                {"study", StudyPlace{file(), std::chrono::milliseconds{1}, disk.name()}}, {});
            for (const auto* batch : {&first, &second}) {
                const delivery::TargetAnswer answer = target.deliver(*batch);
                if (answer.kind == Kind::delivered) {
                    continue;
                }
                EXPECT_EQ(answer.kind, Kind::retry) << nth << " " << answer.why;
                EXPECT_TRUE(answer.alert) << nth << " " << answer.why;
                disk.repair();
                EXPECT_EQ(target.deliver(*batch).kind, Kind::delivered) << nth;
            }
            failed = disk.has_failed();
            disk.repair();
            ASSERT_EQ(dump(), expected) << "call " << nth << ", code " << code;
        }
        EXPECT_GT(nth, 20) << "the test no longer reaches the disk";
    }
}

TEST_F(SqlTargetTest, TheNumericViewHasNumbers) {
    SqlTarget target = open_target();
    ASSERT_EQ(
        target
            .deliver({a_delivery(1, {a_result("R1").analyte("CREA", "88.40", "umol/L"),
                                     a_result("R2")
                                         .analyte("HIVVL", "20", "{copies}/mL")
                                         .without_number(units::ResultState::below_lloq, "<20")})})
            .kind,
        Kind::delivered);
    EXPECT_EQ(text("SELECT CAST(value_num * 2 AS TEXT) FROM lab_result_numeric "
                   "WHERE analyte = 'CREA'"),
              "176.8");
    EXPECT_EQ(text("SELECT CAST(value_num AS TEXT) FROM lab_result_numeric "
                   "WHERE analyte = 'HIVVL'"),
              "NULL");
    EXPECT_EQ(text("SELECT value_num FROM lab_result WHERE analyte = 'CREA'"), "88.40");
}

TEST_F(SqlTargetTest, TheReaderFilters) {
    if (!postgres_) {
        EXPECT_EQ(StudyReader::open(file()).error().code, Code::not_found);
    }
    SqlTarget target = open_target();
    ResultBuilder other =
        a_result("R2").of("S-005").analyte("CD4A", "300", "/uL").at_visit("M3", 92);
    ResultBuilder later = a_result("R3").analyte("CD4A", "420", "/uL").at_visit("M6", 180);
    ASSERT_EQ(target.deliver({a_delivery(1, {cd4("R1", "412"), other, later})}).kind,
              Kind::delivered);
    const auto ids = [&](const StudyFilter& filter) {
        std::string found;
        const std::vector<LabRow> rows = reader().results(filter).value();
        for (const LabRow& row : rows) {
            found += row.result_id;
        }
        return found;
    };
    EXPECT_EQ(ids({}), "R1R3R2");
    EXPECT_EQ(ids({"NCT05872659", "S-005", ""}), "R2");
    EXPECT_EQ(ids({"", "S-004", "M6"}), "R3");
    EXPECT_EQ(ids({"other", "", ""}), "");
    EXPECT_THAT(*reader().cd4_by_visit({"", "S-004", ""}), SizeIs(2));
}

}  // namespace
}  // namespace labrelay::targets
