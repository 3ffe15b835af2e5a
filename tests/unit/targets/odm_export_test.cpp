// Results of a study database as ODM: what is to be, also where a result stood before.
#include "labrelay/targets/odm_export.hpp"

#include <gmock/gmock.h>

#include <pugixml.hpp>

#include "study_file_test.hpp"

namespace labrelay::targets {
namespace {

using testing::ElementsAre;

constexpr const char* kStudy = "NCT05872659";

study::StudyDefinition study_definition() {
    study::StudyDefinition study;
    study.id = kStudy;
    study::OdmMap map;
    map.study = "S_1";
    map.metadata_version = "v1";
    map.user = "U_SYS";
    map.unscheduled = "SE_UNS";
    map.history = "SE_HIS";
    map.events = {{"M3", "SE_M3"}, {"M6", "SE_M6"}};
    map.sites = {{"QILU", "L01"}};
    map.items = {{"CD4A", "F_LAB", "IG_CD4A", "", "", "I_CD4A", "", ""},
                 {"CD8A", "F_LAB", "IG_CD8A", "", "", "I_CD8A", "", ""}};
    study.odm = map;
    return study;
}

class OdmExportTest : public StudyFileTest {
protected:
    void deliver(const ResultBuilder& result) {
        SqlTarget target = open_target();
        EXPECT_EQ(target.deliver({a_delivery(++deliveries_, {result})}).kind, Kind::delivered);
    }
    static void next_place(ResultBuilder& result) { ++result.edit().record.placement_version; }

    /// `event[repeat] item value` of every item, in the order of the file.
    std::vector<std::string> exported(OdmFileType type = OdmFileType::transactional) {
        OdmExport what;
        what.file_type = type;
        what.file = temporary_.path() / "odm.xml";
        const Result<ExportedFile> file = export_odm(reader(), study_definition(), what);
        EXPECT_TRUE(file) << describe(file.error());
        rows_ = file ? file->rows : -1;
        pugi::xml_document document;
        EXPECT_TRUE(document.load_file(what.file.c_str()));
        std::vector<std::string> items;
        for (const pugi::xpath_node& found : document.select_nodes("//ItemData")) {
            const pugi::xml_node item = found.node();
            const pugi::xml_node event = item.parent().parent().parent();
            const std::string repeat = event.attribute("StudyEventRepeatKey").value();
            const std::string type_of = item.attribute("TransactionType").value();
            items.push_back(std::string(event.attribute("StudyEventOID").value()) +
                            (repeat.empty() ? "" : "[" + repeat + "]") + " " +
                            item.attribute("ItemOID").value() + " " +
                            (type_of.empty() ? item.attribute("Value").value() : type_of));
        }
        return items;
    }

    std::int64_t rows_ = 0;
    int deliveries_ = 0;
};

TEST_F(OdmExportTest, AResultThatMovedIsRemovedWhereItStood) {
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_M3 I_CD4A 412"));

    next_place(result.outside_visits(study::VisitKind::unscheduled, 120));
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_UNS[A260701] I_CD4A 412", "SE_M3 I_CD4A Remove"));
    EXPECT_EQ(rows_, 1) << "rows are results";

    next_place(result.at_visit("M6", 180));
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_M6 I_CD4A 412", "SE_UNS[A260701] I_CD4A Remove",
                                        "SE_M3 I_CD4A Remove"));
    EXPECT_THAT(exported(OdmFileType::snapshot), ElementsAre("SE_M6 I_CD4A 412"));

    next_place(result.at_visit("M3", 92));
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_M3 I_CD4A 412", "SE_UNS[A260701] I_CD4A Remove",
                                        "SE_M6 I_CD4A Remove"));
}

TEST_F(OdmExportTest, ACorrectionInItsPlaceRemovesNothing) {
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    deliver(result);
    result.next_version().analyte("CD4A", "214", "/uL").collected("202607010815", 1);
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_M3 I_CD4A 214"));
}

TEST_F(OdmExportTest, AResultOfAnotherAnalyteLeavesNoItemsOfTheFormer) {
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    deliver(result);
    result.next_version().analyte("CD8A", "412", "/uL");
    deliver(result);
    EXPECT_THAT(exported(), ElementsAre("SE_M3 I_CD8A 412", "SE_M3 I_CD4A Remove"));
}

TEST_F(OdmExportTest, WhatIsLeftOutIsNotNamedAsAFormerPlaceEither) {
    ResultBuilder result = a_result("R1").analyte("CD4A", "412", "/uL").at_visit("M3", 92);
    deliver(result);
    result.next_version().analyte("CD8A", "412", "/uL");
    deliver(result);
    StudyReader narrowed = reader();
    narrowed.leave_out([](const LabRow& row) { return row.analyte == "CD4A"; });
    std::size_t former = 0;
    EXPECT_TRUE(narrowed.for_each_subject(kStudy, [&](const auto&, const auto& results) {
        for (const StudyResult& one : results) {
            former += one.former.size();
        }
        return Result<void>();
    }));
    EXPECT_EQ(former, 0U);
}

}  // namespace
}  // namespace labrelay::targets
