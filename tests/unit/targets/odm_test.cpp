#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "labrelay/targets/odm.hpp"
#include "temporary_directory.hpp"

namespace labrelay::targets {
namespace {

namespace fs = std::filesystem;

const fs::path kSchema =
    fs::path(LABRELAY_SOURCE_DIR) / "../shared/cases/schemas/odm-1.3.2" / "ODM1-3-2.xsd";

constexpr Instant kCame{1'790'000'000'000'000};  // 2026-09-21T14:13:20Z

OdmHeader header() {
    OdmHeader header;
    header.file_oid = "urn:labrelay:1";
    header.created = kCame;
    header.source_system_version = "1.0";
    header.study_oid = "S_1";
    header.metadata_version_oid = "v1";
    header.user_oid = "U_SYS";
    return header;
}

OdmItem item(std::string oid, std::string value) {
    OdmItem item;
    item.form_oid = "F_LB";
    item.item_group_oid = "IG_CHEM";
    item.group_repeat_key = "1";
    item.item_oid = std::move(oid);
    item.value = std::move(value);
    item.source_id = "L1";
    item.at = kCame;
    return item;
}

OdmSubjectEvent event(std::string subject, std::string visit, std::vector<OdmItem> items) {
    return {std::move(subject), "L01", std::move(visit), {}, std::move(items)};
}

/// A number, a blanked item, a correction with markup in its reason, a removed item; two subjects,
/// the first of them at two events.
std::vector<OdmSubjectEvent> events() {
    OdmItem alt = item("I_ALT", "23");
    alt.unit_oid = "MU_U_L";
    OdmItem blanked = item("I_VL", "");
    OdmItem corrected = item("I_VL_TXT", "<20");
    corrected.reason = "Corrected: \"20\" & more <later>";
    OdmItem removed = item("I_AST", "");
    removed.remove = true;
    return {event("1001", "SE_V2", {alt, blanked, corrected}), event("1002", "SE_V2", {alt}),
            event("1001", "SE_V3", {removed})};
}

bool succeeds(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT: a fixed command
}

bool fits_schema(const std::string& document) {
    const test::TemporaryDirectory directory;
    const fs::path file = directory.path() / "odm.xml";
    std::ofstream(file, std::ios::binary) << document;
    return succeeds("xmllint --noout --nonet --schema '" + kSchema.string() + "' '" +
                    file.string() + "'");
}

TEST(Odm, TransactionsStandUnderTheirKeysWithTheirAuditRecords) {
    EXPECT_EQ(odm_transaction(header(), events(), OdmProfile::plain),
              R"(<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" ODMVersion="1.3.2" FileType="Transactional" FileOID="urn:labrelay:1" CreationDateTime="2026-09-21T14:13:20Z" Originator="labrelay" SourceSystem="labrelay" SourceSystemVersion="1.0">
 <ClinicalData StudyOID="S_1" MetaDataVersionOID="v1">
  <SubjectData SubjectKey="1001" TransactionType="Context">
   <SiteRef LocationOID="L01" />
   <StudyEventData StudyEventOID="SE_V2" TransactionType="Upsert">
    <FormData FormOID="F_LB" TransactionType="Upsert">
     <ItemGroupData ItemGroupOID="IG_CHEM" ItemGroupRepeatKey="1" TransactionType="Upsert">
      <ItemData ItemOID="I_ALT" Value="23">
       <AuditRecord EditPoint="DataManagement">
        <UserRef UserOID="U_SYS" />
        <LocationRef LocationOID="L01" />
        <DateTimeStamp>2026-09-21T14:13:20Z</DateTimeStamp>
        <SourceID>L1</SourceID>
       </AuditRecord>
       <MeasurementUnitRef MeasurementUnitOID="MU_U_L" />
      </ItemData>
      <ItemData ItemOID="I_VL" IsNull="Yes">
       <AuditRecord EditPoint="DataManagement">
        <UserRef UserOID="U_SYS" />
        <LocationRef LocationOID="L01" />
        <DateTimeStamp>2026-09-21T14:13:20Z</DateTimeStamp>
        <SourceID>L1</SourceID>
       </AuditRecord>
      </ItemData>
      <ItemData ItemOID="I_VL_TXT" Value="&lt;20">
       <AuditRecord EditPoint="DataManagement">
        <UserRef UserOID="U_SYS" />
        <LocationRef LocationOID="L01" />
        <DateTimeStamp>2026-09-21T14:13:20Z</DateTimeStamp>
        <ReasonForChange>Corrected: "20" &amp; more &lt;later&gt;</ReasonForChange>
        <SourceID>L1</SourceID>
       </AuditRecord>
      </ItemData>
     </ItemGroupData>
    </FormData>
   </StudyEventData>
   <StudyEventData StudyEventOID="SE_V3" TransactionType="Upsert">
    <FormData FormOID="F_LB" TransactionType="Upsert">
     <ItemGroupData ItemGroupOID="IG_CHEM" ItemGroupRepeatKey="1" TransactionType="Upsert">
      <ItemData ItemOID="I_AST" TransactionType="Remove">
       <AuditRecord EditPoint="DataManagement">
        <UserRef UserOID="U_SYS" />
        <LocationRef LocationOID="L01" />
        <DateTimeStamp>2026-09-21T14:13:20Z</DateTimeStamp>
        <SourceID>L1</SourceID>
       </AuditRecord>
      </ItemData>
     </ItemGroupData>
    </FormData>
   </StudyEventData>
  </SubjectData>
  <SubjectData SubjectKey="1002" TransactionType="Context">
   <SiteRef LocationOID="L01" />
   <StudyEventData StudyEventOID="SE_V2" TransactionType="Upsert">
    <FormData FormOID="F_LB" TransactionType="Upsert">
     <ItemGroupData ItemGroupOID="IG_CHEM" ItemGroupRepeatKey="1" TransactionType="Upsert">
      <ItemData ItemOID="I_ALT" Value="23">
       <AuditRecord EditPoint="DataManagement">
        <UserRef UserOID="U_SYS" />
        <LocationRef LocationOID="L01" />
        <DateTimeStamp>2026-09-21T14:13:20Z</DateTimeStamp>
        <SourceID>L1</SourceID>
       </AuditRecord>
       <MeasurementUnitRef MeasurementUnitOID="MU_U_L" />
      </ItemData>
     </ItemGroupData>
    </FormData>
   </StudyEventData>
  </SubjectData>
 </ClinicalData>
</ODM>
)");
}

TEST(Odm, ASnapshotHasNoTransactionsAndNothingRemoved) {
    OdmHeader snapshot = header();
    snapshot.file_type = OdmFileType::snapshot;
    const std::string text = odm_transaction(snapshot, events(), OdmProfile::plain);
    EXPECT_NE(text.find("FileType=\"Snapshot\""), std::string::npos);
    EXPECT_EQ(text.find("TransactionType"), std::string::npos);
    EXPECT_EQ(text.find("AuditRecord"), std::string::npos);
    EXPECT_EQ(text.find("I_AST"), std::string::npos);
    EXPECT_NE(text.find("I_ALT"), std::string::npos);
}

TEST(Odm, RaveIsToldThatOnlyTheNamedFieldsAreMeant) {
    const std::string text = odm_transaction(header(), events(), OdmProfile::rave);
    EXPECT_NE(text.find("xmlns:mdsol=\"http://www.mdsol.com/ns/odm/metadata\""), std::string::npos);
    EXPECT_NE(text.find("ItemGroupRepeatKey=\"1\" TransactionType=\"Upsert\" "
                        "mdsol:Submission=\"SpecifiedItemsOnly\""),
              std::string::npos);
}

TEST(Odm, FitsTheSchema) {
    if (!fs::exists(kSchema) || !succeeds("xmllint --version")) {
        GTEST_SKIP() << "../shared/cases or xmllint is not here";
    }
    ASSERT_FALSE(fits_schema("<ODM/>"));
    EXPECT_TRUE(fits_schema(odm_transaction(header(), events(), OdmProfile::plain)));
    OdmHeader snapshot = header();
    snapshot.file_type = OdmFileType::snapshot;
    EXPECT_TRUE(fits_schema(odm_transaction(snapshot, events(), OdmProfile::plain)));
}

TEST(Odm, PiecesMakeTheWhole) {
    const std::vector<OdmSubjectEvent> all = events();
    const std::vector<OdmSubjectEvent> first{all[0], all[2]};
    const std::vector<OdmSubjectEvent> second{all[1]};
    EXPECT_EQ(odm_opening(header(), OdmProfile::plain) +
                  odm_subject(header(), first, OdmProfile::plain) +
                  odm_subject(header(), second, OdmProfile::plain) + odm_closing(),
              odm_transaction(header(), all, OdmProfile::plain));
}

struct BadEvents {
    const char* what;
    void (*spoil)(std::vector<OdmSubjectEvent>&);
    Code code;
    const char* place;
};

// What the XSD lets pass, one a row.
constexpr BadEvents kBadEvents[] = {
    {"an item twice", [](auto& all) { all[1].items.push_back(all[1].items[0]); },
     Code::export_key_repeated, "1002 SE_V2[] F_LB IG_CHEM[1] I_ALT"},
    {"an item twice, in two entries of one event", [](auto& all) { all.push_back(all[1]); },
     Code::export_key_repeated, "1002 SE_V2[] F_LB IG_CHEM[1] I_ALT"},
    {"a group that repeats now and then",
     [](auto& all) { all[1].items[0].group_repeat_key.clear(); }, Code::export_key_bad,
     "1002 SE_V2[] F_LB IG_CHEM[] I_ALT"},
    {"an event that repeats now and then", [](auto& all) { all[1].event_repeat_key = "2"; },
     Code::export_key_bad, "SE_V2"},
    {"no subject", [](auto& all) { all[1].subject_key.clear(); }, Code::export_key_bad, ""},
    {"no item", [](auto& all) { all[1].items[0].item_oid.clear(); }, Code::export_key_bad,
     "1002 SE_V2[] F_LB IG_CHEM[1] "},
    {"two sites", [](auto& all) { all[2].site_oid = "L02"; }, Code::export_key_bad, "1001"},
    {"a control character in a subject's key", [](auto& all) { all[1].subject_key = "1\x02"; },
     Code::export_text_bad, "1? SE_V2[]"},
    {"a control character in a draw",
     [](auto& all) {
         all[1].event_oid = "SE_UNS";
         all[1].event_repeat_key =
             "SP\x1D"
             "7";
     },
     Code::export_text_bad, "1002 SE_UNS[SP?7]"},
    {"a control character in the key of a group",
     [](auto& all) { all[1].items[0].group_repeat_key = "R\x1F"; }, Code::export_text_bad,
     "1002 SE_V2[] F_LB IG_CHEM[R?] I_ALT"},
    {"a control character", [](auto& all) { all[1].items[0].value = "2\x01"; },
     Code::export_text_bad, "1002 SE_V2[] F_LB IG_CHEM[1] I_ALT"},
};

TEST(Odm, WhatTheSchemaLetsPassIsRefused) {
    EXPECT_TRUE(check_odm(events()));
    for (const BadEvents& bad : kBadEvents) {
        std::vector<OdmSubjectEvent> all = events();
        bad.spoil(all);
        const Result<void> checked = check_odm(all);
        ASSERT_FALSE(checked) << bad.what;
        EXPECT_EQ(checked.error().code, bad.code) << bad.what;
        EXPECT_EQ(checked.error().place.text, bad.place) << bad.what;
    }
}

}  // namespace
}  // namespace labrelay::targets
