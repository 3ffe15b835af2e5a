#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/mapping/configuration.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string directory = "mappings";
    bool json = false;
};

void print(std::string_view kind, const Finding& finding) {
    std::cout << fmt::format(
        "{}: {}: {}{} {}\n", finding.place.text, kind, entry(finding.code).text,
        finding.detail.empty() ? "" : " " + finding.detail, entry(finding.code).advice);
}

nlohmann::ordered_json json_of(std::string_view kind, const Finding& finding) {
    return {{"kind", std::string(kind)},
            {"place", finding.place.text},
            {"code", std::string(key(finding.code))},
            {"text", std::string(entry(finding.code).text)},
            {"detail", finding.detail},
            {"advice", std::string(entry(finding.code).advice)}};
}

ExitStatus check(const Options& options) {
    const mapping::Loaded loaded = mapping::load_configuration(options.directory);
    if (options.json) {
        nlohmann::ordered_json json = nlohmann::ordered_json::array();
        for (const Finding& finding : loaded.errors) {
            json.push_back(json_of("error", finding));
        }
        for (const Finding& finding : loaded.warnings) {
            json.push_back(json_of("warning", finding));
        }
        std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                  << "\n";
    } else {
        for (const Finding& finding : loaded.errors) {
            print("error", finding);
        }
        for (const Finding& finding : loaded.warnings) {
            print("warning", finding);
        }
        if (loaded.configuration) {
            std::cout << fmt::format("{}: {} sources, {} studies, {} analytes, configuration {}\n",
                                     options.directory, loaded.configuration->sources().size(),
                                     loaded.configuration->rules().studies.size(),
                                     loaded.configuration->rules().analytes.size(),
                                     loaded.configuration->hash().substr(0, 12));
        } else {
            std::cout << fmt::format("{}: {} errors\n", options.directory, loaded.errors.size());
        }
    }
    return loaded.errors.empty() ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_check(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("check", "Check configuration and mappings");
    const auto options = std::make_shared<Options>();
    command->add_option("DIR", options->directory,
                        "The configuration directory (default mappings)");
    command->add_flag("--json", options->json, "As JSON");
    command->callback([options, &status] { status = check(*options); });
}

}  // namespace labrelay::app
