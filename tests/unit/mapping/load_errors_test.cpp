#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "small_configuration.hpp"

namespace labrelay::mapping {
namespace {

constexpr std::string_view kCaret = "‸";

struct BadFile {
    const char* file;
    const char* from;
    const char* to;  ///< ‸ stands where the error is expected and is taken out
    Code code;
};

constexpr const char* kLab = "sources/lab.xml";
constexpr const char* kAna = "analytes.xml";
constexpr const char* kStu = "S1/study.xml";

// Every kind of error of every format, one a row: what of the small configuration is changed, where
// the error must stand, and its code.
constexpr BadFile kBadFiles[] = {
    // the XML itself
    {kLab, "</source>", "</‸sources>", Code::xml_malformed},
    {kLab, "<ignore", "‸text<ignore", Code::xml_malformed},
    {kLab, "<source", "<!DOCTYPE ‸source><source", Code::xml_malformed},
    {kLab, "</source>", "</source>‸<again/>", Code::xml_malformed},
    {kLab, "code=\"QC*\"", "code=\"QC*\" ‸code=\"Q\"", Code::xml_malformed},
    {kLab, "\"control\"", "\"a ‸< b\"", Code::xml_malformed},
    {kLab, "\"control\"", "\"a ‸& b\"", Code::xml_malformed},
    {kLab, "\"control\"", "\"a\" ‸\xff=\"b\"", Code::xml_malformed},
    // names
    {kLab, "<ignore code=\"QC*\" because=\"control\"/>", "‸<ignored/>", Code::element_unknown},
    {kLab, "<values>", "<values>‸<ignore/>", Code::element_unknown},
    {kLab, "because=", "‸becuase=\"x\" because=", Code::attribute_unknown},
    {kLab, "laboratory=", "‸labratory=\"x\" laboratory=", Code::attribute_unknown},
    {kAna, "</analytes>", "</‸analyte>", Code::xml_malformed},
    {kStu, "<site id", "<site ‸id2=\"x\" id", Code::attribute_unknown},
    // required things
    {kLab, "<source id=\"lab\" version=\"1\"", "‸<source id=\"lab\"", Code::attribute_missing},
    {kLab, "<ignore code=\"QC*\" because=\"control\"/>", "‸<ignore code=\"QC*\"/>",
     Code::attribute_missing},
    {kLab, "<ignore code=\"QC*\"", "<ignore code=\"‸\"", Code::attribute_bad},
    {kLab, "<recognise application=\"LAB\"/>", "‸<recognise/>", Code::attribute_missing},
    {kAna, "<plausible low=\"0\" high=\"5000\"/>", "‸<plausible/>", Code::attribute_missing},
    {kAna, "<unit spelling=\"mg/dL\" kind=\"ambiguous\"/>", "‸<unit spelling=\"mg/dL\"/>",
     Code::attribute_missing},
    {kAna, "<unit spelling=\"mg/dL\" kind", "‸<unit spelling=\"mg/dL\" factor=\"1\" kind",
     Code::attribute_missing},
    {kAna, "kind=\"not-a-quantity\"/>", "factor=\"2\"/>", Code::attribute_missing},
    {kLab, "analyte=\"UREA\"/>", "analyte=\"UREA\">‸<replicates system=\"L\"/></observation>",
     Code::attribute_missing},
    {kLab, "analyte=\"UREA\"/>", "analyte=\"UREA\"><replicates code=\"‸URE*\"/></observation>",
     Code::attribute_bad},
    {kLab, "analyte=\"UREA\"/>",
     "analyte=\"UREA\"><replicates code=\"T1\"/>‸<replicates code=\"T1\"/></observation>",
     Code::key_duplicate},
    {kLab, "analyte=\"UREA\"/>",
     "analyte=\"UREA\"><replicates code=\"T1\" ‸unit=\"x\"/></observation>",
     Code::attribute_unknown},
    {kLab, "<values>", "‸<declared/><values>", Code::attribute_missing},
    {kLab, "<values>", "‸<declared laboratory=\"L\" method=\"M\"/><values>",
     Code::attribute_missing},
    // forms of values
    {kLab, "version=\"1\"", "version=\"‸one\"", Code::attribute_bad},
    {kLab, "version=\"1\"", "version=\"‸0\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"‸alive\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" strict=\"‸true\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset=\"‸UTF-7\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset=\"‸UNICODE UTF-16\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset-fallback=\"‸UTF-7\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset-fallback=\"‸ASCII\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset-fallback=\"‸UNICODE UTF-8\"",
     Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" charset=\"8859/1\" charset-fallback=\"‸8859/15\"",
     Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" batch-reply=\"‸some\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" join-broken-lines=\"‸1\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" unknown-patient=\"‸drop\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" retention-days=\"‸-1\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" hl7-version=\"‸3.0\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" store-failure=\"‸accept\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" reply=\"‸elsewhere\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" sequence=\"‸1\"", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" answer-unreadable=\"‸AR\"", Code::attribute_bad},
    {kLab, "application=\"LAB\"", "port=\"‸70000\"", Code::attribute_bad},
    {kLab, "id=\"lab\"", "id=\"‸laboratory\"", Code::attribute_bad},
    {kLab, "on=\"2026-01-02\"", "on=\"‸2026-02-30\"", Code::attribute_bad},
    {kLab, "on=\"2026-01-02\"", "on=\"‸2026-01\"", Code::attribute_bad},
    {kLab, "code=\"UREA\"", "code=\"‸UREA \"", Code::attribute_bad},
    {kLab, "means=\"M\"", "means=\"‸male\"", Code::attribute_bad},
    {kLab, "kind=\"not_detected\"", "kind=\"‸not-detected\"", Code::attribute_bad},
    {kLab, "<word text=\"none\" kind=\"not_detected\"", "‸<word text=\"none\" kind=\"qualitative\"",
     Code::attribute_missing},
    {kLab, "<word text=\"none\"", "‸<word canonical=\"NEG\" text=\"none\"",
     Code::attribute_missing},
    {kLab, "<values>", "<values comma=\"‸point\">", Code::attribute_bad},
    {kLab, "<ignore", "<below means=\"‸nothing\"/><ignore", Code::attribute_bad},
    {kLab, "<ignore", "<zero means=\"‸zero\"/><ignore", Code::attribute_bad},
    {kLab, "mode=\"live\"", "mode=\"live\" believes-loinc=\"‸never\"", Code::attribute_bad},
    {kLab, "<values>", "<values>‸<flag text=\"RR\" kind=\"qualitative\"/>",
     Code::attribute_missing},
    {kLab, "<observation code=\"UREA\"", "‸<observation copies-per-iu=\"0.35\" code=\"UREA\"",
     Code::attribute_missing},
    {kLab, "<observation code=\"UREA\"", "‸<observation factor-from=\"insert\" code=\"UREA\"",
     Code::attribute_missing},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" factor-from=\"x\" copies-per-iu=\"‸0.35\"",
     Code::attribute_bad},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" factor-from=\"x\" copies-per-iu=\"‸0\"",
     Code::attribute_bad},
    {kAna, "key=\"UREA\"", "key=\"UREA\" zero=\"‸held\"", Code::attribute_bad},
    {kLab, "<sex from", "<birth-date from=\"PID-7\" placeholders=\"19000101 ‸1900-13\"/><sex from",
     Code::attribute_bad},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" lloq=\"‸2,5\"", Code::attribute_bad},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" lloq=\"‸5\" uloq=\"5\"", Code::attribute_bad},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" from=\"2026-02-01\" until=\"‸2026-01-01\"",
     Code::attribute_bad},
    {kLab, "when-unit=\"cells/uL\"", "when-unit=\"cells/uL | ‸\"", Code::attribute_bad},
    // entities and wide characters before the place count as what they look like
    {kLab, "code=\"UREA\" system=\"99\" analyte=\"UREA\"",
     "code=\"尿素\" system=\"99\" analyte=\"UREA\" spelled=\"&lt;&#x4E2D;mM> | ‸| &amp;\"",
     Code::attribute_bad},
    {kAna, "factor=\"1000\"", "factor=\"‸0\"", Code::attribute_bad},
    {kAna, "factor=\"1000\"", "factor=\"‸x1000\"", Code::attribute_bad},
    {kAna, "kind=\"ambiguous\"", "kind=\"‸unclear\"", Code::attribute_bad},
    {kAna, "loinc=\"8123-2\"", "loinc=\"‸8123-3\"", Code::attribute_bad},
    {kAna, "low=\"313\"", "low=\"‸1362\"", Code::attribute_bad},
    {kAna, "sex=\"F\"", "sex=\"‸W\"", Code::attribute_bad},
    {kStu, "target=\"30\"", "target=\"‸38\"", Code::attribute_bad},
    {kStu, "target=\"30\"", "target=\"‸30.5\"", Code::attribute_bad},
    {kStu, "anchor=\"first-infusion\"", "anchor=\"‸infusion\"", Code::attribute_bad},
    {kStu, "before=\"first\"", "before=\"‸1\"", Code::attribute_bad},
    {kStu, "id=\"S1\"", "id=\"‸S2\"", Code::attribute_bad},
    // keys
    {kAna, "key=\"CD4P\"", "key=\"‸CD4A\"", Code::key_duplicate},
    {kAna, "loinc=\"8123-2\"", "loinc=\"‸24467-3\"", Code::key_duplicate},
    {kAna, "spelling=\"10*9/L\"", "spelling=\"10*9/L | ‸/mm3\"", Code::key_duplicate},
    {kAna, "<reference sex=\"F\"", "‸<reference", Code::key_duplicate},
    {kLab, "<collected", "<collected from=\"OBR-7\"/>‸<collected", Code::key_duplicate},
    {kLab, "<word text=\"M\"", "<word text=\"M\" means=\"M\"/><word text=\"‸M\"",
     Code::key_duplicate},
    {kLab, "<word text=\"none\"", "<word text=\"none\" kind=\"detected\"/><word text=\"‸none\"",
     Code::key_duplicate},
    {kLab, "<values>",
     "<values><flag text=\"RR\" kind=\"detected\"/><flag text=\"‸RR\" kind=\"no_result\"/>",
     Code::key_duplicate},
    {kLab, "<ignore", "<ignore code=\"QC*\" because=\"x\"/>‸<ignore", Code::key_duplicate},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" spelled=\"mM | ‸mM\"", Code::key_duplicate},
    {kStu, "id=\"chemistry\"", "id=\"‸subsets\"", Code::key_duplicate},
    {kStu, "analytes=\"UREA\"", "analytes=\"UREA ‸CD4A\"", Code::key_duplicate},
    {kStu, "panels=\"subsets chemistry\"", "panels=\"subsets ‸subsets\"", Code::key_duplicate},
    {kStu, "id=\"M1\"", "id=\"‸M0\"", Code::key_duplicate},
    {kStu, "<authority", "<accept source=\"‸lab\"/><authority", Code::key_duplicate},
    // references
    {kLab, "Asia/Shanghai", "‸Asia/Shanghia", Code::reference_unknown},
    {kLab, "analyte=\"UREA\"", "analyte=\"‸URAE\"", Code::reference_unknown},
    {kLab, "when-unit=\"cells/uL\"", "when-unit=\"/mm3 | ‸cell/uL\"", Code::reference_unknown},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" assume-unit=\"‸g\"", Code::reference_unknown},
    {kLab, "analyte=\"UREA\"", "analyte=\"UREA\" loinc=\"3094-0 ‸8123-2\"",
     Code::reference_unknown},
    {kLab, "analyte=\"UREA\"/>", "analyte=\"UREA\"><unit spelling=\"x\" as=\"‸y\"/></observation>",
     Code::reference_unknown},
    {kAna, "units=\"cells\"", "units=\"‸cell\"", Code::reference_unknown},
    {kStu, "Asia/Shanghai", "‸Shanghai", Code::reference_unknown},
    {kStu, "source=\"lab\"", "source=\"‸lab2\"", Code::reference_unknown},
    {kStu, "name=\"MRN\"", "name=\"‸MRM\"", Code::reference_unknown},
    {kStu, "CD4A CD4P", "CD4A ‸CD4", Code::reference_unknown},
    {kStu, "panels=\"subsets chemistry\"", "panels=\"subsets ‸chemstry\"", Code::reference_unknown},
    // paths: the place is where the path goes wrong
    {kLab, "OBR-7", "OBR-‸0", Code::path_bad},
    {kLab, "PID-8", "‸pid-8", Code::path_bad},
    {kLab, "SPM-2.1 | OBR-3.1", "SPM-2.1 | OBR-‸0.1", Code::path_bad},
    // units of a source
    {kLab, "analyte=\"UREA\"/>", "analyte=\"UREA\">‸<unit spelling=\"mg%\"/></observation>",
     Code::attribute_missing},
    {kLab, "analyte=\"UREA\"/>",
     "analyte=\"UREA\">‸<unit spelling=\"mg%\" factor=\"2\"/></observation>",
     Code::attribute_missing},
    {kLab, "analyte=\"UREA\"/>", "analyte=\"RPR\" spelled=\"‸titre\"/>", Code::attribute_bad},
    // lines and sources that cannot be told apart
    {kLab, "<observation code=\"CD4\" system=\"99\" analyte=\"CD4P\" when-unit=\"%\"/>",
     "‸<observation code=\"CD4\" system=\"99\" analyte=\"CD4P\"/>", Code::lines_ambiguous},
    {kLab, "<observation code=\"UREA\"",
     "<observation code=\"UREA\" system=\"99\" analyte=\"UREA\" "
     "until=\"2026-03-01\"/>‸<observation from=\"2026-03-01\" code=\"UREA\"",
     Code::lines_ambiguous},
    {kLab, "<ignore code=\"QC*\"", "‸<ignore system=\"99\" code=\"UREA\"", Code::lines_ambiguous},
    // approval and identifiers
    {kLab, "<approval by=\"A. Person\" on=\"2026-01-02\"/>", "", Code::element_missing},
    {kLab, "<specimen from=\"SPM-2.1 | OBR-3.1\" authority=\"ACC\"/>", "", Code::none},
    // windows
    {kStu, "from=\"23\"", "from=\"0\"", Code::windows_overlap},
};

