#include "labrelay/simulate/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace labrelay::simulate {
namespace {

namespace fs = std::filesystem;

const fs::path kCommitted = fs::path(LABRELAY_SOURCE_DIR) / "samples/demo";

std::string bytes_of(const fs::path& file) {
    std::string bytes(fs::file_size(file), '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

std::map<std::string, std::string> tree(const fs::path& root) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) {
            files[fs::relative(entry.path(), root).string()] = bytes_of(entry.path());
        }
    }
    return files;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

/// Rows of a CSV without quotes, each by column name.
std::vector<std::map<std::string, std::string>> table(const std::string& csv) {
    std::vector<std::string> lines = split(csv, '\n');
    lines.pop_back();
    const std::vector<std::string> names = split(lines.front(), ',');
    std::vector<std::map<std::string, std::string>> rows;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const std::vector<std::string> cells = split(lines[i], ',');
        EXPECT_EQ(cells.size(), names.size()) << lines[i];
        for (std::size_t column = 0; column < names.size(); ++column) {
            rows.resize(i);
            rows.back()[names[column]] = cells.at(column);
        }
    }
    return rows;
}

/// A directory of the test's own, removed with it.
class Scratch {
public:
    explicit Scratch(const std::string& name)
        : path_(fs::path(LABRELAY_BINARY_DIR) / "simulate-test" / name) {
        fs::remove_all(path_);
    }
    ~Scratch() { fs::remove_all(path_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

TEST(Samples, TheCommittedOnesAreWhatTheSimulatorWrites) {
    if (std::getenv("LABRELAY_UPDATE_GOLDEN") != nullptr) {
        fs::remove_all(kCommitted);
        ASSERT_TRUE(write_samples({.out = kCommitted}));
    }
    const Scratch scratch("committed");
    ASSERT_TRUE(write_samples({.out = scratch.path()}));
    const auto written = tree(scratch.path());
    const auto committed = tree(kCommitted);
    ASSERT_EQ(written.size(), committed.size());
    for (const auto& [name, bytes] : written) {
        ASSERT_TRUE(committed.contains(name)) << name;
        EXPECT_EQ(bytes, committed.at(name)) << name;
    }
}

TEST(Samples, AnotherSeedGivesOtherValuesOfTheSameShape) {
    const Scratch one("seed-one");
    const Scratch two("seed-two");
    const auto first = write_samples({.out = one.path(), .seed = 1});
    const auto second = write_samples({.out = two.path(), .seed = 2});
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->messages, second->messages);
    EXPECT_NE(bytes_of(one.path() / "truth.csv"), bytes_of(two.path() / "truth.csv"));
}

TEST(Samples, FewerSubjectsThanPartsIsAUsageError) {
    const auto outcome = write_samples({.out = "/nonexistent", .subjects = 9});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::usage);
}

TEST(Samples, MoreSubjectsAreOrdinaryOnes) {
    const Scratch ten("ten");
    const Scratch twelve("twelve");
    const auto few = write_samples({.out = ten.path(), .subjects = 10});
    const auto more = write_samples({.out = twelve.path(), .subjects = 12});
    ASSERT_TRUE(few && more);
    EXPECT_EQ(more->messages, few->messages + 2 * 7 * 3);
    EXPECT_EQ(more->held, few->held);
}

TEST(Samples, EveryObxOfEveryMessageHasExactlyOneRowOfTruth) {
    std::map<std::string, std::set<std::string>> in_truth;
    for (const auto& row : table(bytes_of(kCommitted / "truth.csv"))) {
        if (row.at("observation") != "derived") {
            EXPECT_TRUE(in_truth[row.at("control_id")].insert(row.at("observation")).second)
                << row.at("control_id") << ' ' << row.at("observation");
        }
    }
    std::map<std::string, std::set<std::string>> in_messages;
    for (const auto& entry : fs::directory_iterator(kCommitted / "messages")) {
        std::set<std::string> ordinals;
        std::string control_id;
        std::string type;
        for (const std::string& segment : split(bytes_of(entry.path()), '\r')) {
            if (segment.starts_with("MSH")) {
                control_id = split(segment, '|').at(9);
                type = split(segment, '|').at(8);
            }
            if (segment.starts_with("OBX")) {
                ordinals.insert(std::to_string(ordinals.size() + 1));
            }
        }
        if (type.starts_with("BAR")) {
            ordinals = {""};
        }
        const auto [known, first] = in_messages.try_emplace(control_id, ordinals);
        EXPECT_EQ(known->second, ordinals) << entry.path() << " uses an id again";
    }
    EXPECT_EQ(in_truth, in_messages);
}

TEST(Samples, ThePlanNamesEveryFileAndNothingElse) {
    std::set<std::string> planned;
    for (const auto& row : table(bytes_of(kCommitted / "plan.csv"))) {
        planned.insert(row.at("file"));
    }
    std::set<std::string> present;
    for (const auto& [name, bytes] : tree(kCommitted)) {
        if (name != "plan.csv" && name != "truth.csv") {
            present.insert(name);
        }
    }
    EXPECT_EQ(planned, present);
}

TEST(Samples, TheTruthNamesEachKindOfEnd) {
    std::set<std::string> ends;
    std::set<std::string> visits;
    std::set<std::string> states;
    std::set<std::string> statuses;
    for (const auto& row : table(bytes_of(kCommitted / "truth.csv"))) {
        ends.insert(row.at("disposition") + ' ' + row.at("reason"));
        states.insert(row.at("result_state"));
        statuses.insert(row.at("status"));
        if (row.at("disposition") == "stored") {
            visits.insert(row.at("visit"));
            EXPECT_FALSE(row.at("role").empty());
            EXPECT_EQ(row.at("value_num").empty(), row.at("result_state") != "quantified");
        } else {
            EXPECT_TRUE(row.at("subject").empty() && row.at("value_num").empty());
        }
    }
    EXPECT_EQ(ends, (std::set<std::string>{
                        "stored ", "stored screen-failure", "refused message-type-unsupported",
                        "ignored after-withdrawal", "ignored control-specimen",
                        "ignored ignored-by-source", "ignored not-registered", "ignored repeat-of",
                        "ignored title-line", "held birth-date-contradicts", "held final-differs",
                        "held implausible-value", "held sex-contradicts", "held unknown-code",
                        "held unknown-specimen", "held unknown-subject", "held unknown-unit"}));
    EXPECT_EQ(visits, (std::set<std::string>{"", "SCR", "M0", "M1", "M2", "M3", "M6", "M12"}));
    EXPECT_EQ(states, (std::set<std::string>{"", "quantified", "below_lloq", "not_detected",
                                             "qualitative", "not_done", "withdrawn"}));
    EXPECT_EQ(statuses, (std::set<std::string>{"", "F", "P", "C", "W", "X"}));
}

TEST(Samples, TheSecondDrawOfAVisitIsAdditional) {
    std::map<std::string, int> additional;
    for (const auto& row : table(bytes_of(kCommitted / "truth.csv"))) {
        if (row.at("role") == "additional") {
            ++additional[row.at("subject") + ' ' + row.at("visit")];
        }
    }
    // Eight values of one tube and the ratio derived from them.
    EXPECT_EQ(additional, (std::map<std::string, int>{{"S-009 M3", 9}}));
}

}  // namespace
}  // namespace labrelay::simulate
