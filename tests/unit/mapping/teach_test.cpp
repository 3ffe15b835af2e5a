#include "labrelay/mapping/teach.hpp"

#include <gtest/gtest.h>

#include "labrelay/mapping/difference.hpp"
#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

constexpr const char* kFile = "sources/lab.xml";

std::string text_of(const std::vector<ConfigurationFile>& files) {
    for (const ConfigurationFile& file : files) {
        if (file.name == kFile) {
            return file.bytes;
        }
    }
    return {};
}

TeachUnit unit(TeachUnit::Kind kind, std::string analyte, std::string code, std::string text,
               std::string as = {}) {
    return {"lab", std::move(analyte), std::move(code), {}, kind, std::move(text), std::move(as)};
}

using Kind = TeachUnit::Kind;

/// `from` of the source's file becomes `to`, and the version 2; nothing else.
struct Row {
    const char* name;
    Lesson lesson;
    const char* from;
    const char* to;
};

class Teach : public ::testing::TestWithParam<Row> {};

TEST_P(Teach, ChangesOneLineAndNothingElse) {
    const Row& row = GetParam();
    SmallConfiguration expected;
    expected.replace(kFile, row.from, row.to).replace(kFile, "version=\"1\"", "version=\"2\"");
    const SmallConfiguration before;
    const auto taught = teach(before.files(), row.lesson);
    ASSERT_TRUE(taught) << describe(taught.error());
    EXPECT_EQ(text_of(*taught), expected.bytes_of(kFile));
    const auto checked = check_taught(before.files(), *taught);
    EXPECT_TRUE(checked) << describe(checked.error());
}

