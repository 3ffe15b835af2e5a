// What a person to whom an analyte is closed sees of a message: that a line is there, whatever is
// in it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../mapping/small_configuration.hpp"
#include "labrelay/views/message_diff.hpp"
#include "labrelay/views/message_page.hpp"

namespace labrelay::views {
namespace {

constexpr std::string_view kHead =
    "MSH|^~\\&|LAB||||20260711||ORU^R01^ORU_R01|M1|P|2.5\rOBR|1||S1\r";

/// CD4 counts are closed to viewers.
std::shared_ptr<const mapping::Configuration> configuration() {
    mapping::SmallConfiguration files;
    files.replace("S1/study.xml", "<withdrawal",
                  R"(<blind analytes="CD4A" roles="viewer"/><withdrawal)");
    return files.load().configuration;
}

security::Principal person(security::Role role) {
    security::Principal who;
    who.account = 1;
    who.grants = {{role, "", ""}};
    return who;
}

/// One line, with what the store knows it as.
store::MessageDetail message_with(std::string_view line, std::string_view analyte) {
    store::MessageDetail detail;
    detail.source = "lab";
    detail.bytes = std::string(kHead) + std::string(line) + "\r";
    store::ObservationLine& observation = detail.observations.emplace_back();
    observation.ordinal = 1;
    observation.version.analyte = analyte;
    return detail;
}

class ClosedLines : public ::testing::Test {
protected:
    ClosedLines()
        : viewer_(person(security::Role::viewer)), manager_(person(security::Role::data_manager)) {}

    Sight sight_of(const security::Principal& who) const {
        return {who, security::Permission::messages_view, configuration_, study::Registry{}};
    }

    std::shared_ptr<const mapping::Configuration> configuration_ = configuration();
    security::Principal viewer_;
    security::Principal manager_;
};

TEST_F(ClosedLines, AreOneMarkWhateverTheyHold) {
    struct Row {
        std::string_view line;
        std::string_view analyte;
        std::string_view shown;
        std::string_view bytes;
    };
    constexpr Row kRows[] = {
        {"OBX|1|NM|CD4^^99||412|cells/uL|300-500|H|||F", "CD4A", "OBX|1|•••", "OBX|1|***"},
        // The type tells that it became a limit or a word.
        {"OBX|1|SN|CD4^^99||<^20|cells/uL|||||F", "CD4A", "OBX|1|•••", "OBX|1|***"},
        {"OBX|1|ST|CD4^^99||not done", "CD4A", "OBX|1|•••", "OBX|1|***"},
        {"OBX|1||CD4^^99", "CD4A", "OBX|1|•••", "OBX|1|***"},
        // Of what no mapping knows the code is shown.
        {"OBX|1|NM|NEW^^99||412|U|||||F", "", "OBX|1|•••|NEW^^99||•••|||F",
         "OBX|1|***|NEW^^99||***|||F"},
        {"OBX|1||NEW^^99||||||||F", "", "OBX|1|•••|NEW^^99||•••|||F", "OBX|1|***|NEW^^99||***|||F"},
        {"OBX|1|NM|UREA^^99||5.1|mmol/L|||||F", "UREA", "OBX|1|NM|UREA^^99||5.1|mmol/L|||||F",
         "OBX|1|NM|UREA^^99||5.1|mmol/L|||||F"},
        // A note may be about anything.
        {"NTE|1||CD4 was 412", "", "NTE|1||•••", "NTE|1||***"},
        {"NTE|1||", "", "NTE|1||•••", "NTE|1||***"},
    };
    const Sight closed = sight_of(viewer_);
    const Sight open = sight_of(manager_);
    for (const Row& row : kRows) {
        const store::MessageDetail detail = message_with(row.line, row.analyte);
        const ShownMessage shown(detail, closed, true);
        const std::string head(kHead);
        EXPECT_EQ(shown.raw(), head + std::string(row.shown) + "\r") << row.line;
        EXPECT_EQ(shown.bytes(), head + std::string(row.bytes) + "\r") << row.line;
        EXPECT_EQ(shown.segments().back()["text"], row.shown) << row.line;
        EXPECT_EQ(shown.lines().back().text, row.shown) << row.line;
        EXPECT_EQ(ShownMessage(detail, open, true).raw(), *detail.bytes) << row.line;
    }
}

TEST_F(ClosedLines, HaveTheirNumberAndOneFieldMore) {
    const store::MessageDetail number = message_with("OBX|1|NM|CD4^^99||412|cells/uL", "CD4A");
    const store::MessageDetail text = message_with("OBX|1|ST|CD4^^99||none|||||||||late", "CD4A");
    const Sight closed = sight_of(viewer_);
    const ShownMessage before(number, closed, true);
    const ShownMessage now(text, closed, true);
    const auto fields = now.segments().back()["fields"];
    ASSERT_EQ(fields.size(), 2U);
    EXPECT_EQ(fields[0]["text"], "1");
    EXPECT_EQ(fields[1]["text"], "•••");
    EXPECT_EQ(before.segments(), now.segments());
    EXPECT_EQ(diff_json(before, now).back()["kind"], "same");
}

TEST_F(ClosedLines, SayNothingByWhatWasFoundInThem) {
    struct Row {
        std::string_view line;
        std::string_view analyte;
        const char* place;
        bool kept_back;
    };
    constexpr Row kRows[] = {
        {"OBX|1|NM|CD4^^99||412", "CD4A", "OBX", true},
        {"OBX|1|NM|CD4^^99||412", "CD4A", "OBX-5.1", true},
        {"OBX|1|NM|CD4^^99||412", "CD4A", "OBX[2]-5", false},
        {"OBX|1|NM|CD4^^99||412", "CD4A", "OBR-3", false},
        {"OBX|1|NM|CD4^^99||412", "CD4A", "the specimen registry", false},
        {"OBX|1|NM|NEW^^99||412", "", "OBX-2", true},
        {"OBX|1|NM|NEW^^99||412", "", "OBX-3", false},
        {"OBX|1|NM|NEW^^99||412", "", "OBX-5", true},
        {"OBX|1|NM|UREA^^99||5", "UREA", "OBX-5", false},
        {"NTE|1||VL: 73731", "", "NTE-3", true},
    };
    const Sight closed = sight_of(viewer_);
    const Sight open = sight_of(manager_);
    for (const Row& row : kRows) {
        store::MessageDetail detail = message_with(row.line, row.analyte);
        const Place place{row.place, Place::kNoOffset};
        detail.lineage.findings.push_back(
            {Code::result_in_note, Severity::warning, place, {}, "VL: 73731"});
        const ShownMessage shown(detail, closed, true);
        EXPECT_EQ(shown.keeps_back(place), row.kept_back) << row.line << " " << row.place;
        EXPECT_EQ(message_json(detail, shown, closed)["findings"].empty(), row.kept_back)
            << row.line << " " << row.place;
        EXPECT_FALSE(ShownMessage(detail, open, true).keeps_back(place)) << row.place;
    }
}

}  // namespace
}  // namespace labrelay::views