/// Line and column of the caret, counted independently of the loader.
std::string line_and_column(std::string_view before) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (const char c : before) {
        const bool starts_character = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        line += c == '\n' ? 1 : 0;
        column = c == '\n' ? 1 : column + (starts_character ? 1 : 0);
    }
    return std::to_string(line) + ":" + std::to_string(column);
}

TEST(LoadErrors, TheSmallConfigurationHasNone) {
    const Loaded loaded = SmallConfiguration().load();
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    EXPECT_TRUE(loaded.warnings.empty());
    EXPECT_NE(loaded.configuration, nullptr);
}

TEST(LoadErrors, EachHasItsCodeAndPlace) {
    for (const BadFile& row : kBadFiles) {
        SmallConfiguration files;
        files.replace(row.file, row.from, row.to);
        std::string& bytes = files.bytes_of(row.file);
        std::string place;
        if (const std::size_t at = bytes.find(kCaret); at != std::string::npos) {
            place = std::string(row.file) + ":" + line_and_column(bytes.substr(0, at));
            bytes.erase(at, kCaret.size());
        }
        const Loaded loaded = files.load();
        if (row.code == Code::none) {
            EXPECT_TRUE(loaded.errors.empty()) << row.to;
            continue;
        }
        EXPECT_EQ(loaded.configuration, nullptr) << row.to;
        bool found = false;
        std::string seen;
        for (const Finding& error : loaded.errors) {
            found |= error.code == row.code && (place.empty() || error.place.text == place);
            seen += describe(error) + "\n";
        }
        EXPECT_TRUE(found) << row.to << "\nexpected " << key(row.code) << " at " << place << "\n"
                           << seen;
    }
}

