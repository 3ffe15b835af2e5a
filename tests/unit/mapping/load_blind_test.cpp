// <blind> lines of a study.xml: which analytes are closed to whom, and every error with its place.

#include <gtest/gtest.h>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

Loaded with_line(std::string_view line) {
    SmallConfiguration files;
    files.replace("S1/study.xml", "<withdrawal", std::string(line) + "<withdrawal");
    return files.load();
}

TEST(LoadBlind, ReadsAnalytesAndRolesOfEveryLine) {
    const Loaded loaded = with_line(
        R"(<blind analytes="CD4A CD4P" roles="viewer data-manager"/><blind analytes="UREA" roles="mapper"/>)");
    ASSERT_TRUE(loaded.errors.empty()) << describe(loaded.errors.front());
    const auto& blinds = loaded.configuration->rules().studies.at(0).blinds;
    ASSERT_EQ(blinds.size(), 2U);
    EXPECT_EQ(blinds[0].analytes, (std::vector<std::string>{"CD4A", "CD4P"}));
    EXPECT_EQ(blinds[0].roles, (std::vector<std::string>{"viewer", "data-manager"}));
    EXPECT_EQ(blinds[1].roles, std::vector<std::string>{"mapper"});
}

TEST(LoadBlind, EachErrorHasItsCodeAndColumn) {
    struct Row {
        std::string_view line;
        Code code;
        std::string_view column;  // of the study's line 10, where the text stands
    };
    constexpr Row kRows[] = {
        {R"(<blind analytes="CD4A CD4X" roles="viewer"/>)", Code::reference_unknown, "25"},
        {R"(<blind analytes="CD4A" roles="viewer manager"/>)", Code::reference_unknown, "40"},
        {R"(<blind roles="viewer"/>)", Code::attribute_missing, "3"},
        {R"(<blind analytes="CD4A"/>)", Code::attribute_missing, "3"},
        {R"(<blind analytes="CD4A" roles="viewer" site="QILU"/>)", Code::attribute_unknown, "41"},
    };
    for (const Row& row : kRows) {
        const Loaded loaded = with_line(row.line);
        ASSERT_EQ(loaded.errors.size(), 1U) << row.line;
        EXPECT_EQ(loaded.errors[0].code, row.code) << row.line;
        EXPECT_TRUE(loaded.errors[0].place.text.ends_with(":" + std::string(row.column)))
            << row.line << " " << loaded.errors[0].place.text;
    }
}

}  // namespace
}  // namespace labrelay::mapping
