#include <gmock/gmock.h>

#include "study_file_test.hpp"

// Reading a study database a subject at a time, as exports do.

namespace labrelay::targets {
namespace {

using testing::ElementsAre;

class StudyStream : public StudyFileTest {
protected:
    ResultBuilder result(std::string_view id, std::string_view site, std::string_view subject) {
        ResultBuilder builder = a_result(id);
        builder.of(subject).analyte("CD4A", "412", "/uL").at_visit("M3", 92);
        builder.edit().site = site;
        return builder;
    }
    void deliver(std::vector<delivery::DeliveredResult> results) {
        SqlTarget target = open_target();
        EXPECT_EQ(target.deliver({a_delivery(++deliveries_, std::move(results))}).kind,
                  Kind::delivered);
    }
    static std::vector<std::string> subjects(const StudyReader& reader,
                                             const std::string& study = "NCT05872659") {
        std::vector<std::string> seen;
        EXPECT_TRUE(reader.for_each_subject(
            study, [&](const StudySubject& subject, const std::vector<StudyResult>& results) {
                std::string line = subject.site + "/" + subject.subject + ":";
                for (const StudyResult& result : results) {
                    line += " " + result.row.result_id;
                }
                seen.push_back(line);
                return Result<void>();
            }));
        return seen;
    }

    int deliveries_ = 0;
};

TEST_F(StudyStream, SubjectsComeBySiteAndEachOnce) {
    deliver({result("R4", "QILU", "S-002"), result("R2", "BEIJING", "S-003"),
             result("R1", "QILU", "S-001"), result("R3", "QILU", "S-002")});
    EXPECT_THAT(subjects(reader()),
                ElementsAre("BEIJING/S-003: R2", "QILU/S-001: R1", "QILU/S-002: R3 R4"));
    EXPECT_THAT(subjects(reader(), "ANOTHER"), ElementsAre());
}

TEST_F(StudyStream, OneLabelAtTwoSitesIsTwoSubjects) {
    deliver({result("R1", "QILU", "S-001"), result("R2", "BEIJING", "S-001")});
    EXPECT_THAT(subjects(reader()), ElementsAre("BEIJING/S-001: R2", "QILU/S-001: R1"));
}

TEST_F(StudyStream, AResultKnowsWhenItsFirstVersionCame) {
    ResultBuilder corrected = result("R1", "QILU", "S-001");
    corrected.next_version();
    corrected.edit().received_at = {"2026-07-01T08:00:00.000000Z", "2026-08-01T08:00:00.000000Z"};
    deliver({corrected});
    std::vector<StudyResult> all;
    EXPECT_TRUE(reader().for_each_subject("NCT05872659", [&](const auto&, const auto& results) {
        all = results;
        return Result<void>();
    }));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].row.received_at, "2026-08-01T08:00:00.000000Z");
    EXPECT_EQ(all[0].first_received_at, "2026-07-01T08:00:00.000000Z");
}

TEST_F(StudyStream, TheVisitorsErrorEndsTheReading) {
    deliver({result("R1", "QILU", "S-001"), result("R2", "QILU", "S-002")});
    int visits = 0;
    const Result<void> ended =
        reader().for_each_subject("NCT05872659", [&](const auto&, const auto&) -> Result<void> {
            ++visits;
            return fail(Code::export_unwritable);
        });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, Code::export_unwritable);
    EXPECT_EQ(visits, 1);
}

TEST_F(StudyStream, WhatIsDeliveredMeanwhileIsNotSeen) {
    deliver({result("R1", "QILU", "S-001")});
    const StudyReader before = reader();
    std::vector<std::string> first;
    std::vector<std::string> second;
    EXPECT_TRUE(before.in_snapshot([&] {
        first = subjects(before);
        deliver({result("R2", "QILU", "S-002")});
        second = subjects(before);
        return Result<void>();
    }));
    EXPECT_EQ(first, second);
    EXPECT_EQ(subjects(before).size(), 2U);
}

}  // namespace
}  // namespace labrelay::targets