TEST(LoadErrors, AFallbackThatIsNeverUsedIsToldHowItWouldBe) {
    const auto said = [](const char* attributes) {
        SmallConfiguration files;
        files.replace(kLab, "mode=\"live\"", std::string("mode=\"live\" ") + attributes);
        const auto errors = files.load().errors;
        return errors.size() == 1 ? describe(errors[0]) : std::to_string(errors.size());
    };
    EXPECT_THAT(said("charset=\"8859/1\" charset-fallback=\"UNICODE UTF-8\""),
                ::testing::HasSubstr("Did you mean charset=\"UNICODE UTF-8\" with "
                                     "charset-fallback=\"8859/1\"?"));
    EXPECT_THAT(said("charset-fallback=\"UNICODE UTF-8\""), ::testing::HasSubstr("Leave it out."));
    // One error is enough where the first set is no set at all.
    EXPECT_THAT(said("charset=\"x\" charset-fallback=\"ASCII\""), ::testing::HasSubstr("\"x\""));
}

TEST(LoadErrors, AllComeAtOnceInTheOrderOfTheFiles) {
    SmallConfiguration files;
    files.replace(kStu, "source=\"lab\"", "source=\"lob\"")
        .replace(kLab, "OBR-7", "OBR-x")
        .replace(kLab, "because=", "becuase=")
        .replace(kLab, "code=\"UREA\"", "kode=\"UREA\"")
        .replace(kAna, "factor=\"1000\"", "factor=\"many\"");
    std::vector<std::pair<std::string, Code>> seen;
    for (const Finding& error : files.load().errors) {
        seen.emplace_back(error.place.text, error.code);
    }
    const std::vector<std::pair<std::string, Code>> expected = {
        {"S1/study.xml:3:19", Code::reference_unknown},
        {"S1/study.xml:4:20", Code::reference_unknown},  // the authority of no accepted source
        {"analytes.xml:4:37", Code::attribute_bad},
        {"sources/lab.xml:6:24", Code::path_bad},
        {"sources/lab.xml:11:3", Code::attribute_missing},
        {"sources/lab.xml:11:16", Code::attribute_unknown},
        {"sources/lab.xml:12:3", Code::attribute_missing},
        {"sources/lab.xml:12:22", Code::attribute_unknown},
    };
    EXPECT_EQ(seen, expected);
}

