// Every HL7 message of ../shared/cases/analyzers through its mapping, against what a reader wrote
// into expected.csv before the mapping existed. See README.md.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "labrelay/pipeline/process.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSource = LABRELAY_SOURCE_DIR;

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << stream.rdbuf();
    return std::move(bytes).str();
}

/// The folder, or nothing where this machine does not have it.
std::optional<fs::path> analyzers() {
    std::vector<fs::path> places;
    if (const char* named = std::getenv("LABRELAY_CASES"); named != nullptr) {
        places.emplace_back(named);
    }
    places.push_back(fs::path(kSource) / "../shared/cases");
    places.push_back(fs::path(kSource) / "../../shared/cases");
    for (const fs::path& place : places) {
        if (fs::is_directory(place / "analyzers")) {
            return place / "analyzers";
        }
    }
    return std::nullopt;
}

struct Line {
    std::string file, message, mapping, specimen, collected, observation, disposition, status,
        analyte, state, value, unit, reason;
};

std::vector<Line> expected_lines() {
    std::vector<Line> lines;
    std::istringstream rows(bytes_of(fs::path(kSource) / "tests/golden/analyzers/expected.csv"));
    std::string row;
    std::getline(rows, row);
    while (std::getline(rows, row)) {
        std::vector<std::string> cells;
        std::istringstream stream(row + ",");
        for (std::string cell; std::getline(stream, cell, ',');) {
            cells.push_back(cell);
        }
        if (cells.size() != 13) {
            ADD_FAILURE() << "expected.csv: " << row;
            continue;
        }
        lines.push_back({cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6],
                         cells[7], cells[8], cells[9], cells[10], cells[11], cells[12]});
    }
    return lines;
}

/// The messages of a file: one, or one a frame.
std::vector<std::string> messages_of(const std::string& bytes) {
    if (bytes.empty() || bytes.front() != '\x0b') {
        return {bytes};
    }
    std::vector<std::string> messages;
    for (std::size_t at = 0; (at = bytes.find('\x0b', at)) != bytes.npos;) {
        const std::size_t end = bytes.find('\x1c', at);
        messages.push_back(bytes.substr(at + 1, end - at - 1));
        at = end;
    }
    return messages;
}

/// The shipped configuration, in which one source takes whatever comes to port 1.
std::shared_ptr<const mapping::Configuration> configuration_of(const std::string& source) {
    const fs::path mappings = fs::path(kSource) / "mappings";
    std::vector<mapping::ConfigurationFile> files{
        {"analytes.xml", bytes_of(mappings / "analytes.xml")},
        {"grades.xml", bytes_of(mappings / "grades.xml")},
        {"NCT05872659/study.xml", bytes_of(mappings / "NCT05872659/study.xml")}};
    for (const fs::directory_entry& entry : fs::directory_iterator(mappings / "sources")) {
        if (entry.path().extension() != ".xml") {
            continue;
        }
        const std::string name = entry.path().stem().string();
        std::string file = bytes_of(entry.path());
        for (std::size_t at = 0; (at = file.find("<recognise ", at)) != file.npos;) {
            const std::size_t end = file.find("/>", at) + 2;
            file.replace(at, end - at, std::string(end - at, ' '));
        }
        file.insert(file.find("<specimen"),
                    name == source
                        ? "<recognise port=\"1\"/>"
                        : fmt::format("<recognise port=\"2\" application=\"{}\"/>", name));
        files.push_back({"sources/" + name + ".xml", std::move(file)});
    }
    mapping::Loaded loaded = mapping::load_configuration(std::move(files));
    for (const Finding& error : loaded.errors) {
        ADD_FAILURE() << describe(error);
    }
    return loaded.configuration;
}

study::Registry registry_of(const std::vector<Line>& lines) {
    study::Subject person;
    person.id = SubjectId{1};
    person.study = "NCT05872659";
    person.site = "QILU";
    person.subject_no = "S-001";
    person.screening_no = "SCR-001";
    person.identifiers = {{"QILU-MRN", "7393670"}};
    person.consent_date = *parse_iso_time("2008-01-01");
    person.first_infusion = *parse_iso_time("2008-01-20T10:00");
    study::Registry registry = study::Registry().with(person);
    std::set<std::string> known;
    for (const Line& line : lines) {
        if (line.specimen.empty() || !known.insert(line.specimen).second) {
            continue;
        }
        study::RegisteredSpecimen specimen;
        specimen.name = {"QILU-ACC", line.specimen};
        specimen.subject_no = "S-001";
        if (!line.collected.empty()) {
            specimen.collected_at = *parse_iso_time(line.collected);
        }
        registry = registry.with(std::move(specimen));
    }
    return registry;
}

