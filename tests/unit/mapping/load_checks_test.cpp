// <check> lines of a study.xml and the ages of reference ranges: what they become, and every error
// with its place.

#include <gtest/gtest.h>

#include <string>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

using study::CheckDefinition;

constexpr std::string_view kCaret = "‸";

Loaded with_checks(std::string_view lines) {
    SmallConfiguration files;
    files.replace("S1/study.xml", "<withdrawal", std::string(lines) + "<withdrawal");
    return files.load();
}

TEST(LoadChecks, ReadWhatTheLineSays) {
    const Loaded loaded = with_checks(
        R"(<check id="P1" kind="sum" parts="CD4A" whole="CD4P" severity="note" tolerance="1" says="No."
                  sources="lab" members="draw"><step severity="hold" tolerance="2" tolerance-percent="5"/></check>
           <check id="D1" kind="delta" parts="UREA" severity="flag" tolerance-percent="50" within-days="7"/>
           <check id="V1" kind="plausible" severity="hold"/>)");
    // CD4A is in /uL, CD4P in %: they cannot be added.
    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_EQ(loaded.errors[0].code, Code::attribute_bad);

    const Loaded fine = with_checks(
        R"(<check id="P1" kind="sum" parts="CD4A" total="7" severity="note" tolerance="1" says="No."
                  sources="lab" members="draw"><step severity="hold" tolerance="2" tolerance-percent="5"/></check>
           <check id="D1" kind="delta" parts="UREA" severity="flag" tolerance-percent="50" within-days="7"/>
           <check id="V1" kind="plausible" severity="hold"/>)");
    for (const Finding& error : fine.errors) {
        ADD_FAILURE() << describe(error);
    }
    ASSERT_NE(fine.configuration, nullptr);
    const auto checks = fine.configuration->rules().studies[0].checks.all();
    ASSERT_EQ(checks.size(), 3U);
    const CheckDefinition& sum = checks[0];
    EXPECT_EQ(sum.id, "P1");
    EXPECT_EQ(sum.kind, study::CheckKind::sum);
    EXPECT_EQ(sum.sentence, "No.");
    EXPECT_EQ(sum.sources, std::vector<std::string>{"lab"});
    EXPECT_TRUE(sum.whole_draw);
    EXPECT_EQ(sum.total, Decimal(7, 0));
    ASSERT_EQ(sum.steps.size(), 2U);
    EXPECT_EQ(sum.steps[0].severity, Severity::note);
    EXPECT_EQ(sum.steps[0].tolerance, Decimal(1, 0));
    EXPECT_EQ(sum.steps[1].severity, Severity::hold);
    EXPECT_EQ(sum.steps[1].percent, Decimal(5, 0));
    EXPECT_EQ(checks[1].within_days, 7);
    EXPECT_EQ(checks[1].steps[0].percent, Decimal(50, 0));
    // Without a sentence of its own a check says its kind's.
    EXPECT_EQ(checks[2].sentence, study::info(study::CheckKind::plausible).text);
}

TEST(LoadChecks, ValuesAreBroughtToTheFirstPartsUnit) {
    SmallConfiguration files;
    files
        .replace("analytes.xml", "<analyte key=\"UREA\"",
                 "<analyte key=\"LYM\" name=\"Lymphocytes\" unit=\"10*9/L\"/><analyte key=\"UREA\"")
        .replace("S1/study.xml", "CD4A CD4P", "CD4A CD4P LYM")
        .replace(
            "S1/study.xml", "<withdrawal",
            R"(<check id="P7" kind="ascending" parts="CD4A LYM" severity="flag"/><withdrawal)");
    const Loaded loaded = files.load();
    ASSERT_NE(loaded.configuration, nullptr);
    const auto& parts = loaded.configuration->rules().studies[0].checks.all()[0].parts;
    EXPECT_EQ(parts[0].factor, Decimal(1, 0));
    EXPECT_EQ(parts[1].factor, Decimal(1000, 0));
}