const Row kRows[] = {
    {"Code", TeachCode{"lab", "CD4#", "99", "CD4A"}, "analyte=\"UREA\"/>\n",
     "analyte=\"UREA\"/>\n  <observation code=\"CD4#\" system=\"99\" analyte=\"CD4A\"/>\n"},
    {"CodeOfAnySystem", TeachCode{"lab", "A&\"<B", "", "CD4P"}, "analyte=\"UREA\"/>\n",
     "analyte=\"UREA\"/>\n  <observation code=\"A&amp;&quot;&lt;B\" analyte=\"CD4P\"/>\n"},
    {"UnitOfALineThatHadNone", unit(Kind::spelled, "UREA", "UREA", "mmol per L"),
     "analyte=\"UREA\"/>", "analyte=\"UREA\" spelled=\"mmol per L\"/>"},
    {"UnitOfALineThatHoldsForSome", unit(Kind::spelled, "CD4A", "CD4", "c/uL"),
     "when-unit=\"cells/uL\"/>", "when-unit=\"cells/uL | c/uL\" spelled=\"c/uL\"/>"},
    {"UnitWithoutCode", unit(Kind::spelled, "CD4P", "", "pct"), "when-unit=\"%\"/>",
     "when-unit=\"% | pct\" spelled=\"pct\"/>"},
    {"UnitAsAnother", unit(Kind::as, "UREA", "UREA", "mg%", "mg/dL{BUN}"), "analyte=\"UREA\"/>",
     "analyte=\"UREA\">\n    <unit spelling=\"mg%\" as=\"mg/dL{BUN}\"/>\n  </observation>"},
    {"AbsentUnit", unit(Kind::assume, "UREA", "UREA", "mmol/L"), "analyte=\"UREA\"/>",
     "analyte=\"UREA\" assume-unit=\"mmol/L\"/>"},
    {"Word", TeachWord{"lab", "未检出", "not_detected", ""}, "kind=\"not_detected\"/></values>",
     "kind=\"not_detected\"/>\n  <word text=\"未检出\" kind=\"not_detected\"/></values>"},
    {"QualitativeWord", TeachWord{"lab", "neg.", "qualitative", "NEG"},
     "kind=\"not_detected\"/></values>",
     "kind=\"not_detected\"/>\n  <word text=\"neg.\" kind=\"qualitative\" "
     "canonical=\"NEG\"/></values>"},
};
INSTANTIATE_TEST_SUITE_P(Lessons, Teach, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(TeachFiles, ValuesAreAddedBeforeTheLinesWhereThereAreNone) {
    SmallConfiguration before;
    before.replace(kFile, "  <values><word text=\"none\" kind=\"not_detected\"/></values>\n", "");
    const auto taught = teach(before.files(), TeachWord{"lab", "ND", "not_detected", ""});
    ASSERT_TRUE(taught);
    SmallConfiguration expected = before;
    expected
        .replace(kFile, "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4A\"",
                 "  <values><word text=\"ND\" kind=\"not_detected\"/></values>\n"
                 "  <observation code=\"CD4\" system=\"99\" analyte=\"CD4A\"")
        .replace(kFile, "version=\"1\"", "version=\"2\"");
    EXPECT_EQ(text_of(*taught), expected.bytes_of(kFile));
}

// Editors of laboratories write CR LF and comments after the last line.
TEST(TeachFiles, LineEndsAndCommentsStay) {
    SmallConfiguration before;
    std::string& bytes = before.bytes_of(kFile);
    bytes.insert(bytes.find("  <ignore"), "  <!-- </source> is not the end -->\n");
    std::string with_cr;
    for (const char c : bytes) {
        with_cr += c == '\n' ? "\r\n" : std::string(1, c);
    }
    bytes = with_cr;
    const auto taught = teach(before.files(), TeachCode{"lab", "X", "", "CD4A"});
    ASSERT_TRUE(taught);
    std::string text = text_of(*taught);
    const std::string line = "\r\n  <observation code=\"X\" analyte=\"CD4A\"/>";
    const std::size_t at = text.find(line);
    ASSERT_NE(at, std::string::npos) << text;
    text.erase(at, line.size());
    text.replace(text.find("version=\"2\""), 11, "version=\"1\"");
    EXPECT_EQ(text, with_cr);
}

struct Refused {
    Lesson lesson;
    Code code;
    const char* place;
};

TEST(TeachFiles, RefusesWhatItCannotSay) {
    const Refused rows[] = {
        {TeachCode{"nobody", "X", "", "CD4A"}, Code::config_target_missing, "sources/nobody.xml"},
        {TeachCode{"lab", "", "", "CD4A"}, Code::attribute_bad, "code"},
        {TeachCode{"lab", "X*", "", "CD4A"}, Code::attribute_bad, "code"},
        {TeachCode{"lab", "X\r", "", "CD4A"}, Code::attribute_bad, "code"},
        {TeachCode{"lab", "\xC3", "", "CD4A"}, Code::attribute_bad, "code"},
        {TeachCode{"lab", " X", "", "CD4A"}, Code::attribute_bad, "code"},
        {TeachCode{"lab", "UREA", "99", "UREA"}, Code::config_target_missing,
         "sources/lab.xml:11:3"},
        {unit(Kind::spelled, "UREA", "CD4", "x"), Code::config_target_missing, kFile},
        {unit(Kind::spelled, "UREA", "UREA", "a|b"), Code::attribute_bad, "unit"},
        {unit(Kind::as, "CD4A", "CD4", "x", "/uL"), Code::config_target_missing,
         "sources/lab.xml:9:3"},
        {TeachWord{"lab", "", "not_detected", ""}, Code::attribute_bad, "word"},
    };
    for (const Refused& row : rows) {
        const auto taught = teach(SmallConfiguration().files(), row.lesson);
        ASSERT_FALSE(taught) << row.place;
        EXPECT_EQ(taught.error().code, row.code) << row.place;
        EXPECT_EQ(taught.error().place.text, row.place);
    }
}

// What can be written need not be true: the whole is checked as any configuration is.
TEST(TeachFiles, TheWholeIsChecked) {
    const Lesson rows[] = {
        TeachCode{"lab", "X", "", "NOSUCH"},
        // The code has two lines already, told apart by unit; a third takes every other unit.
        unit(Kind::assume, "UREA", "UREA", "furlong"),
        TeachWord{"lab", "ND", "gone", ""},
        TeachWord{"lab", "none", "no_result", ""},
        // mg/dL{BUN} is in the list with its factor: as another spelling of mmol/L it would be 1.
        unit(Kind::spelled, "UREA", "UREA", "mg/dL{BUN}"),
    };
    for (const Lesson& lesson : rows) {
        const SmallConfiguration before;
        const auto taught = teach(before.files(), lesson);
        ASSERT_TRUE(taught) << describe(taught.error());
        const auto checked = check_taught(before.files(), *taught);
        ASSERT_FALSE(checked) << text_of(*taught);
        EXPECT_EQ(checked.error().code, Code::configuration_bad);
        EXPECT_TRUE(checked.error().place.text.starts_with("sources/lab.xml:"))
            << describe(checked.error());
    }
}

TEST(TeachFiles, ALessonIsOneDifference) {
    const SmallConfiguration before;
    const auto taught = teach(before.files(), TeachCode{"lab", "X", "", "CD4A"});
    ASSERT_TRUE(taught);
    const auto changes = difference(before.files(), *taught);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].what, "source");
    EXPECT_EQ(changes[1].what, "observation X");
    EXPECT_EQ(changes[1].where.text, "sources/lab.xml:12:3");
}

}  // namespace
}  // namespace labrelay::mapping
