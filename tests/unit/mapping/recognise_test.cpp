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
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), {2575, {}, {}}), lab);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), {2576, {}, {}}), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST", "LAB-29"), {2574, {}, {}}), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "EAST"), {2575, {}, {}}), nullptr);
    EXPECT_EQ(configuration->recognise(header("LAB", "WEST", "LAB-29"), {2575, {}, {}}), nullptr);
    EXPECT_EQ(configuration->recognise(header("lab", "EAST", "LAB-29"), {2575, {}, {}}), nullptr);
}

TEST(Recognise, OneOfSeveralLinesIsEnough) {
    SmallConfiguration files;
    files.replace("sources/lab.xml", "<recognise", "<recognise application=\"OLD\"/><recognise")
        .add("sources/two.xml", second_source("<recognise application=\"TWO\"/>"));
    const auto configuration = files.load().configuration;
    ASSERT_NE(configuration, nullptr);
    EXPECT_EQ(configuration->recognise(header("OLD", ""), {0, {}, {}}),
              configuration->source("lab"));
    EXPECT_EQ(configuration->recognise(header("LAB", "X"), {0, {}, {}}),
              configuration->source("lab"));
    EXPECT_EQ(configuration->recognise(header("TWO", "X"), {0, {}, {}}),
              configuration->source("two"));
    EXPECT_EQ(configuration->recognise(header("", ""), {0, {}, {}}), nullptr);
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
        {"<recognise peer=\"192.0.2.0/24\"/>", true},
        {"<recognise receiving-facility=\"X\"/>", true},
        {"<recognise application=\"LAB2\" peer=\"192.0.2.0/24\"/>", false},
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

TEST(Recognise, ByEveryAttributeOfTheHeaderAndOfTheWay) {
    struct Row {
        const char* attribute;
        hl7::Header fits;
        WayIn way;
    };
    hl7::Header receiver;
    receiver.receiving_application = "LABRELAY";
    receiver.receiving_facility = "TRIALS";
    const std::string digest(64, 'a');
    const std::string certificate = "certificate=\"" + digest + "\"";
    const Row kRows[] = {
        {"application=\"A\"", header("A", ""), {}},
        {"facility=\"F\"", header("", "F"), {}},
        {"receiving-application=\"LABRELAY\"", receiver, {}},
        {"receiving-facility=\"TRIALS\"", receiver, {}},
        {"profile=\"LAB-29\"", header("", "", "LAB-29"), {}},
        {"port=\"2600\"", {}, {2600, {}, {}}},
        {"peer=\"192.0.2.0/24\"", {}, {0, "192.0.2.9:40000", {}}},
        {certificate.c_str(), {}, {0, {}, digest}},
    };
    for (const Row& row : kRows) {
        SmallConfiguration files;
        files.replace("sources/lab.xml", "application=\"LAB\"", row.attribute);
        const auto configuration = files.load().configuration;
        ASSERT_NE(configuration, nullptr) << row.attribute;
        EXPECT_NE(configuration->recognise(row.fits, row.way), nullptr) << row.attribute;
        EXPECT_EQ(configuration->recognise({}, {}), nullptr) << row.attribute;
    }
}

TEST(Recognise, ACertificateIsReadAsOpensslPrintsIt) {
    std::string printed = "AB";
    std::string stored = "ab";
    for (int byte = 1; byte < 32; ++byte) {
        printed += ":0F";
        stored += "0f";
    }
    SmallConfiguration files;
    files.replace("sources/lab.xml", "application=\"LAB\"", "certificate=\"" + printed + "\"");
    const auto configuration = files.load().configuration;
    ASSERT_NE(configuration, nullptr);
    EXPECT_EQ(configuration->sources()[0].recognise[0].certificate, stored);
}

TEST(Recognise, WhatIsNoAddressOrNoDigestIsAnError) {
    for (const char* bad : {"peer=\"lab.example\"", "peer=\"192.0.2.7/24\"",
                            "peer=\"192.0.2.0/33\"", "peer=\"192.0.2.0/\"", "peer=\"[::1]\"",
                            "certificate=\"abcd\"", "certificate=\"xyz\"", "port=\"0\""}) {
        SmallConfiguration files;
        files.replace("sources/lab.xml", "application=\"LAB\"", bad);
        const Loaded loaded = files.load();
        ASSERT_FALSE(loaded.errors.empty()) << bad;
        EXPECT_EQ(loaded.errors[0].code, Code::attribute_bad) << bad;
        EXPECT_EQ(loaded.errors[0].place.text.rfind("sources/lab.xml:3:", 0), 0U) << bad;
    }
}

TEST(Recognise, WhatNoSourceFitsIsRejectedOrHeldAsTheIntakeFileSays) {
    SmallConfiguration without;
    EXPECT_EQ(without.load().configuration->unknown_source(), UnknownSource::reject);
    SmallConfiguration held;
    held.add("intake.xml", "<intake unknown-source=\"hold\"/>");
    EXPECT_EQ(held.load().configuration->unknown_source(), UnknownSource::hold);
    SmallConfiguration wrong;
    wrong.add("intake.xml", "<intake unknown-source=\"maybe\"/>");
    ASSERT_EQ(wrong.load().errors.size(), 1U);
    EXPECT_EQ(wrong.load().errors[0].code, Code::attribute_bad);
}

TEST(PeerRange, HoldsWhatItSays) {
    struct Row {
        const char* range;
        const char* peer;
        bool inside;
    };
    constexpr Row kRows[] = {
        {"192.0.2.7", "192.0.2.7:2575", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8:2575", false},
        {"192.0.2.0/24", "192.0.2.255:1", true},
        {"192.0.2.0/24", "192.0.3.0:1", false},
        {"192.0.2.128/25", "192.0.2.127:1", false},
        {"0.0.0.0/0", "203.0.113.9:1", true},
        {"0.0.0.0/0", "[2001:db8::1]:1", false},
        {"192.0.2.7", "[::ffff:192.0.2.7]:2575", true},
        {"2001:db8::/32", "[2001:db8:1::9]:2575", true},
        {"2001:db8::/33", "[2001:db8:8000::9]:2575", false},
        {"fe80::/10", "[fe80::1%eth0]:2575", true},
        {"::1", "::1", true},
        {"192.0.2.7", "inbox/a.hl7", false},
        {"192.0.2.7", "", false},
    };
    for (const Row& row : kRows) {
        const auto range = PeerRange::parse(row.range);
        ASSERT_TRUE(range) << row.range;
        EXPECT_EQ(range->contains(row.peer), row.inside) << row.range << " " << row.peer;
    }
}

TEST(PeerRange, OverlapsWhereOneHoldsTheOther) {
    const auto range = [](const char* text) { return *PeerRange::parse(text); };
    EXPECT_TRUE(range("192.0.2.0/24").overlaps(range("192.0.2.7")));
    EXPECT_TRUE(range("192.0.2.7").overlaps(range("192.0.2.0/24")));
    EXPECT_FALSE(range("192.0.2.0/25").overlaps(range("192.0.2.128/25")));
    EXPECT_FALSE(range("192.0.2.0/24").overlaps(range("2001:db8::/32")));
    EXPECT_TRUE(range("::/0").overlaps(range("192.0.2.7")));
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
