#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "labrelay/mapping/configuration.hpp"

namespace labrelay::app {

/// One golden case of a study's criteria: `<study>/eligibility/<case>.eligibility`, and the
/// messages that come before it, `<case>.hl7` or `<case>.1.hl7`, `<case>.2.hl7` …, if any. The
/// first line is written by hand: whose, how an ambiguous sentence is read where that is not the
/// study's own setting, and what must come out. The rest is what `eligibility` prints. See
/// mappings/README.md.
struct EligibilityCase {
    std::string name;
    std::vector<std::filesystem::path> messages;
    std::filesystem::path expected;
};

/// All cases below a configuration directory, by name.
std::vector<EligibilityCase> find_eligibility_cases(const std::filesystem::path& mappings);

/// What is different; empty when the case holds. The messages go the way of every message, on the
/// registry of the case's folder. With `update`, everything but the first line is written anew.
std::vector<std::string> run_eligibility_case(
    const EligibilityCase& golden,
    const std::shared_ptr<const mapping::Configuration>& configuration, bool update);

}  // namespace labrelay::app
