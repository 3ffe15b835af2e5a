// below-50.tsv: each row sent as an HL7 message through process() and decide(), its stored result
// compared with 50 copies/mL.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"
#include "labrelay/study/threshold.hpp"
#include "message_builder.hpp"
#include "shipped_mapping.hpp"

namespace labrelay {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = LABRELAY_SOURCE_DIR;

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << stream.rdbuf();
    return std::move(bytes).str();
}

struct Row {
    std::size_t line = 0;
    std::string test, type, value, unit, flag, profile, end, text, below, because;
};

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, '\t');) {
        cells.push_back(cell == "(none)" ? std::string() : cell);
    }
    return cells;
}

std::vector<Row> rows() {
    std::vector<Row> rows;
    std::istringstream lines(bytes_of(kSource / "tests/golden/threshold/below-50.tsv"));
    std::size_t number = 0;
    bool header = true;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.empty() || line.front() == '#') {
            continue;
        }
        const std::vector<std::string> cells = cells_of(line);
        if (cells.size() != 10) {
            ADD_FAILURE() << "line " << number << " has " << cells.size() << " cells";
            continue;
        }
        if (!std::exchange(header, false)) {
            rows.push_back({number, cells[0], cells[1], cells[2], cells[3], cells[4], cells[5],
                            cells[6], cells[7], cells[8], cells[9]});
        }
    }
    return rows;
}

/// The lines of the source's file that a profile's name stands for.
struct Profile {
    std::string attributes;  ///< of the line for copies
    std::string settings;
};

Profile profile_of(const std::string& name) {
    const std::string assay = R"( lloq="20" uloq="10000000" assay="an assay")";
    const std::string below = R"(<below means="below_lloq"/>)";
    const std::map<std::string, Profile> profiles{
        {"none", {"", below}},
        {"lloq20", {assay, below}},
        {"lloq75", {R"( lloq="75" uloq="10000000")", below}},
        {"zero", {assay, below + R"(<zero means="not_detected"/>)"}},
        {"below", {assay, R"(<below means="not_detected"/>)"}},
        {"factor", {assay + R"( copies-per-iu="0.35" factor-from="package insert 1")", below}},
        {"flags",
         {assay, R"(<values><flag text="NR" system="99ROC" kind="not_detected"/>)"
                 R"(<flag text="RR" system="99ROC" kind="detected"/>)"
                 R"(<flag text="IVL" system="99ROC" kind="no_result"/></values>)" +
                     below}},
    };
    const auto found = profiles.find(name);
    if (found == profiles.end()) {
        ADD_FAILURE() << "no profile " << name;
        return {};
    }
    return found->second;
}

std::string source_with(const Profile& profile) {
    return R"(<source id="cobas-5800" version="1" zone="Asia/Shanghai" mode="live"
        laboratory="QILU-MOL" unknown-patient="hold">
  <approval by="A person" on="2024-01-02"/>
  <recognise application="COBAS5800" facility="QILU-MOL"/>
  <specimen from="SPM-2.1.1" authority="QILU-ACC"/>
  <collected from="SPM-17.1"/>)" +
           profile.settings + R"(<observation code="VL" system="L" analyte="HIVVL")" +
           profile.attributes +
           R"(/><observation code="LOG" system="L" analyte="HIVVLLOG"/></source>)";
}

/// The result that stands for copies: measured, else derived from the logarithm.
const study::ResultRecord* copies_of(const study::StateView& state) {
    const study::ResultRecord* found = nullptr;
    for (const auto& [id, subject] : state.subjects) {
        for (const study::ResultRecord& result : subject.results) {
            if (result.current_version().analyte == "HIVVL") {
                found = &result;
            }
        }
    }
    return found;
}

void check(const Row& row, const mapping::Configuration& configuration) {
    SCOPED_TRACE("below-50.tsv:" + std::to_string(row.line) + " " + row.value);
    const test::MessageBuilder message = test::a_molecular_message()
                                             .with("OBX-2", row.type)
                                             .with("OBX-3", row.test + "^HIV-1 RNA^L")
                                             .with("OBX-5", row.value)
                                             .with("OBX-6", row.unit)
                                             .with("OBX-8", row.flag);
    const study::Registry registry = test::a_registry();
    const study::Proposal proposal =
        pipeline::process(message.text(), test::an_arrival(), configuration, registry);
    study::StateView state;
    const study::Outcome outcome =
        study::decide({proposal, state, configuration.rules(), registry});
    study::apply(proposal, outcome, state);
    ASSERT_EQ(outcome.observations.size(), 1U);
    const Code rule = outcome.observations.front().rule;
    if (outcome.observations.front().disposition == study::Disposition::held) {
        EXPECT_EQ("held " + std::string(key(rule)), row.end);
        EXPECT_EQ(entry(rule).text, row.because);
        return;
    }
    const study::ResultRecord* copies = copies_of(state);
    ASSERT_NE(copies, nullptr) << "wanted " << row.end;
    const study::ResultValue& value = copies->current_version().value;
    EXPECT_EQ(to_string(value.state), row.end);
    EXPECT_EQ(value.value_text, row.text);
    const study::Comparison answer = study::is_below(value, Decimal(50, 0));
    EXPECT_EQ(answer.is_result ? to_string(answer.truth) : "no result", row.below);
    EXPECT_EQ(answer.because, row.because);
}

TEST(Threshold, TheTableThatAClinicianCanCheck) {
    std::map<std::string, std::shared_ptr<const mapping::Configuration>> configurations;
    const std::vector<Row> table = rows();
    EXPECT_GT(table.size(), 70U);
    for (const Row& row : table) {
        auto& configuration = configurations[row.profile];
        if (configuration == nullptr) {
            configuration =
                test::shipped_with_source("cobas-5800", source_with(profile_of(row.profile)));
        }
        ASSERT_NE(configuration, nullptr) << row.profile;
        check(row, *configuration);
    }
}

}  // namespace
}  // namespace labrelay
