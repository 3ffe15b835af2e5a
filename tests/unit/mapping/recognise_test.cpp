#include <gtest/gtest.h>

#include <string>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

std::string second_source(const std::string& recognise) {
    return R"(<source id="two" version="1" zone="Asia/Shanghai" mode="off" laboratory="TWO">)" +
           recognise +
           R"(<patient from="PID-3.1" authority="MRN"/><collected from="OBR-7"/>
              <observation code="UREA" analyte="UREA"/></source>)";
}

hl7::Header header(std::string application, std::string facility, std::string profile = {}) {
    hl7::Header header;
    header.sending_application = std::move(application);
    header.sending_facility = std::move(facility);
    header.profile = std::move(profile);
    return header;
}

TEST(Recognise, EverySetAttributeMustFit) {
    SmallConfiguration files;
    files.replace("sources/lab.xml", "application=\"LAB\"",
                  "application=\"LAB\" facility=\"EAST\" profile=\"LAB-29\" port=\"2575\"");
    const auto configuration = files.load().configuration;
    ASSERT_NE(configuration, nullptr);
    const SourceDefinition* lab = configuration->source("lab");
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), 2575), lab);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), 2576), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), 2574), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST"), 2575), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "WEST", "LAB-29"), 2575), nullptr);
    EXPECT_EQ(configuration->recognise(header("lab", "EAST", "LAB-29"), 2575), nullptr);
}

TEST(Recognise, OneOfSeveralLinesIsEnough) {
    SmallConfiguration files;
    files.replace("sources/lab.xml", "<recognise", "<recognise application=\"OLD\"/><recognise")
        .add("sources/two.xml", second_source("<recognise application=\"TWO\"/>"));
    const auto configuration = files.load().configuration;
    ASSERT_NE(configuration, nullptr);
    EXPECT_EQ(configuration->recognise(header("OLD", ""), 0), configuration->source("lab"));
    EXPECT_EQ(configuration->recognise(header("LAB", "X"), 0), configuration->source("lab"));
    EXPECT_EQ(configuration->recognise(header("TWO", "X"), 0), configuration->source("two"));
    EXPECT_EQ(configuration->recognise(header("", ""), 0), nullptr);
}

TEST(Recognise, SourcesThatBothFitAMessageAreRefused) {
    struct Row {
        const char* second;
        bool overlap;
    };
    constexpr Row kRows[] = {
        {"<recognise application=\"LAB\"/>", true},
        {"<recognise application=\"LAB\" facility=\"EAST\"/>",
         true},                                    // the first takes any facility
        {"<recognise facility=\"EAST\"/>", true},  // and may come from this one
        {"<recognise port=\"2575\"/>", true},
        {"<recognise application=\"LAB2\"/>", false},
        {"<recognise application=\"LAB2\"/><recognise application=\"LAB\"/>", true},
    };
    for (const Row& row : kRows) {
        SmallConfiguration files;
        files.add("sources/two.xml", second_source(row.second));
        const Loaded loaded = files.load();
        EXPECT_EQ(loaded.configuration == nullptr, row.overlap) << row.second;
        if (row.overlap) {
            ASSERT_EQ(loaded.errors.size(), 1U) << row.second;
            EXPECT_EQ(loaded.errors[0].code, Code::sources_overlap);
            EXPECT_EQ(loaded.errors[0].place.text.rfind("sources/two.xml:1:", 0), 0U);
        }
    }
}

TEST(Closeness, PrefersWholeCodesThenLongerPrefixesThenNamedSystems) {
    // From the closest to the farthest for CD3+ of 99BD.
    const CodePattern kOrder[] = {{"CD3+", "99BD"}, {"CD3+", ""}, {"CD3+*", "99BD"}, {"CD3+*", ""},
                                  {"CD3*", "99BD"}, {"CD3*", ""}, {"*", "99BD"},     {"*", ""}};
    for (std::size_t i = 0; i + 1 < std::size(kOrder); ++i) {
        const auto closer = closeness(kOrder[i], "CD3+", "99BD");
        const auto farther = closeness(kOrder[i + 1], "CD3+", "99BD");
        ASSERT_TRUE(closer && farther) << i;
        EXPECT_GT(*closer, *farther) << i;
    }
}

TEST(Closeness, FitsNothingElse) {
    EXPECT_FALSE(closeness({"CD3+", "99BD"}, "CD3+", "L"));
    EXPECT_FALSE(closeness({"CD3+", ""}, "CD3+CD4+", ""));
    EXPECT_FALSE(closeness({"CD3+*", ""}, "CD3", ""));
    EXPECT_FALSE(closeness({"*备注*", ""}, "备注", ""));  // only the last asterisk matches a rest
    EXPECT_TRUE(closeness({"*备注*", ""}, "*备注* 溶血", ""));
    EXPECT_FALSE(closeness({"cd3+", ""}, "CD3+", ""));
}

}  // namespace
}  // namespace labrelay::mapping
