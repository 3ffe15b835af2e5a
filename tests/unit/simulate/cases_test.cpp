// The golden cases themselves are run by `labrelay test`; here stands what must be true of them as
// files.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "labrelay/core/error_catalogue.hpp"

namespace labrelay::simulate {
namespace {

namespace fs = std::filesystem;

const fs::path kMappings = fs::path(LABRELAY_SOURCE_DIR) / "mappings";

struct Case {
    std::vector<std::string> messages;
    std::string first_line;
};

std::string bytes_of(const fs::path& file) {
    std::string bytes(fs::file_size(file), '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

bool holds_cases(const fs::path& folder) {
    return folder.filename() == "cases" || folder.extension() == ".cases";
}

std::map<std::string, Case> all_cases() {
    std::map<std::string, Case> cases;
    for (const auto& entry : fs::recursive_directory_iterator(kMappings)) {
        const fs::path& file = entry.path();
        if (!entry.is_regular_file() || !holds_cases(file.parent_path())) {
            continue;
        }
        const std::string name = (file.parent_path() / file.stem().stem()).string();
        if (file.extension() == ".hl7") {
            cases[name].messages.push_back(file.string());
        } else if (file.extension() == ".expected") {
            const std::string text = bytes_of(file);
            cases[name].first_line = text.substr(0, text.find('\n'));
        }
    }
    return cases;
}

/// The rules that first lines name: `held unknown-unit OBX[2]` -> unknown-unit.
std::set<std::string> rules_named(const std::map<std::string, Case>& cases) {
    static const std::regex kRule("(?:held|ignored|notice|refused A[ER]|silent) ([a-z0-9-]+)");
    std::set<std::string> rules;
    for (const auto& [name, golden] : cases) {
        for (std::sregex_iterator found(golden.first_line.begin(), golden.first_line.end(), kRule);
             found != std::sregex_iterator(); ++found) {
            rules.insert((*found)[1].str());
        }
    }
    return rules;
}

TEST(Cases, EachHasItsMessagesAndAFirstLine) {
    const auto cases = all_cases();
    ASSERT_GE(cases.size(), 120U);
    for (const auto& [name, golden] : cases) {
        EXPECT_FALSE(golden.first_line.empty()) << name;
        ASSERT_FALSE(golden.messages.empty()) << name;
        if (golden.messages.size() == 1) {
            EXPECT_EQ(golden.messages.front(), name + ".hl7");
            continue;
        }
        for (std::size_t i = 1; i <= golden.messages.size(); ++i) {
            EXPECT_TRUE(fs::exists(name + "." + std::to_string(i) + ".hl7")) << name << ' ' << i;
        }
    }
}

TEST(Cases, FirstLinesAreOfTheFormThatTheReadmeSays) {
    static const std::regex kClause(
        "stored [A-Z0-9]+ .+ (at [A-Z0-9]+|unscheduled|as history) for [A-Z]+-[0-9]+"
        "|(held|ignored) [a-z0-9-]+ OBX(\\[[0-9]+\\])?"
        "|refused A[ER] [a-z0-9-]+|duplicate|silent ack-received"
        "|learned \\S+ of \\S+ for [A-Z]+-[0-9]+( drawn [0-9+]+)?"
        "|notice [a-z0-9-]+( for [A-Z]+-[0-9]+)?|nothing");
    for (const auto& [name, golden] : all_cases()) {
        const std::string line = golden.first_line + ", ";
        for (std::size_t begin = 0; begin < line.size();) {
            const std::size_t end = line.find(", ", begin);
            EXPECT_TRUE(std::regex_match(line.substr(begin, end - begin), kClause))
                << name << ": " << line.substr(begin, end - begin);
            begin = end + 2;
        }
    }
}

TEST(Cases, MessagesAreWrittenAsTheyAreSent) {
    for (const auto& [name, golden] : all_cases()) {
        for (const std::string& message : golden.messages) {
            const std::string bytes = bytes_of(message);
            EXPECT_EQ(bytes.back(), '\r') << message;
            EXPECT_EQ(bytes.find('\v'), std::string::npos) << message;
            const bool hides_a_segment = name.ends_with("/hidden-segment");
            EXPECT_EQ(bytes.find('\n') != std::string::npos, hides_a_segment) << message;
        }
    }
}

TEST(Cases, EachRuleThatJudgesAnObservationOrAMessageHasOne) {
    // Not the end of one message on an empty store: seen at the socket, in the configuration, by
    // the units command, by a person, only noted beside a stored value, or needing another
    // configuration or a delivery.
    static const std::set<std::string> kElsewhere{"frame-truncated",
                                                  "text-withheld",
                                                  "post-lock-correction",
                                                  "lock-state",
                                                  "lock-outstanding",
                                                  "signature-missing",
                                                  "post-lock-state",
                                                  "post-lock-follows",
                                                  "released-from-freeze",
                                                  "missing-there",
                                                  "extra-there",
                                                  "differs-there",
                                                  "never-arrived",
                                                  "header-differs",
                                                  "listed-twice",
                                                  "list-differs",
                                                  "frame-too-large",
                                                  "frame-timeout",
                                                  "stray-bytes",
                                                  "charset-not-on-mllp",
                                                  "message-empty",
                                                  "too-many-segments",
                                                  "ack-condition-unknown",
                                                  "sequence-gap",
                                                  "sequence-number-bad",
                                                  "structure-differs",
                                                  "processing-mode",
                                                  "clock-skew",
                                                  "message-continued",
                                                  "version-assumed",
                                                  "path-empty",
                                                  "path-segment-bad",
                                                  "path-number-bad",
                                                  "path-filter-bad",
                                                  "path-trailing",
                                                  "source-off",
                                                  "store-unavailable",
                                                  "version-missing",
                                                  "no-observations",
                                                  "internal",
                                                  "source-not-live",
                                                  "test-message",
                                                  "source-not-in-study",
                                                  "not-a-study-analyte",
                                                  "visit-ambiguous",
                                                  "consent-setting",
                                                  "nearer-after-delivery",
                                                  "nearer-draw",
                                                  "placement-moved",
                                                  "escape-unknown",
                                                  "hllp-block",
                                                  "mllp-release-2",
                                                  "charset-fallback",
                                                  "segment-name-repaired",
                                                  "line-joined",
                                                  "batch-broken",
                                                  "segment-unexpected",
                                                  "trailing-bytes",
                                                  "blank-line",
                                                  "value-type-unexpected",
                                                  "birth-date-bad",
                                                  "version-time-bad",
                                                  "ratio-differs",
                                                  "flag-differs",
                                                  "late-preliminary",
                                                  "correction-first",
                                                  "withdrawal-first",
                                                  "screen-failure",
                                                  "control-id-reused",
                                                  "duplicate-message",
                                                  "order-status-differs",
                                                  "specimen-condition",
                                                  "person-named",
                                                  "value-in-note",
                                                  "encapsulated-data-bad",
                                                  "method-changed",
                                                  "course-factor",
                                                  "unit-changed",
                                                  "lloq-changed",
                                                  "critical-value",
                                                  "collected-after-report",
                                                  "specimen-suspect",
                                                  "delta-changed",
                                                  "correction-differs",
                                                  "header-too-long",
                                                  "reason-for-study",
                                                  "unit-empty",
                                                  "unit-character",
                                                  "unit-term-missing",
                                                  "unit-operator-missing",
                                                  "unit-not-closed",
                                                  "unit-number-bad",
                                                  "unit-symbol-unknown",
                                                  "unit-prefix-forbidden",
                                                  "unit-too-large",
                                                  "unit-special-misused",
                                                  "units-incommensurable",
                                                  "scale-undefined",
                                                  "not-for-study",
                                                  "accepted-by-person",
                                                  "linked-by-person",
                                                  "placed-by-person",
                                                  "moved-to-subject",
                                                  "moved-from-subject",
                                                  "overlay-stale"};
    const std::set<std::string> named = rules_named(all_cases());
    for (const std::string& key : named) {
        EXPECT_TRUE(code_from_key(key)) << key;
    }
    for (const CatalogueEntry& rule : catalogue()) {
        const auto number = static_cast<int>(rule.code);
        if (number < 100 || number >= 600) {
            continue;
        }
        const std::string key(rule.key);
        EXPECT_NE(named.contains(key), kElsewhere.contains(key)) << key;
    }
}

}  // namespace
}  // namespace labrelay::simulate
