#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "labrelay/app/dry_run.hpp"

namespace labrelay::app {

/// One golden case beside the mappings: `<case>.hl7`, or `<case>.1.hl7`, `<case>.2.hl7` … of which
/// the last is judged, and `<case>.expected`. The first line of `.expected` is written by hand and
/// says the expected end; the rest is what explain prints. See mappings/README.md.
struct GoldenCase {
    std::string name;
    std::vector<std::filesystem::path> messages;
    std::filesystem::path expected;
};

/// The clauses of a first line, which commas separate.
std::vector<std::string> split_clauses(const std::string& line);

/// All cases below a configuration directory, by name.
std::vector<GoldenCase> find_golden_cases(const std::filesystem::path& mappings);

/// What is different; empty when the case holds.
struct GoldenOutcome {
    std::vector<std::string> differences;
    std::string ack_code;  ///< AA, AE, AR or empty
};

/// Runs the case on the configuration and the cases' own registry. With `update`, everything but
/// the first line of `.expected` is written anew.
GoldenOutcome run_golden_case(const GoldenCase& golden,
                              const std::shared_ptr<const mapping::Configuration>& configuration,
                              const study::Registry& registry, bool update);

/// The registry that the cases share: `<study>/cases/subjects.csv` and `specimens.csv`.
std::optional<study::Registry> golden_registry(const std::filesystem::path& mappings,
                                               const mapping::Configuration& configuration);

}  // namespace labrelay::app
