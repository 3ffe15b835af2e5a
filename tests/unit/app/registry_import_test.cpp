#include "labrelay/app/registry_import.hpp"

#include <gtest/gtest.h>

#include "shipped_mapping.hpp"

namespace labrelay::app {
namespace {

constexpr std::string_view kHead = "study,site,screening_no,subject_no,identifiers\n";

Result<PlannedImport> plan(const std::string& row) {
    return plan_subjects(std::string(kHead) + row + "\n", "subjects.csv",
                         test::shipped_configuration(), test::a_registry());
}

TEST(ImportSubjects, ARowAddsFactsToTheSubjectThatOneOfItsNumbersNames) {
    for (const char* row : {"NCT05872659,QILU,SCR-004,,QILU-MRN:00481777",
                            "NCT05872659,QILU,,S-004,QILU-MRN:00481777",
                            "NCT05872659,QILU,SCR-004,S-004,QILU-MRN:00481523;QILU-MRN:00481777"}) {
        const auto planned = plan(row);
        ASSERT_TRUE(planned) << row << describe(planned.error());
        ASSERT_EQ(planned->change.subjects.size(), 1U) << row;
        EXPECT_EQ(planned->change.subjects[0].id, SubjectId{1}) << row;
        EXPECT_EQ(planned->change.subjects[0].identifiers.size(), 2U) << row;
    }
}

TEST(ImportSubjects, TwoNumbersOfTwoSubjectsAreRefused) {
    const auto planned = plan("NCT05872659,QILU,SCR-004,S-005,");
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().code, Code::registry_conflict);
    EXPECT_EQ(planned.error().place.offset, kHead.size());
}

TEST(ImportSubjects, AnIdentifierOfAnotherSubjectOfTheStudyIsRefused) {
    for (const char* row : {"NCT05872659,QILU,SCR-004,,QILU-MRN:00481599",
                            "NCT05872659,QILU,SCR-011,,QILU-MRN:00481523"}) {
        const auto planned = plan(row);
        ASSERT_FALSE(planned) << row;
        EXPECT_EQ(planned.error().code, Code::registry_conflict) << row;
        EXPECT_EQ(planned.error().detail.find("0048"), std::string::npos)
            << "no identifier in a text";
    }
}

TEST(ImportSubjects, EveryContradictionOfAFileIsNamedWithItsLine) {
    const std::string file = std::string(kHead) +
                             "NCT05872659,QILU,SCR-004,S-005,\n"
                             "NCT05872659,QILU,SCR-099,,\n"
                             "NCT05872659,QILU,SCR-011,,QILU-MRN:00481523\n";
    const PlannedImport looked =
        look_at_subjects(file, "subjects.csv", test::shipped_configuration(), test::a_registry());
    ASSERT_EQ(looked.errors.size(), 2U);
    EXPECT_EQ(looked.errors[0].place.text, "subjects.csv:2:1");
    EXPECT_EQ(looked.errors[1].place.text, "subjects.csv:4:1");
    ASSERT_EQ(looked.rows.size(), 1U) << "what is right is shown beside what is not";
    EXPECT_TRUE(looked.rows[0].is_new);
    EXPECT_EQ(looked.rows[0].what, "SCR-099");
    const auto planned =
        plan_subjects(file, "subjects.csv", test::shipped_configuration(), test::a_registry());
    ASSERT_FALSE(planned);
    EXPECT_NE(planned.error().detail.find("subjects.csv:2:1"), std::string::npos);
    EXPECT_NE(planned.error().detail.find("subjects.csv:4:1"), std::string::npos);
}

TEST(ImportSubjects, ARowSaysWhichFactsAreNewAndWhoseRightsItTakes) {
    const auto planned = plan("NCT05872659,QILU,SCR-004,,QILU-MRN:00481777");
    ASSERT_TRUE(planned);
    ASSERT_EQ(planned->rows.size(), 1U);
    EXPECT_EQ(planned->rows[0].added, std::vector<std::string>{"identifiers"});
    EXPECT_FALSE(planned->rows[0].is_new);
    EXPECT_EQ(planned->rows[0].touches.size(), 2U) << "as it is and as it would be";
}

}  // namespace
}  // namespace labrelay::app
