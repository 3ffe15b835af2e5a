// The criteria of study.xml: each thing that can be wrong, with its place; and what the shipped
// study says.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

using study::Criterion;
using study::SerologyRule;

constexpr const char* kStu = "S1/study.xml";
constexpr std::string_view kCaret = "‸";
constexpr const char* kCriteria = R"(<inclusion id="I1" text="CD4">
    <limit-by-therapy id="cd4" analyte="CD4A" unit="/uL" since="art_start">
      <band from-months="12" until-months="24" below="200" exactly-from="undecided"/>
      <band from-months="24" below="350"/>
    </limit-by-therapy>
  </inclusion>
  <exclusion id="E1" text="Urea">
    <limit id="urea" analyte="UREA" above="20.5" unit="mmol/L"/>
    <positive id="pos" analytes="CD4P UREA" reading="limit-binds">
      <limit analyte="UREA" below="3" unit="mmol/L" binds="CD4P"/>
    </positive>
    <suppressed id="low" analyte="UREA" below="5" unit="mmol/L" count="2" months-apart="3"/>
    <site-attests id="site"/>
  </exclusion>
  )";

SmallConfiguration with_criteria() {
    SmallConfiguration files;
    files.replace(kStu, "<withdrawal", std::string(kCriteria) + "<withdrawal");
    return files;
}

struct BadCriterion {
    const char* from;
    const char* to;  ///< ‸ stands where the error is expected and is taken out
    Code code;
};

constexpr BadCriterion kBad[] = {
    // names and what must be there
    {"<limit id=", "‸<limits id=\"x\"/><limit id=", Code::element_unknown},
    {"<band from", "‸<bend/><band from", Code::element_unknown},
    {"id=\"urea\" analyte", "id=\"urea\" ‸analyt=\"UREA\" analyte", Code::attribute_unknown},
    {"<inclusion id=\"I1\"", "‸<inclusion id=\"I0\" text=\"none\"/><inclusion id=\"I1\"",
     Code::element_missing},
    {" text=\"Urea\"", "", Code::attribute_missing},
    {"<limit id=\"urea\"", "‸<limit", Code::attribute_missing},
    {"<limit id=\"urea\" analyte=\"UREA\" above=\"20.5\"", "‸<limit id=\"urea\" analyte=\"UREA\"",
     Code::attribute_missing},
    {"<limit id=\"urea\"", "‸<limit below=\"1\" id=\"urea\"", Code::attribute_missing},
    {" since=\"art_start\"", "", Code::attribute_missing},
    {"<positive id=\"pos\" analytes=\"CD4P UREA\" reading=\"limit-binds\"",
     "‸<positive id=\"pos\" analytes=\"CD4P UREA\"", Code::attribute_missing},
    {"<positive id=\"pos\"",
     "‸<positive id=\"p\" analytes=\"CD4P\" reading=\"each-or-limit\"/><positive id=\"pos\"",
     Code::attribute_missing},
    {" binds=\"CD4P\"", "", Code::attribute_missing},
    // forms of values
    {"above=\"20.5\"", "above=\"‸20,5\"", Code::attribute_bad},
    {"above=\"20.5\" unit=\"mmol/L\"", "above=\"20.5\" unit=\"‸mg/dL\"", Code::attribute_bad},
    {"since=\"art_start\"", "since=\"‸art\"", Code::attribute_bad},
    {"until-months=\"24\"", "until-months=\"‸12\"", Code::attribute_bad},
    {"<band from-months=\"24\"", "<band from-months=\"‸23\"", Code::attribute_bad},
    {"exactly-from=\"undecided\"", "exactly-from=\"‸open\"", Code::attribute_bad},
    {"reading=\"limit-binds\"", "reading=\"‸binds\"", Code::attribute_bad},
    {"count=\"2\"", "count=\"‸0\"", Code::attribute_bad},
    {"months-apart=\"3\"", "months-apart=\"‸-3\"", Code::attribute_bad},
    // keys
    {"id=\"E1\"", "id=\"‸I1\"", Code::key_duplicate},
    {"<site-attests id=\"site\"", "<site-attests id=\"‸urea\"", Code::key_duplicate},
    {"analytes=\"CD4P UREA\"", "analytes=\"CD4P ‸CD4P\"", Code::key_duplicate},
    // references
    {"id=\"urea\" analyte=\"UREA\"", "id=\"urea\" analyte=\"‸UERA\"", Code::reference_unknown},
    {"analytes=\"CD4P UREA\"", "analytes=\"CD4P ‸RPR UREA\"", Code::reference_unknown},
    {"binds=\"CD4P\"", "binds=\"‸CD4A\"", Code::reference_unknown},
    // what panels expect
    {"analytes=\"CD4A CD4P\"", "analytes=\"CD4A CD4P\" expects=\"CD4A|‸CD8A\"",
     Code::reference_unknown},
    {"analytes=\"CD4A CD4P\"", "analytes=\"CD4A CD4P\" expects=\"CD4A|‸\"",
     Code::reference_unknown},
    {"analytes=\"CD4A CD4P\"", "analytes=\"CD4A CD4P\" expected-of=\"‸women\"",
     Code::attribute_bad},
};

