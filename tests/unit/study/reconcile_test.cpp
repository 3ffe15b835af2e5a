#include "labrelay/study/reconcile.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "labrelay/study/lab_list.hpp"
#include "study_builders.hpp"

namespace labrelay::study {
namespace {

using testing::when;

SideResult side(std::string id, std::string value) {
    return {
        std::move(id), "S-004", "M3", "CD4A", {{"value_text", std::move(value)}, {"unit", "/uL"}}};
}

HereResult here(std::string id, std::string value) {
    HereResult result;
    result.result = side(std::move(id), std::move(value));
    result.subject = SubjectId{7};
    return result;
}

TEST(ReconcileTarget, EachKindOfDifferenceAndCountsThatAddUp) {
    std::vector<HereResult> mine = {here("same", "1"),   here("other", "2"), here("gone", "3"),
                                    here("waits", "4"),  here("new", "5"),   here("kept", "6"),
                                    here("refused", "7")};
    mine[3].waits = true;
    mine[4].waits = true;
    mine[5].may_be_absent = true;
    mine[6].rejected = "rejected";
    const std::vector<SideResult> theirs = {side("same", "1"), side("other", "9"),
                                            side("waits", "0"), side("extra", "8")};
    const auto found = compare_with_target(mine, theirs, {{"S-004", SubjectId{7}}});
    EXPECT_TRUE(found.counts.add_up());
    EXPECT_EQ(found.counts.same, 1);
    EXPECT_EQ(found.counts.different, 1);
    EXPECT_EQ(found.counts.missing, 2);
    EXPECT_EQ(found.counts.extra, 1);
    EXPECT_EQ(found.counts.waiting_there, 1);
    EXPECT_EQ(found.counts.waiting_absent, 1);
    EXPECT_EQ(found.counts.absent, 1);
    ASSERT_EQ(found.differences.size(), 4U);
    EXPECT_EQ(found.differences[0].code, Code::differs_there);
    EXPECT_EQ(found.differences[0].sentence, "S-004 M3 CD4A: value_text is 2 here and 9 there.");
    EXPECT_EQ(found.differences[1].code, Code::missing_there);
    EXPECT_NE(found.differences[2].sentence.find("delivery is rejected"), std::string::npos);
    EXPECT_EQ(found.differences[3].code, Code::extra_there);
    EXPECT_EQ(found.differences[3].subject, SubjectId{7});
}

TEST(ReconcileTarget, AnEmptyColumnIsAValueToo) {
    const auto found =
        compare_with_target(std::vector{here("r", "")}, std::vector{side("r", "9")}, {});
    ASSERT_EQ(found.differences.size(), 1U);
    EXPECT_NE(found.differences[0].sentence.find("nothing here and 9 there"), std::string::npos);
}

/// One subject with a viral load of 388 of specimen E1, and a count that is held.
class Listed {
public:
    Listed() {
        subject.id = SubjectId{7};
        subject.subject_no = "S-004";
        subject.identifiers = {{"QILU-MRN", "00481148"}};
        subject.sex = Sex::female;
        subject.birth_date = when("1990-05");
        ResultRecord record;
        record.number = 1;
        record.key.code = "HIV1";
        record.key.specimen.order = "E1";
        StoredVersion version;
        version.analyte = "HIVVL";
        version.value.value_reported = "388";
        version.value.unit_reported = "copies/mL";
        version.value.value_text = "388";
        version.value.value_num = Decimal::parse("388");
        version.value.unit = "{copies}/mL";
        version.collected = when("2024-01-10T08:10:30");
        record.versions = {version};
        record.placement.visit = "M3";
        record.placement.kind = VisitKind::scheduled;
        results.results = {record};
        HeldResult waiting;
        waiting.analyte = "CD4A";
        waiting.collected = when("2024-01-10T08:10");
        held = {waiting};
    }
    LabListRow row() const {
        LabListRow row;
        row.line = 2;
        row.subject = "S-004";
        row.sex = Sex::female;
        row.birth_date = when("1990-05-03");
        row.visit = "M3";
        row.collected = when("2024-01-10T08:10");
        row.accession = "E1";
        row.analyte = "HIVVL";
        row.value = "388";
        row.unit = "copies/mL";
        return row;
    }
    ListComparison compare(std::vector<LabListRow> rows) {
        const ListedSubject listed{&subject, &results, held};
        return compare_with_list(rows, {&listed, 1});
    }