TEST(LoadErrors, LinesEndingInCrLfAreTheSameLines) {
    SmallConfiguration files;
    std::string& bytes = files.bytes_of(kLab);
    for (std::size_t at = 0; (at = bytes.find('\n', at)) != std::string::npos; at += 2) {
        bytes.replace(at, 1, "\r\n");
    }
    EXPECT_TRUE(files.load().errors.empty());
    files.replace(kLab, "OBR-7", "OBR-0");
    const Loaded loaded = files.load();
    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_EQ(loaded.errors[0].place.text, "sources/lab.xml:6:24");
}

TEST(LoadErrors, SuggestWhatIsNear) {
    struct Row {
        const char* from;
        const char* to;
        const char* suggestion;
    };
    constexpr Row kRows[] = {
        {"<ignore", "<ignroe", "\"ignore\""},
        {"because=", "becuase=", "\"because\""},
        {"analyte=\"UREA\"", "analyte=\"urea\"", "\"UREA\""},
        {"analyte=\"UREA\"", "analyte=\"CD4\"", "CD4A or CD4P"},  // by its aliases
        {"when-unit=\"cells/uL\"", "when-unit=\"cels/uL\"", "\"cells/uL\""},
        {"mode=\"live\"", "mode=\"life\"", "\"live\""},
    };
    for (const Row& row : kRows) {
        const Loaded loaded = SmallConfiguration().replace(kLab, row.from, row.to).load();
        const auto suggests = [&](const Finding& error) {
            return error.detail.find(row.suggestion) != std::string::npos;
        };
        EXPECT_TRUE(std::any_of(loaded.errors.begin(), loaded.errors.end(), suggests)) << row.to;
    }
}