pipeline::Arrival an_arrival() {
    pipeline::Arrival arrival;
    arrival.message_id = MessageId{1};
    arrival.received_at = Instant{std::int64_t{1'893'456'000} * 1'000'000};  // 2030
    arrival.port = 1;
    arrival.ack_id = "A1";
    return arrival;
}

using Wanted = std::map<std::string, std::vector<Line>>;  // by file and message

Wanted by_message() {
    Wanted wanted;
    for (Line& line : expected_lines()) {
        wanted[line.file + " " + line.message].push_back(line);
    }
    return wanted;
}

const Line* line_for(const std::vector<Line>& lines, std::size_t ordinal) {
    const Line* rest = nullptr;
    for (const Line& line : lines) {
        if (line.observation == std::to_string(ordinal)) {
            return &line;
        }
        rest = line.observation == "*" ? &line : rest;
    }
    return rest;
}

void compare(const Line& line, const study::ProposedObservation& proposed,
             const study::DecidedObservation& decided) {
    EXPECT_EQ(to_string(decided.disposition), line.disposition) << key(decided.rule);
    if (!line.reason.empty()) {
        EXPECT_EQ(key(decided.rule), line.reason);
    }
    if (line.disposition == "ignored") {
        return;
    }
    EXPECT_EQ(proposed.analyte, line.analyte);
    EXPECT_EQ(to_string(proposed.status), line.status);
    if (!line.specimen.empty()) {
        ASSERT_TRUE(proposed.specimen_name.has_value());
        EXPECT_EQ(proposed.specimen_name->specimen, line.specimen);
    }
    if (line.disposition == "stored") {
        EXPECT_EQ(units::to_string(proposed.value.state), line.state);
        EXPECT_EQ(proposed.value.value_text, line.value);
        EXPECT_EQ(proposed.value.unit, line.unit);
        EXPECT_EQ(proposed.value.value_num.has_value(), line.state == "quantified");
    } else {
        EXPECT_NE(decided.rule, Code::unknown_specimen) << "its specimen is registered";
    }
}

TEST(Analyzers, EveryHl7MessageIsReadAsAPersonReadsIt) {
    const std::optional<fs::path> folder = analyzers();
    if (!folder) {
        GTEST_SKIP() << "no ../shared/cases/analyzers here; LABRELAY_CASES names another place";
    }
    const Wanted wanted = by_message();
    std::size_t seen = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(*folder)) {
        if (entry.path().extension() != ".hl7") {
            continue;
        }
        const std::string name = fs::relative(entry.path(), *folder).string();
        std::size_t number = 0;
        for (const std::string& message : messages_of(bytes_of(entry.path()))) {
            const std::string id = fmt::format("{} {}", name, ++number);
            SCOPED_TRACE(id);
            const auto found = wanted.find(id);
            if (found == wanted.end()) {
                ADD_FAILURE() << "expected.csv does not have it";
                continue;
            }
            ++seen;
            const std::vector<Line>& lines = found->second;
            const auto configuration = configuration_of(lines.front().mapping);
            ASSERT_NE(configuration, nullptr);
            const study::Registry registry = registry_of(lines);
            const study::Proposal proposal =
                pipeline::process(message, an_arrival(), *configuration, registry);
            const study::Outcome outcome = study::decide(
                study::DecideInput{proposal, {}, configuration->rules(), registry, {}});
            EXPECT_EQ(proposal.refused, lines.front().disposition == "refused");
            const auto& proposed = proposal.observations;
            if (lines.front().disposition == "nothing" || proposal.refused) {
                EXPECT_TRUE(proposed.empty());
                continue;
            }
            EXPECT_TRUE(outcome.counts.balanced());
            ASSERT_EQ(outcome.observations.size(), proposed.size());
            for (const Line& line : lines) {
                EXPECT_TRUE(line.observation == "*" ||
                            std::stoul(line.observation) <= proposed.size())
                    << "OBX " << line.observation << " is not there";
            }
            for (std::size_t i = 0; i < proposed.size(); ++i) {
                SCOPED_TRACE(fmt::format("OBX {}", i + 1));
                const Line* line = line_for(lines, i + 1);
                ASSERT_NE(line, nullptr) << "expected.csv does not say what becomes of it";
                compare(*line, proposed[i], outcome.observations[i]);
            }
        }
    }
    EXPECT_EQ(seen, wanted.size()) << "expected.csv names messages that are not there";
}

}  // namespace
}  // namespace labrelay