struct BadCheck {
    const char* line;  ///< ‸ stands where the error is expected and is taken out
    Code code;
};

constexpr BadCheck kBadChecks[] = {
    {R"(‸<check kind="critical" severity="flag"/>)", Code::attribute_missing},
    {R"(‸<check id="V" severity="flag"/>)", Code::attribute_missing},
    {R"(‸<check id="V" kind="critical"/>)", Code::attribute_missing},
    {R"(<check id="V" kind="‸critcal" severity="flag"/>)", Code::attribute_bad},
    {R"(<check id="V" kind="critical" severity="‸warning"/>)", Code::attribute_bad},
    {R"(<check id="V" kind="critical" severity="‸hold"/>)", Code::attribute_bad},
    {R"(<check id="V" kind="critical" severity="flag" says="‸"/>)", Code::attribute_bad},
    {R"(<check id="V" kind="critical" severity="flag" ‸tolerance="1"/>)", Code::attribute_unknown},
    {R"(<check id="V" kind="critical" severity="flag">‸<step severity="hold"/></check>)",
     Code::element_unknown},
    {R"(<check id="V" kind="critical" severity="flag">‸<when analyte="UREA" above="1"/></check>)",
     Code::element_unknown},
    {R"(<check id="V" kind="critical" severity="flag"/><check id="‸V" kind="flag" severity="flag"/>)",
     Code::key_duplicate},
    {R"(<check id="V" kind="critical" parts="UREA ‸UERA" severity="flag"/>)",
     Code::reference_unknown},
    {R"(<check id="V" kind="critical" parts="UREA ‸UREA" severity="flag"/>)", Code::key_duplicate},
    {R"(<check id="V" kind="critical" parts="‸RPR" severity="flag"/>)", Code::reference_unknown},
    {R"(<check id="V" kind="critical" sources="lab ‸lob" severity="flag"/>)",
     Code::reference_unknown},
    {R"(<check id="V" kind="critical" except="‸lob" severity="flag"/>)", Code::reference_unknown},
    {R"(‸<check id="P" kind="sum" whole="CD4A" severity="flag"/>)", Code::attribute_missing},
    {R"(‸<check id="P" kind="sum" parts="CD4A" severity="flag"/>)", Code::attribute_missing},
    {R"(‸<check id="P" kind="sum" parts="CD4A" whole="CD4A" total="1" severity="flag"/>)",
     Code::attribute_missing},
    {R"(<check id="P" kind="sum" parts="CD4A" total="‸many" severity="flag"/>)",
     Code::attribute_bad},
    {R"(<check id="P" kind="ratio" parts="‸CD4A" whole="CD4P" severity="flag"/>)",
     Code::attribute_bad},
    {R"(<check id="P" kind="share" parts="CD4A" percents="‸CD4P UREA" whole="CD4A" severity="flag"/>)",
     Code::attribute_bad},
    {R"(‸<check id="P" kind="at-most" parts="CD4A" whole="UREA" severity="flag"/>)",
     Code::attribute_bad},
    {R"(‸<check id="P" kind="balance" parts="CD4A CD4P" severity="flag"/>)",
     Code::attribute_missing},
    {R"(<check id="P" kind="balance" parts="CD4A CD4P" low="‸3" high="2" severity="flag"/>)",
     Code::attribute_bad},
    {R"(‸<check id="P" kind="pattern" severity="flag"/>)", Code::element_missing},
    {R"(<check id="P" kind="pattern" severity="flag">‸<when analyte="UREA"/></check>)",
     Code::attribute_missing},
    {R"(<check id="P" kind="pattern" severity="flag">‸<when analyte="UREA" above="1" below="0"/></check>)",
     Code::attribute_missing},
    {R"(<check id="P" kind="egfr" parts="UREA" whole="CD4A" equation="‸mdrd" tolerance="2" severity="flag"/>)",
     Code::attribute_bad},
    {R"(<check id="P" kind="duplicates" severity="hold" members="‸visit"/>)", Code::attribute_bad},
    {R"(‸<check id="D" kind="delta" parts="UREA" severity="flag"/>)", Code::attribute_missing},
    {R"(<check id="D" kind="delta" parts="UREA" tolerance="1" within-days="‸0" severity="flag"/>)",
     Code::attribute_bad},
    {R"(<check id="D" kind="delta" parts="UREA" tolerance="1" severity="flag"><step severity="‸note" tolerance="2"/></check>)",
     Code::attribute_bad},
    {R"(<check id="D" kind="delta" parts="UREA" tolerance="1" severity="flag"><step severity="hold" tolerance="‸1"/></check>)",
     Code::attribute_bad},
    {R"(<check id="D" kind="delta" parts="UREA" tolerance="1" severity="flag">‸<step severity="hold"/></check>)",
     Code::attribute_missing},
    {R"(<check id="V" kind="sex-bound" parts="UREA" sex="‸W" severity="hold"/>)",
     Code::attribute_bad},
};