TEST(LoadErrors, NothingFarIsSuggested) {
    const Loaded loaded =
        SmallConfiguration().replace(kLab, "analyte=\"UREA\"", "analyte=\"FERRITIN\"").load();
    ASSERT_FALSE(loaded.errors.empty());
    EXPECT_EQ(loaded.errors[0].detail.find("Did you mean"), std::string::npos);
}

TEST(LoadErrors, TheCatalogueMustBeThere) {
    const Loaded loaded = SmallConfiguration().remove(kAna).load();
    ASSERT_FALSE(loaded.errors.empty());
    EXPECT_EQ(loaded.errors[0].code, Code::file_unreadable);
    EXPECT_EQ(loaded.errors[0].place.text, "analytes.xml");
}

TEST(LoadErrors, ADirectoryThatIsNotThereIsAnError) {
    const Loaded loaded = load_configuration(std::filesystem::path("/nonexistent/mappings"));
    ASSERT_FALSE(loaded.errors.empty());
    EXPECT_EQ(loaded.errors[0].code, Code::file_unreadable);
    EXPECT_EQ(loaded.configuration, nullptr);
}

TEST(LoadErrors, DeepNestingIsRefused) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    for (int i = 0; i < 100'000; ++i) {
        deep += "</a>";
    }
    const Loaded loaded = SmallConfiguration().replace(kLab, "<ignore", deep + "<ignore").load();
    EXPECT_EQ(loaded.configuration, nullptr);
    ASSERT_FALSE(loaded.errors.empty());
}

}  // namespace
}  // namespace labrelay::mapping