    Subject subject;
    SubjectState results;
    std::vector<HeldResult> held;
};

struct ListCase {
    const char* name;
    void (*change)(LabListRow&);
    std::vector<Code> found;
};

TEST(ReconcileList, EachKindOfDifference) {
    const ListCase cases[] = {
        {"the same", [](LabListRow&) {}, {}},
        {"by patient",
         [](LabListRow& row) {
             row.subject.clear();
             row.patient = Identifier{"QILU-MRN", "00481148"};
         },
         {}},
        {"by the laboratory's code",
         [](LabListRow& row) {
             row.analyte.clear();
             row.code = "HIV1";
         },
         {}},
        {"by time alone", [](LabListRow& row) { row.accession.clear(); }, {}},
        {"the number written otherwise", [](LabListRow& row) { row.value = "388.0"; }, {}},
        {"the day alone", [](LabListRow& row) { row.collected = when("2024-01-10"); }, {}},
        {"another value", [](LabListRow& row) { row.value = "389"; }, {Code::list_differs}},
        {"another unit", [](LabListRow& row) { row.unit = "IU/mL"; }, {Code::list_differs}},
        {"another sex", [](LabListRow& row) { row.sex = Sex::male; }, {Code::header_differs}},
        {"another birth date",
         [](LabListRow& row) { row.birth_date = when("1990-06-03"); },
         {Code::header_differs}},
        {"a birth year that fits", [](LabListRow& row) { row.birth_date = when("1990"); }, {}},
        {"another visit", [](LabListRow& row) { row.visit = "M6"; }, {Code::header_differs}},
        {"another time",
         [](LabListRow& row) { row.collected = when("2024-01-10T09:10"); },
         {Code::header_differs}},
        {"another patient's number",
         [](LabListRow& row) {
             row.patient = Identifier{"QILU-MRN", "1"};
         },
         {Code::header_differs}},
        {"never arrived", [](LabListRow& row) { row.accession = "E2"; }, {Code::never_arrived}},
        {"nobody known", [](LabListRow& row) { row.subject = "S-999"; }, {Code::never_arrived}},
        {"held", [](LabListRow& row) { row.analyte = "CD4A"; }, {}},
    };
    for (const ListCase& each : cases) {
        Listed listed;
        LabListRow row = listed.row();
        each.change(row);
        const ListComparison found = listed.compare({row});
        std::vector<Code> codes;
        for (const Difference& difference : found.differences) {
            codes.push_back(difference.code);
            EXPECT_EQ(difference.sentence.find("1990"), std::string::npos) << each.name;
            EXPECT_EQ(difference.sentence.find("00481148"), std::string::npos) << each.name;
        }
        EXPECT_EQ(codes, each.found) << each.name;
        EXPECT_TRUE(found.counts.add_up()) << each.name;
    }
}

TEST(ReconcileList, ALineTwiceAndWhatIsSettled) {
    Listed listed;
    const ListComparison found = listed.compare({listed.row(), listed.row()});
    EXPECT_EQ(found.counts.repeated, 1);
    EXPECT_EQ(found.counts.same, 1);
    EXPECT_TRUE(found.counts.add_up());
    EXPECT_TRUE(std::ranges::any_of(found.settled, [](const Difference& each) {
        return each.code == Code::never_arrived && each.subject == SubjectId{7};
    }));
}

}  // namespace
}  // namespace labrelay::study
