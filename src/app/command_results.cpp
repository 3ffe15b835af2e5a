#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/stored_results.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string target;
    std::string subject;
    std::string visit;
    bool json = false;
};

ExitStatus results(const Options& options) {
    targets::StudyFilter filter;
    filter.subject = options.subject;
    filter.visit = options.visit;
    const Result<std::vector<StoredResult>> rows =
        read_stored_results(options.data, options.target, filter);
    if (!rows) {
        std::cerr << describe(rows.error()) << "\n";
        return ExitStatus::usage;
    }
    for (const StoredResult& row : *rows) {
        std::cout << (options.json ? result_json(row) : result_line(row)) << "\n";
    }
    if (!options.json) {
        std::cerr << fmt::format("{} results\n", rows->size());
    }
    return ExitStatus::fine;
}

}  // namespace

void add_results(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("results", "List what stands in the study database");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--target", options->target,
                        "The study database (default study.db in the data directory)");
    command->add_option("--subject", options->subject, "Only this subject");
    command->add_option("--visit", options->visit, "Only this visit");
    command->add_flag("--json", options->json, "One JSON object a line");
    command->callback([options, &status] { status = results(*options); });
}

}  // namespace labrelay::app