/// Line and column of a byte, counted independently of the loader.
std::string line_and_column(std::string_view before) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (const char c : before) {
        line += c == '\n' ? 1 : 0;
        column = c == '\n' ? 1 : column + 1;
    }
    return std::to_string(line) + ":" + std::to_string(column);
}

TEST(LoadChecks, EachErrorHasItsCodeAndPlace) {
    for (const BadCheck& row : kBadChecks) {
        SmallConfiguration files;
        files.replace("S1/study.xml", "<withdrawal", std::string(row.line) + "<withdrawal");
        std::string& bytes = files.bytes_of("S1/study.xml");
        const std::size_t at = bytes.find(kCaret);
        ASSERT_NE(at, std::string::npos) << row.line;
        const std::string place = "S1/study.xml:" + line_and_column(bytes.substr(0, at));
        bytes.erase(at, kCaret.size());
        std::string seen;
        bool found = false;
        for (const Finding& error : files.load().errors) {
            found |= error.code == row.code && error.place.text == place;
            seen += describe(error) + "\n";
        }
        EXPECT_TRUE(found) << row.line << "\nexpected " << key(row.code) << " at " << place << "\n"
                           << seen;
    }
}

TEST(LoadChecks, AWrongKindIsSuggestedAndAloneInItsErrors) {
    const Loaded loaded = with_checks(
        R"(<check id="P1" kind="sums" parts="CD4A" total="7" severity="note" tolerance="1"/>)");
    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_NE(loaded.errors[0].detail.find("\"sum\""), std::string::npos)
        << loaded.errors[0].detail;
}

TEST(LoadAges, OfReferenceRanges) {
    struct Row {
        const char* ranges;
        Code code;
    };
    const Row rows[] = {
        {R"(<reference age-until="17" high="1"/><reference age-from="18" high="2"/>)", Code::none},
        {R"(<reference sex="M" age-until="17" high="1"/><reference sex="F" high="2"/>)",
         Code::none},
        {R"(<reference age-until="18" high="1"/><reference age-from="18" high="2"/>)",
         Code::key_duplicate},
        {R"(<reference sex="M" high="1"/><reference age-from="18" high="2"/>)",
         Code::key_duplicate},
        {R"(<reference age-from="18" age-until="17" high="1"/>)", Code::attribute_bad},
        {R"(<reference age-from="-1" high="1"/>)", Code::attribute_bad},
        {R"(<reference age-from="1.5" high="1"/>)", Code::attribute_bad},
    };
    for (const Row& row : rows) {
        SmallConfiguration files;
        files.replace("analytes.xml", "<critical high=\"37.1\"/>",
                      std::string(row.ranges) + "<critical high=\"37.1\"/>");
        const Loaded loaded = files.load();
        if (row.code == Code::none) {
            EXPECT_TRUE(loaded.errors.empty()) << row.ranges;
        } else {
            ASSERT_FALSE(loaded.errors.empty()) << row.ranges;
            EXPECT_EQ(loaded.errors[0].code, row.code) << row.ranges;
        }
    }
}

}  // namespace
}  // namespace labrelay::mapping
