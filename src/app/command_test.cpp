#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/golden_case.hpp"
#include "labrelay/app/golden_eligibility.hpp"

namespace labrelay::app {
namespace {

ExitStatus test(const std::string& directory) {
    const std::shared_ptr<const mapping::Configuration> configuration = load_or_report(directory);
    if (!configuration) {
        return ExitStatus::usage;
    }
    const std::optional<study::Registry> registry = golden_registry(directory, *configuration);
    if (!registry) {
        return ExitStatus::usage;
    }
    const bool update = std::getenv("LABRELAY_UPDATE_GOLDEN") != nullptr;
    std::size_t failed = 0;
    const std::vector<GoldenCase> cases = find_golden_cases(directory);
    for (const GoldenCase& golden : cases) {
        const GoldenOutcome outcome = run_golden_case(golden, configuration, *registry, update);
        for (const std::string& difference : outcome.differences) {
            std::cout << fmt::format("{}: {}\n", golden.name, difference);
        }
        failed += outcome.differences.empty() ? 0U : 1U;
    }
    const std::vector<EligibilityCase> eligibility = find_eligibility_cases(directory);
    for (const EligibilityCase& golden : eligibility) {
        const std::vector<std::string> differences =
            run_eligibility_case(golden, configuration, update);
        for (const std::string& difference : differences) {
            std::cout << fmt::format("{}: {}\n", golden.name, difference);
        }
        failed += differences.empty() ? 0U : 1U;
    }
    std::cout << fmt::format("{} golden cases, {} failed\n", cases.size() + eligibility.size(),
                             failed);
    return failed == 0 ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_test(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("test", "Run the golden cases beside the mappings");
    const auto directory = std::make_shared<std::string>("mappings");
    command->add_option("DIR", *directory, "The configuration directory (default mappings)");
    command->callback([directory, &status] { status = test(*directory); });
}

}  // namespace labrelay::app
