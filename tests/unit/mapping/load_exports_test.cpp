#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "small_configuration.hpp"

// <sdtm> and <odm> of a study.xml: what they mean, and every error that they can have with its
// place.

namespace labrelay::mapping {
namespace {

constexpr const char* kStu = "S1/study.xml";
constexpr std::string_view kCaret = "‸";

constexpr const char* kExports = R"(
  <sdtm ig="3.4" ct="2025-03-25" studyid="S1" epoch-before="SCREENING" epoch-after="TREATMENT">
    <term analyte="CD4A" domain="CP" testcd="TLYH" test="Helper T-Lymphocytes" category="FLOW" unit="10^6/L"/>
    <term analyte="CD4P" domain="LB" testcd="CD4P" test="CD4 percent" category="FLOW" unit="%"/>
    <omit analyte="UREA"/>
    <visit id="M0" number="1"/>
    <visit id="M1" number="2" epoch="FOLLOW-UP"/>
    <word text="NEG" as="NEGATIVE"/>
  </sdtm>
  <odm study-oid="S_1" metadata-version="v1" user="U1" unscheduled="SE_U" history="SE_H">
    <event visit="M0" oid="SE_M0"/>
    <event visit="M1" oid="SE_M1"/>
    <location site="QILU" oid="L01"/>
    <item analyte="CD4A" form="F1" group="G1" number="I1" comparator="I2" text="I3" state="I4" unit="MU1"/>
    <item analyte="CD4P" form="F1" group="G2" text="I5"/>
    <omit analyte="UREA"/>
  </odm>
</study>)";

SmallConfiguration with_exports() {
    return SmallConfiguration().replace(kStu, "\n</study>", kExports);
}

TEST(LoadExports, WhatTheyMean) {
    const Loaded loaded = with_exports().load();
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    ASSERT_NE(loaded.configuration, nullptr);
    const study::StudyDefinition& study = *loaded.configuration->rules().study("S1");
    ASSERT_TRUE(study.sdtm && study.odm);
    EXPECT_EQ(study.sdtm->guide, "3.4");
    EXPECT_EQ(study.sdtm->terminology, "2025-03-25");
    ASSERT_NE(study.sdtm->term("CD4A"), nullptr);
    EXPECT_EQ(study.sdtm->term("CD4A")->domain, study::SdtmDomain::cp);
    EXPECT_EQ(study.sdtm->term("CD4A")->testcd, "TLYH");
    EXPECT_EQ(study.sdtm->term("CD4A")->unit, "10^6/L");
    EXPECT_TRUE(study.sdtm->omits("UREA"));
    EXPECT_EQ(study.sdtm->visit("M1")->number, 2);
    EXPECT_EQ(study.sdtm->visit("M1")->epoch, "FOLLOW-UP");
    EXPECT_EQ(study.sdtm->submitted("NEG"), "NEGATIVE");
    EXPECT_EQ(study.sdtm->submitted("<20"), "<20");
    EXPECT_EQ(study.odm->event("M1")->oid, "SE_M1");
    EXPECT_EQ(study.odm->site("QILU")->oid, "L01");
    EXPECT_EQ(study.odm->item("CD4A")->comparator, "I2");
    EXPECT_EQ(study.odm->item("CD4P")->number, "");
    EXPECT_TRUE(study.odm->omits("UREA"));
}

TEST(LoadExports, AStudyNeedsNeither) {
    const Loaded loaded = SmallConfiguration().load();
    ASSERT_NE(loaded.configuration, nullptr);
    EXPECT_FALSE(loaded.configuration->rules().study("S1")->sdtm);
    EXPECT_FALSE(loaded.configuration->rules().study("S1")->odm);
}

struct Bad {
    const char* from;
    const char* to;  ///< ‸ stands where the error is expected and is taken out
    Code code;
};

constexpr Bad kBad[] = {
    // sdtm: what it is about
    {"<sdtm ig=\"3.4\"", "<sdtm ig=\"‸three\"", Code::attribute_bad},
    {"<sdtm ig=\"3.4\" ct=\"2025-03-25\"", "<sdtm ig=\"3.4\" ct=\"‸2025\"", Code::attribute_bad},
    {"<sdtm ig=\"3.4\"", "‸<sdtm", Code::attribute_missing},
    {"<sdtm ig", "<sdtm ‸version=\"1\" ig", Code::attribute_unknown},
    // its terms
    {"domain=\"CP\"", "domain=\"‸XX\"", Code::attribute_bad},
    {"testcd=\"TLYH\"", "testcd=\"‸TLYH56789\"", Code::attribute_bad},
    {"testcd=\"TLYH\"", "testcd=\"‸4TLYH\"", Code::attribute_bad},
    {"testcd=\"TLYH\"", "testcd=\"‸tlyh\"", Code::attribute_bad},
    {"test=\"Helper T-Lymphocytes\"", "test=\"‸Helper T-Lymphocytes, absolute, per microlitre\"",
     Code::attribute_bad},
    {"test=\"Helper T-Lymphocytes\"", "test=\"‸辅助\"", Code::attribute_bad},
    {"unit=\"10^6/L\"", "unit=\"‸10*9/L\"", Code::attribute_bad},
    {"<term analyte=\"CD4A\" domain=\"CP\" testcd=\"TLYH\" test=\"Helper T-Lymphocytes\" "
     "category=\"FLOW\" unit=\"10^6/L\"/>",
     "‸<term analyte=\"CD4A\" domain=\"CP\" testcd=\"TLYH\" test=\"Helper\" category=\"FLOW\"/>",
     Code::attribute_missing},
    {"category=\"FLOW\" unit=\"%\"", "category=\"FLOW\" agent=\"‸HIV\" unit=\"%\"",
     Code::attribute_bad},
    {"<term analyte=\"CD4P\" domain=\"LB\"", "‸<term analyte=\"CD4P\" domain=\"IS\"",
     Code::attribute_missing},
    {"domain=\"LB\" testcd=\"CD4P\" test=\"CD4 percent\" category=\"FLOW\" unit=\"%\"",
     "domain=\"CP\" testcd=\"TLYH\" test=\"‸CD4 percent\" category=\"FLOW\" unit=\"%\"",
     Code::attribute_bad},
    {"domain=\"LB\" testcd=\"CD4P\" test=\"CD4 percent\" category=\"FLOW\" unit=\"%\"",
     "domain=\"CP\" testcd=\"‸TLYH\" test=\"Helper T-Lymphocytes\" category=\"FLOW\" "
     "unit=\"10^6/L\"",
     Code::key_duplicate},
    {"<omit analyte=\"UREA\"/>\n    <visit", "<omit analyte=\"‸CD4A\"/>\n    <visit",
     Code::key_duplicate},
    {"<omit analyte=\"UREA\"/>\n    <visit", "<omit analyte=\"‸UREE\"/>\n    <visit",
     Code::reference_unknown},
    {"<omit analyte=\"UREA\"/>\n    <visit",
     "<omit analyte=\"UREA\"/>\n    <omit analyte=\"‸RPR\"/>\n    <visit", Code::reference_unknown},
    {"  <sdtm ig", "  ‸<sdtm ig", Code::element_missing},  // with CD4A's term taken out, below
    // its visits and words
    {"<visit id=\"M0\" number=\"1\"", "<visit id=\"‸M9\" number=\"1\"", Code::reference_unknown},
    {"<visit id=\"M0\" number=\"1\"", "<visit id=\"M0\" number=\"‸0\"", Code::attribute_bad},
    {"<visit id=\"M1\" number=\"2\"", "<visit id=\"M1\" number=\"‸1\"", Code::key_duplicate},
    {"<word text=\"NEG\"", "<word text=\"NEG\" as=\"N\"/><word text=\"‸NEG\"", Code::key_duplicate},
    // odm
    {"<odm study-oid=\"S_1\"", "‸<odm", Code::attribute_missing},
    {"<event visit=\"M0\"", "<event visit=\"‸M9\"", Code::reference_unknown},
    {"<event visit=\"M1\"", "<event visit=\"‸M0\"", Code::key_duplicate},
    {"oid=\"SE_M1\"", "oid=\"‸SE_M0\"", Code::key_duplicate},
    {"<location site=\"QILU\"", "<location site=\"‸QILO\"", Code::reference_unknown},
    {"text=\"I5\"", "text=\"‸I3\"", Code::key_duplicate},
    {"<item analyte=\"CD4P\"", "<item analyte=\"‸CD4A\"", Code::key_duplicate},
    {"<item analyte=\"CD4P\" form=\"F1\" group=\"G2\" text=\"I5\"/>",
     "‸<item analyte=\"CD4P\" form=\"F1\" group=\"G2\"/>", Code::attribute_missing},
    {"text=\"I5\"", "text=\"I5\" unit=\"‸MU\"", Code::attribute_bad},
    {"<omit analyte=\"UREA\"/>\n  </odm>", "<omit analyte=\"‸UREE\"/>\n  </odm>",
     Code::reference_unknown},
};

TEST(LoadExports, EveryErrorHasItsPlace) {
    for (const Bad& bad : kBad) {
        SmallConfiguration files = with_exports();
        files.replace(kStu, bad.from, bad.to);
        std::string& bytes = files.bytes_of(kStu);
        const std::size_t at = bytes.find(kCaret);
        ASSERT_NE(at, std::string::npos) << bad.to;
        bytes.erase(at, kCaret.size());
        if (bad.code == Code::element_missing) {
            files.replace(kStu, "<term analyte=\"CD4A\"", "<term analyte=\"UREA\"");
        }
        const std::string before = bytes.substr(0, at);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const std::size_t line_begin = before.rfind('\n');
        const std::string expected =
            fmt::format("{}:{}:{}", kStu, line, before.size() - line_begin);
        const Loaded loaded = files.load();
        EXPECT_EQ(loaded.configuration, nullptr) << bad.to;
        const auto is_it = [&](const Finding& error) {
            return error.code == bad.code && error.place.text == expected;
        };
        if (!std::any_of(loaded.errors.begin(), loaded.errors.end(), is_it)) {
            ADD_FAILURE() << bad.to << ": not at " << expected;
            for (const Finding& error : loaded.errors) {
                ADD_FAILURE() << describe(error);
            }
        }
    }
}

}  // namespace
}  // namespace labrelay::mapping
