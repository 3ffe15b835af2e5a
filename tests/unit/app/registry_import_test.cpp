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

}  // namespace
}  // namespace labrelay::app
