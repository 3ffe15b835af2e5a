#include "labrelay/mapping/difference.hpp"

#include <gtest/gtest.h>

#include "labrelay/mapping/configuration_files.hpp"
#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

constexpr const char* kLab = "sources/lab.xml";
constexpr const char* kStudy = "S1/study.xml";

struct Row {
    const char* name;
    const char* file;
    const char* from;
    const char* to;
    /// kind, what, where, before, after of the only change; no kind: none
    const char* kind;
    const char* what;
    const char* where;
    const char* before;
    const char* after;
};

class Difference : public ::testing::TestWithParam<Row> {};

TEST_P(Difference, IsByMeaning) {
    const Row& row = GetParam();
    SmallConfiguration after;
    after.replace(row.file, row.from, row.to);
    const auto changes = difference(SmallConfiguration().files(), after.files());
    if (*row.kind == '\0') {
        EXPECT_TRUE(changes.empty()) << changes.front().sentence;
        return;
    }
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(to_string(changes[0].kind), row.kind);
    EXPECT_EQ(changes[0].file, row.file);
    EXPECT_EQ(changes[0].what, row.what);
    EXPECT_EQ(changes[0].where.text, row.where);
    EXPECT_EQ(changes[0].before, row.before);
    EXPECT_EQ(changes[0].after, row.after);
    EXPECT_TRUE(changes[0].sentence.find(row.what) != std::string::npos) << changes[0].sentence;
}

const Row kRows[] = {
    {"Blanks", kLab, "  <ignore", "\n\n\t<ignore", "", "", "", "", ""},
    {"Comment", kLab, "  <ignore", "  <!-- control -->\n  <ignore", "", "", "", "", ""},
    {"QuotesOfAnAttribute", kLab, "\"QC*\"", "'QC*'", "", "", "", "", ""},
    {"OrderOfAttributes", kLab, "code=\"UREA\" system=\"99\"", "system=\"99\" code=\"UREA\"", "",
     "", "", "", ""},
    {"OrderOfLines", kLab,
     "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4A\" when-unit=\"cells/uL\"/>\n"
     "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4P\" when-unit=\"%\"/>\n",
     "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4P\" when-unit=\"%\"/>\n"
     "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4A\" when-unit=\"cells/uL\"/>\n",
     "", "", "", "", ""},
    {"OrderOfWordsInAList", kStudy, "panels=\"subsets chemistry\"", "panels=\"chemistry  subsets\"",
     "", "", "", "", ""},
    {"LineAdded", kLab, "  <ignore", "  <observation code=\"X\" analyte=\"CD4A\"/>\n  <ignore",
     "added", "observation X", "sources/lab.xml:12:3", "", "analyte=\"CD4A\" code=\"X\""},
    {"LineGone", kLab, "  <observation code=\"UREA\" system=\"99\" analyte=\"UREA\"/>\n", "",
     "removed", "observation UREA (99)", "sources/lab.xml:11:3",
     "analyte=\"UREA\" code=\"UREA\" system=\"99\"", ""},
    {"OtherAnalyteOfALine", kLab, "analyte=\"UREA\"/>", "analyte=\"RPR\"/>", "changed",
     "observation UREA (99)", "sources/lab.xml:11:3", "analyte=\"UREA\"", "analyte=\"RPR\""},
    {"SpellingOfOneOfTwoLinesOfACode", kLab, "when-unit=\"%\"/>", "when-unit=\"% | pct\"/>",
     "changed", "observation CD4 (99)", "sources/lab.xml:10:3", "when-unit=\"%\"",
     "when-unit=\"% | pct\""},
    {"UnitInsideALine", kLab, "analyte=\"UREA\"/>",
     "analyte=\"UREA\"><unit spelling=\"mg%\" as=\"mg/dL{BUN}\"/></observation>", "added",
     "observation UREA (99) › unit mg%", "sources/lab.xml:11:55", "",
     "as=\"mg/dL{BUN}\" spelling=\"mg%\""},
    {"Mode", kLab, "mode=\"live\"", "mode=\"shadow\"", "changed", "source", "sources/lab.xml:1:1",
     "mode=\"live\"", "mode=\"shadow\""},
    {"Window", kStudy, "until=\"37\"", "until=\"44\"", "changed", "visit M1", "S1/study.xml:8:3",
     "until=\"37\"", "until=\"44\""},
    {"Range", "analytes.xml", "high=\"1361\"", "high=\"1400\"", "changed",
     "analyte CD4A › reference M", "analytes.xml:9:5", "high=\"1361\"", "high=\"1400\""},
    {"FactorOfASharedList", "analytes.xml", "factor=\"1000\"", "factor=\"1e3\"", "changed",
     "units cells › unit 10*9/L", "analytes.xml:4:5", "factor=\"1000\"", "factor=\"1e3\""},
};
INSTANTIATE_TEST_SUITE_P(Changes, Difference, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(DifferenceOfFiles, AFileComesAndGoes) {
    SmallConfiguration more;
    more.add("intake.xml", "<intake unknown-source=\"hold\"/>");
    const auto added = difference(SmallConfiguration().files(), more.files());
    ASSERT_EQ(added.size(), 1U);
    EXPECT_EQ(added[0].kind, ConfigurationChange::Kind::added);
    EXPECT_EQ(added[0].what, "intake");
    const auto gone = difference(more.files(), SmallConfiguration().files());
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone[0].kind, ConfigurationChange::Kind::removed);
}

