#include "labrelay/study/registry.hpp"

#include <gtest/gtest.h>

#include "study_builders.hpp"

namespace labrelay::study::testing {
namespace {

Subject numbered(std::int64_t id, std::string study, std::string subject_no,
                 Identifier identifier) {
    Subject subject = a_subject(id).of_study(std::move(study));
    subject.subject_no = std::move(subject_no);
    subject.identifiers = {std::move(identifier)};
    return subject;
}

std::vector<std::int64_t> ids(const std::vector<const Subject*>& subjects) {
    std::vector<std::int64_t> found;
    for (const Subject* subject : subjects) {
        found.push_back(subject->id.value);
    }
    return found;
}

using Ids = std::vector<std::int64_t>;

TEST(Registry, FindsSubjectsByIdIdentifierAndNumber) {
    const Registry registry = Registry()
                                  .with(numbered(2, "B", "B-01", {"MRN", "7"}))
                                  .with(numbered(1, "A", "A-01", {"MRN", "7"}))
                                  .with(numbered(3, "A", "A-02", {"MRN", "8"}));
    EXPECT_EQ(registry.version(), 3);
    EXPECT_EQ(registry.subject(SubjectId{3})->subject_no, "A-02");
    EXPECT_EQ(registry.subject(SubjectId{4}), nullptr);
    EXPECT_EQ(ids(registry.subjects_by_identifier({"MRN", "7"})), (Ids{1, 2}));
    EXPECT_EQ(ids(registry.subjects_by_identifier({"OTHER", "7"})), Ids{});
    EXPECT_EQ(ids(registry.subjects_by_number("A-02")), (Ids{3}));
    EXPECT_EQ(ids(registry.subjects_by_number("S-2")), (Ids{2}));
    EXPECT_EQ(ids(registry.subjects_by_number("")), Ids{});
    EXPECT_EQ(ids(registry.all_subjects()), (Ids{1, 3, 2}));
}

TEST(Registry, AChangeReplacesTheSubjectAndLeavesOlderSnapshotsAlone) {
    const Registry before = Registry().with(numbered(1, "A", "A-01", {"MRN", "7"}));
    const Registry after = before.with(numbered(1, "A", "A-09", {"MRN", "9"}));
    EXPECT_EQ(ids(before.subjects_by_identifier({"MRN", "7"})), (Ids{1}));
    EXPECT_EQ(ids(after.subjects_by_identifier({"MRN", "7"})), Ids{});
    EXPECT_EQ(ids(after.subjects_by_identifier({"MRN", "9"})), (Ids{1}));
    EXPECT_EQ(before.subject(SubjectId{1})->subject_no, "A-01");
    EXPECT_EQ(ids(after.subjects_by_number("A-01")), Ids{});
    EXPECT_EQ(after.all_subjects().size(), 1U);
}

TEST(Registry, FindsSpecimensAndTheirSubjects) {
    RegisteredSpecimen by_number;
    by_number.name = {"ACC", "1"};
    by_number.subject_no = "A-01";
    RegisteredSpecimen by_identifier;
    by_identifier.name = {"ACC", "2"};
    by_identifier.patient = Identifier{"MRN", "7"};
    const Registry empty = Registry().with(numbered(1, "A", "A-01", {"MRN", "7"}));
    const Registry registry = empty.with(by_number).with(by_identifier);
    ASSERT_NE(registry.specimen({"ACC", "1"}), nullptr);
    EXPECT_EQ(registry.specimen({"ACC", "3"}), nullptr);
    EXPECT_EQ(registry.specimen({"XXX", "1"}), nullptr);
    EXPECT_EQ(empty.specimen({"ACC", "1"}), nullptr);
    EXPECT_EQ(ids(registry.subjects_of(by_number)), (Ids{1}));
    EXPECT_EQ(ids(registry.subjects_of(by_identifier)), (Ids{1}));
    EXPECT_EQ(registry.all_specimens().size(), 2U);
    EXPECT_EQ(registry.version(), 3);
}

TEST(Registry, TheStampIsOfTheContentAndNotOfTheVersion) {
    const Registry before = Registry().with(numbered(1, "A", "A-01", {"MRN", "7"})).at_version(9);
    RegisteredSpecimen specimen;
    specimen.name = {"ACC", "1"};
    const Registry after = before.with(specimen).at_version(9);
    EXPECT_NE(after.stamp(), before.stamp());
    EXPECT_NE(before.with(specimen).stamp(), after.stamp()) << "another snapshot's";
    EXPECT_EQ(after.with(specimen).stamp(), after.stamp()) << "says nothing new";
    EXPECT_EQ(after.with(*after.subject(SubjectId{1})).stamp(), after.stamp());
    EXPECT_EQ(after.with({*after.subject(SubjectId{1})}, {specimen}).stamp(), after.stamp());
    EXPECT_EQ(after.at_version(10).stamp(), after.stamp());
}

TEST(Registry, ManyAtOnceAreTheSameAsOneByOne) {
    std::vector<Subject> subjects;
    std::vector<RegisteredSpecimen> specimens;
    Registry one_by_one;
    for (std::int64_t id = 1; id <= 300; ++id) {
        subjects.push_back(
            numbered(id, "A", "A-" + std::to_string(id), {"MRN", std::to_string(id)}));
        one_by_one = one_by_one.with(subjects.back());
        RegisteredSpecimen specimen;
        specimen.name = {"ACC", std::to_string(id * 17)};
        specimen.subject_no = subjects.back().subject_no;
        specimens.push_back(specimen);
        one_by_one = one_by_one.with(specimen);
    }
    const Registry at_once = Registry().with(subjects, specimens);
    EXPECT_EQ(at_once.version(), 1);
    EXPECT_EQ(ids(at_once.all_subjects()), ids(one_by_one.all_subjects()));
    ASSERT_EQ(at_once.all_specimens().size(), one_by_one.all_specimens().size());
    for (const RegisteredSpecimen& specimen : specimens) {
        ASSERT_NE(at_once.specimen(specimen.name), nullptr);
        EXPECT_EQ(ids(at_once.subjects_of(specimen)), ids(one_by_one.subjects_of(specimen)));
    }
}

Limits limits(std::string_view low, std::string_view high) {
    return {Decimal::parse(low), Decimal::parse(high)};
}

TEST(Analyte, ReferenceNeedsASexUnlessBothAreEqual) {
    Analyte analyte;
    analyte.references = {{Sex::male, {}, {}, limits("1", "2")},
                          {Sex::female, {}, {}, limits("1.0", "2")}};
    EXPECT_EQ(analyte.reference({}).low, Decimal::parse("1"));
    analyte.references[1].limits.high = Decimal::parse("3");
    EXPECT_FALSE(analyte.reference({}).low.has_value());
    EXPECT_EQ(analyte.reference(Sex::female).high, Decimal::parse("3"));
    EXPECT_TRUE(analyte.reference(Sex::male).contain(*Decimal::parse("2.00")));
    EXPECT_FALSE(analyte.reference(Sex::male).contain(*Decimal::parse("2.01")));
    EXPECT_TRUE(Limits{}.contain(*Decimal::parse("-5")));
}

TEST(Analyte, ReferenceOfAnAge) {
    Analyte analyte;
    analyte.references = {{Sex::male, 18, 59, limits("9", "50")},
                          {Sex::male, 60, {}, limits("5", "40")},
                          {Sex::female, {}, {}, limits("7", "40")}};
    struct Row {
        std::optional<Sex> sex;
        std::optional<Age> age;
        const char* high;  ///< nothing: no range
    };
    const Row rows[] = {
        {Sex::male, Age{18, 18}, "50"}, {Sex::male, Age{59, 59}, "50"},
        {Sex::male, Age{60, 60}, "40"}, {Sex::male, Age{17, 17}, nullptr},
        {Sex::male, {}, nullptr},       {Sex::male, Age{59, 60}, nullptr},
        {Sex::male, Age{40, 41}, "50"}, {Sex::female, {}, "40"},
        {Sex::female, Age{3, 3}, "40"}, {{}, Age{60, 60}, nullptr},
        {{}, Age{40, 40}, nullptr},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(analyte.reference(row.sex, row.age).high,
                  row.high != nullptr ? Decimal::parse(row.high) : std::nullopt);
    }
}

TEST(Age, IsWholeYearsAsFarAsTheBirthDateSays) {
    const auto age = [](std::string_view birth, std::string_view day) {
        return years_between(when(birth), when(day).day);
    };
    EXPECT_EQ(age("1978-03-12", "2024-03-11"), (Age{45, 45}));
    EXPECT_EQ(age("1978-03-12", "2024-03-12"), (Age{46, 46}));
    EXPECT_EQ(age("1978-03", "2024-03-12"), (Age{45, 46}));
    EXPECT_EQ(age("1978", "2024-12-31"), (Age{46, 46}));
    EXPECT_EQ(age("1978", "2024-12-30"), (Age{45, 46}));
    EXPECT_EQ(age("2004-02-29", "2025-02-28"), (Age{20, 20}));
    EXPECT_EQ(age("2004-02-29", "2025-03-01"), (Age{21, 21}));
    EXPECT_EQ(age("2025-01-01", "2024-12-31"), (Age{-1, -1}));
}

TEST(Words, GoThereAndBack) {
    for (const Status status : {Status::preliminary, Status::final, Status::corrected,
                                Status::promoted, Status::not_done, Status::withdrawn}) {
        EXPECT_EQ(observation_status_from(to_string(status)), status);
    }
    for (const Disposition disposition :
         {Disposition::stored, Disposition::held, Disposition::ignored}) {
        EXPECT_EQ(disposition_from(to_string(disposition)), disposition);
    }
    for (const MessageState state :
         {MessageState::received, MessageState::processed, MessageState::held,
          MessageState::duplicate, MessageState::refused, MessageState::quarantined}) {
        EXPECT_EQ(message_state_from(to_string(state)), state);
    }
    for (const VisitKind kind :
         {VisitKind::scheduled, VisitKind::unscheduled, VisitKind::history}) {
        EXPECT_EQ(visit_kind_from(to_string(kind)), kind);
    }
    for (const Role role : {Role::chosen, Role::additional}) {
        EXPECT_EQ(role_from(to_string(role)), role);
    }
    EXPECT_EQ(role_from("Chosen"), std::nullopt);
    EXPECT_EQ(to_string(Sex::female), "F");
}

}  // namespace
}  // namespace labrelay::study::testing
