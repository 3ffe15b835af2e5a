#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace labrelay::mapping {
namespace {

namespace fs = std::filesystem;

const fs::path kMappings = fs::path(LABRELAY_SOURCE_DIR) / "mappings";

bool succeeds(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT: a fixed command
}

bool fits(const fs::path& file, const std::string& schema) {
    return succeeds("xmllint --noout --nonet --schema '" + (kMappings / schema).string() + "' '" +
                    file.string() + "'");
}

std::string schema_for(const fs::path& file) {
    if (file.filename() == "analytes.xml") {
        return "analytes.xsd";
    }
    if (file.filename() == "grades.xml") {
        return "grades.xsd";
    }
    if (file.filename() == "intake.xml") {
        return "intake.xsd";
    }
    return file.filename() == "study.xml" ? "study.xsd" : "source.xsd";
}

// The loader does not read the schemas; editors do. Every shipped file must please both.
TEST(Schema, EveryShippedFileFits) {
    if (!succeeds("xmllint --version")) {
        GTEST_SKIP() << "xmllint (libxml2-utils) is not installed";
    }
    std::size_t seen = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kMappings)) {
        if (entry.path().extension() == ".xml") {
            EXPECT_TRUE(fits(entry.path(), schema_for(entry.path()))) << entry.path();
            ++seen;
        }
    }
    EXPECT_GE(seen, 5U);
}

TEST(Schema, AWrongFileDoesNot) {
    if (!succeeds("xmllint --version")) {
        GTEST_SKIP() << "xmllint (libxml2-utils) is not installed";
    }
    EXPECT_FALSE(fits(kMappings / "sources" / "lis-qilu.xml", "study.xsd"));
}

}  // namespace
}  // namespace labrelay::mapping