TEST(Lacking, IsWhatWasTaughtAndTheFilesDoNotSay) {
    SmallConfiguration taught;
    taught.replace(kLab, "analyte=\"UREA\"/>", "analyte=\"UREA\" spelled=\"mM\"/>")
        .replace(kLab, "version=\"1\"", "version=\"2\"");
    const SmallConfiguration origin;

    // The same directory with another change of its own lacks the lesson.
    SmallConfiguration edited;
    edited.replace(kStudy, "until=\"37\"", "until=\"44\"");
    const auto missing = lacking(origin.files(), taught.files(), edited.files());
    ASSERT_EQ(missing.size(), 1U);
    EXPECT_EQ(missing[0].what, "observation UREA (99)");
    EXPECT_EQ(missing[0].after, "spelled=\"mM\"");

    // With the lesson, in another form and under another version of the file, it does not.
    edited.replace(kLab, "analyte=\"UREA\"/>", "spelled=\"mM\"  analyte=\"UREA\"/>")
        .replace(kLab, "version=\"1\"", "version=\"7\"");
    EXPECT_TRUE(lacking(origin.files(), taught.files(), edited.files()).empty());
}

TEST(TouchedSources, AreThoseOfTheirFilesOrAll) {
    SmallConfiguration source;
    source.replace(kLab, "analyte=\"UREA\"/>", "analyte=\"RPR\"/>");
    const SmallConfiguration before;
    const TouchedSources one = touched_sources(difference(before.files(), source.files()));
    EXPECT_FALSE(one.all);
    EXPECT_EQ(one.sources, std::vector<std::string>{"lab"});

    SmallConfiguration recognised;
    recognised.replace(kLab, "application=\"LAB\"", "application=\"LAB2\"");
    EXPECT_EQ(touched_sources(difference(before.files(), recognised.files())).sources,
              (std::vector<std::string>{"", "lab"}));

    SmallConfiguration study;
    study.replace(kStudy, "until=\"37\"", "until=\"44\"");
    const TouchedSources all = touched_sources(difference(before.files(), study.files()));
    EXPECT_TRUE(all.all);
    EXPECT_EQ(all.studies, std::vector<std::string>{"S1"});
    EXPECT_TRUE(one.studies.empty());
}

TEST(ConfigurationFiles, ChangedOnesTakeThePlaceOfTheirNames) {
    const auto files = with_changed({{"a", "1"}, {"b", "2"}}, {{"b", "3"}, {"c", "4"}, {"a", ""}});
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].name + files[0].bytes, "b3");
    EXPECT_EQ(files[1].name + files[1].bytes, "c4");
}

}  // namespace
}  // namespace labrelay::mapping
