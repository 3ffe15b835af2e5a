#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>

#include "small_configuration.hpp"
#include "temporary_directory.hpp"

namespace labrelay::mapping {
namespace {

constexpr const char* kStudy = "S1/study.xml";

constexpr std::string_view kRedcap = R"(  <redcap format="eav" leave-out="history">
    <event visit="M0" name="m0_arm_1"/>
    <event visit="M1" name="m1_arm_1"/>
    <event visit="unscheduled" name="other_arm_1"/>
    <result instrument="lab_results" repeats="yes" analytes="CD4A CD4P" complete="complete">
      <field name="lr_id" from="result_id"/>
      <field name="lr_analyte" from="analyte"/>
      <field name="lr_value" from="value_num"/>
      <field name="lr_comparator" from="comparator"/>
      <field name="lr_state" from="result_state">
        <code of="quantified" is="1"/>
        <code of="withdrawn" is="9"/>
      </field>
    </result>
    <result instrument="chemistry" repeats="no" analytes="UREA">
      <field name="urea_text" from="value_text"/>
    </result>
  </redcap>
</study>)";

SmallConfiguration with_redcap() {
    SmallConfiguration configuration;
    configuration.replace(kStudy, "</study>", kRedcap);
    return configuration;
}

TEST(LoadRedcapMap, SaysWhereEachResultStands) {
    const Loaded loaded = with_redcap().load();
    ASSERT_NE(loaded.configuration, nullptr)
        << (loaded.errors.empty() ? "" : describe(loaded.errors.front()));
    const study::StudyDefinition& study = *loaded.configuration->rules().study("S1");
    ASSERT_TRUE(study.redcap);
    const study::RedcapMap& map = *study.redcap;
    EXPECT_EQ(map.format, study::RedcapMap::Format::eav);
    EXPECT_TRUE(map.longitudinal);
    EXPECT_FALSE(map.new_records) << "a mistyped subject makes no record";
    ASSERT_EQ(map.events.size(), 3U);
    EXPECT_EQ(map.event_of("unscheduled"), &map.events[2]);
    EXPECT_EQ(map.events[2].name, "other_arm_1");
    EXPECT_TRUE(map.leaves_out("history"));
    ASSERT_EQ(map.results.size(), 2U);
    const study::RedcapResult& counts = map.results[0];
    EXPECT_EQ(map.result_of("CD4P"), &counts);
    EXPECT_EQ(counts.complete, "2");
    ASSERT_EQ(counts.fields.size(), 5U);
    EXPECT_EQ(counts.field_from("result_state"), &counts.fields[4]);
    ASSERT_EQ(counts.fields[4].choices.size(), 2U);
    EXPECT_EQ(counts.fields[4].choices[1].code, "9");
    EXPECT_EQ(map.result_of("UREA"), &map.results[1]);
    EXPECT_FALSE(map.results[1].repeats);
    EXPECT_EQ(map.result_of("HGB"), nullptr);
}

TEST(LoadRedcapMap, AStudyWithoutOneHasNone) {
    EXPECT_FALSE(SmallConfiguration().load().configuration->rules().study("S1")->redcap);
}

struct Wrong {
    const char* from;
    const char* to;  ///< ‸ stands where the error is expected and is taken out
    Code code;
    const char* detail;  ///< part of it
};

constexpr std::string_view kCaret = "‸";

constexpr Wrong kWrong[] = {
    {"from=\"value_num\"", "from=\"‸value_nun\"", Code::reference_unknown, "Did you mean"},
    {"from=\"value_num\"", "from=\"‸birth_date\"", Code::reference_unknown, "may leave"},
    {"from=\"value_num\"", "from=\"‸identifier\"", Code::reference_unknown, "may leave"},
    {"\"m0_arm_1\"", "\"‸Month 0\"", Code::attribute_bad, "no name of REDCap's"},
    {"<event visit=\"M1\"", "<event visit=\"‸M0\" name=\"x\"/><event visit=\"M1\"",
     Code::key_duplicate, "stands twice"},
    {"<event visit=\"M1\"", "<event visit=\"‸M9\" name=\"x\"/><event visit=\"M1\"",
     Code::reference_unknown, "no visit"},
    {"<redcap format=\"eav\" leave-out=\"history\">", "‸<redcap format=\"eav\">",
     Code::element_missing, "history"},
    {"format=\"eav\"", "format=\"‸json\"", Code::attribute_bad, "flat"},
    {"format=\"eav\"", "‸formats=\"eav\"", Code::attribute_unknown, ""},
    {"\"no\" analytes=\"UREA\"", "\"no\" analytes=\"UREA ‸CD4A\"", Code::key_duplicate, "already"},
    {"\"no\" analytes=\"UREA\"", "\"no\" analytes=\"UREA ‸RPR\"", Code::reference_unknown,
     "no panel"},
    {"name=\"urea_text\"", "name=\"‸lr_value\"", Code::key_duplicate, "filled twice"},
    {"is=\"9\"/>", "is=\"9\"/><code of=\"‸quantified\" is=\"2\"/>", Code::key_duplicate, "twice"},
    // A number without its state, or without a place for <20.
    {"<result instrument=\"chemistry\" repeats=\"no\" analytes=\"UREA\">\n      <field "
     "name=\"urea_text\" from=\"value_text\"/>",
     "‸<result instrument=\"chemistry\" repeats=\"no\" analytes=\"UREA\"><field "
     "name=\"urea_text\" from=\"value_text\"/><field name=\"urea\" from=\"value_num\"/>",
     Code::element_missing, "result_state"},
    {"<field name=\"lr_comparator\" from=\"comparator\"/>", "", Code::element_missing,
     "comparator"},
    {"<field name=\"lr_id\" from=\"result_id\"/>", "", Code::element_missing, "result_id"},
};

TEST(LoadRedcapMap, EveryErrorHasItsPlace) {
    for (const Wrong& wrong : kWrong) {
        SmallConfiguration configuration = with_redcap();
        std::string to = wrong.to;
        const std::size_t in_replacement = to.find(kCaret);
        if (in_replacement != std::string::npos) {
            to.erase(in_replacement, kCaret.size());
        }
        const std::size_t base = configuration.bytes_of(kStudy).find(wrong.from);
        ASSERT_NE(base, std::string::npos) << wrong.from;
        configuration.replace(kStudy, wrong.from, to);
        const Loaded loaded = configuration.load();
        ASSERT_EQ(loaded.errors.size(), 1U) << wrong.to;
        EXPECT_EQ(loaded.errors[0].code, wrong.code) << wrong.to;
        EXPECT_NE(loaded.errors[0].detail.find(wrong.detail), std::string::npos)
            << loaded.errors[0].detail;
        if (in_replacement != std::string::npos) {
            EXPECT_EQ(loaded.errors[0].place.offset, base + in_replacement) << wrong.to;
        }
    }
}

// What the loader takes, the schema takes too.
TEST(LoadRedcapMap, FitsTheSchema) {
    if (std::system("xmllint --version >/dev/null 2>&1") != 0) {  // NOLINT: a fixed command
        GTEST_SKIP() << "xmllint (libxml2-utils) is not installed";
    }
    test::TemporaryDirectory directory;
    const auto file = directory.path() / "study.xml";
    std::ofstream(file) << with_redcap().bytes_of(kStudy);
    const std::string command = "xmllint --noout --nonet --schema " LABRELAY_SOURCE_DIR
                                "/mappings/study.xsd " +
                                file.string() + " >/dev/null 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: a fixed command
}

}  // namespace
}  // namespace labrelay::mapping