std::string line_and_column(std::string_view before) {
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::size_t line_begin = before.rfind('\n');
    return std::to_string(lines + 1) + ":" + std::to_string(before.size() - line_begin);
}

TEST(LoadCriteria, EachErrorHasItsCodeAndPlace) {
    for (const BadCriterion& row : kBad) {
        SmallConfiguration files = with_criteria();
        files.replace(kStu, row.from, row.to);
        std::string& bytes = files.bytes_of(kStu);
        std::string place;
        if (const std::size_t at = bytes.find(kCaret); at != std::string::npos) {
            place = std::string(kStu) + ":" + line_and_column(bytes.substr(0, at));
            bytes.erase(at, kCaret.size());
        }
        const Loaded loaded = files.load();
        std::string seen;
        bool found = false;
        for (const Finding& error : loaded.errors) {
            found |= error.code == row.code && (place.empty() || error.place.text == place);
            seen += describe(error) + "\n";
        }
        EXPECT_TRUE(found) << row.to << "\nexpected " << key(row.code) << " at " << place << "\n"
                           << seen;
    }
}

TEST(LoadCriteria, ANearNameIsSuggested) {
    SmallConfiguration files = with_criteria();
    files.replace(kStu, "<site-attests", "<site-attest");
    const Loaded loaded = files.load();
    ASSERT_FALSE(loaded.errors.empty());
    EXPECT_NE(loaded.errors.front().detail.find("Did you mean \"site-attests\"?"),
              std::string::npos);
}

TEST(LoadCriteria, WhatIsWrittenIsWhatIsRead) {
    const Loaded loaded = with_criteria().load();
    ASSERT_NE(loaded.configuration, nullptr);
    const study::StudyDefinition& study = *loaded.configuration->rules().study("S1");
    ASSERT_EQ(study.criteria.size(), 2U);
    const auto& cd4 = std::get<study::TherapyLimitRule>(study.criteria[0].conditions[0].rule);
    ASSERT_EQ(cd4.bands.size(), 2U);
    EXPECT_FALSE(cd4.bands[0].exactly_from_counts);
    EXPECT_EQ(cd4.bands[0].until_months, 24);
    EXPECT_TRUE(cd4.bands[1].exactly_from_counts);
    EXPECT_FALSE(cd4.bands[1].until_months);
    const Criterion& urea = study.criteria[1];
    EXPECT_EQ(urea.sort, Criterion::Sort::exclusion);
    const auto& above = std::get<study::LimitRule>(urea.conditions[0].rule);
    EXPECT_EQ(above.side, study::LimitRule::Side::above);
    EXPECT_EQ(above.limit.to_string(), "20.5");
    const auto& positive = std::get<SerologyRule>(urea.conditions[1].rule);
    EXPECT_EQ(positive.reading, SerologyRule::Reading::limit_binds);
    EXPECT_EQ(positive.binds, std::vector<std::string>{"CD4P"});
    EXPECT_EQ(positive.limit->side, study::LimitRule::Side::below);
    EXPECT_EQ(study.panels[0].expects, (std::vector<std::vector<std::string>>{{"CD4A"}, {"CD4P"}}));
}

// All six inclusion and eleven exclusion items of the registry's text, in its order.
TEST(LoadCriteria, TheShippedStudyHasEveryItemOfItsProtocol) {
    const Loaded loaded =
        load_configuration(std::filesystem::path(LABRELAY_SOURCE_DIR) / "mappings");
    ASSERT_NE(loaded.configuration, nullptr);
    const study::StudyDefinition& study = *loaded.configuration->rules().study("NCT05872659");
    std::string ids;
    std::size_t attested = 0;
    for (const Criterion& criterion : study.criteria) {
        ids += criterion.id + " ";
        const auto attests = [](const study::Condition& condition) {
            return std::holds_alternative<study::SiteAttests>(condition.rule);
        };
        attested += std::ranges::all_of(criterion.conditions, attests) ? 1U : 0U;
    }
    EXPECT_EQ(ids, "I1 I2 I3 I4 I5 I6 E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 ");
    EXPECT_EQ(attested, 11U);  // three inclusions, eight exclusions
    const study::Panel& viral_load = *study.panel("hiv-rna");
    EXPECT_EQ(viral_load.expects,
              (std::vector<std::vector<std::string>>{{"HIVVL", "HIVVLLOG", "HIVIU"}}));
    EXPECT_TRUE(study.panel("hcg")->only_child_bearing);
}

}  // namespace
}  // namespace labrelay::mapping
