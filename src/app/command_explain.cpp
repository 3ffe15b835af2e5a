#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/configuration_workbench.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/views/explain.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string file;
    std::string mappings = "mappings";
    std::string subjects;
    std::string specimens;
    std::string data;
    bool json = false;
};

/// The dry run that the options ask for; errors are on stderr.
std::optional<DryRun> dry_run(const Options& options) {
    std::shared_ptr<const mapping::Configuration> configuration = load_or_report(options.mappings);
    if (!configuration) {
        return std::nullopt;
    }
    if (!options.data.empty()) {
        return dry_run_on_store(options.data, std::move(configuration));
    }
    std::optional<study::Registry> registry =
        registry_from_files(options.subjects, options.specimens, *configuration);
    if (!registry) {
        return std::nullopt;
    }
    return DryRun(std::move(configuration), std::move(*registry));
}

ExitStatus explain(const Options& options) {
    const Result<std::string> bytes = read_message(options.file);
    if (!bytes) {
        std::cerr << describe(bytes.error()) << "\n";
        return ExitStatus::usage;
    }
    std::optional<DryRun> run = dry_run(options);
    if (!run) {
        return ExitStatus::usage;
    }
    const DryRun::Delivery delivery = run->deliver(*bytes);
    ExitStatus status = ExitStatus::fine;
    for (std::size_t index = 0; index < delivery.members.size(); ++index) {
        const DryRun::Answered& answered = delivery.members[index];
        const views::Explanation explanation{answered.proposal,
                                             answered.outcome,
                                             answered.answer,
                                             run->registry(),
                                             run->configuration().rules(),
                                             !options.data.empty(),
                                             told_before(answered)};
        if (options.json) {
            std::cout << views::explain_json(explanation);
        } else {
            std::cout << member_heading(delivery, index) << views::explain_text(explanation);
        }
        if (answered.outcome.state == study::MessageState::refused) {
            status = ExitStatus::not_fine;
        }
    }
    return status;
}

ExitStatus ack(const Options& options) {
    const Result<std::string> bytes = read_message(options.file);
    if (!bytes) {
        std::cerr << describe(bytes.error()) << "\n";
        return ExitStatus::usage;
    }
    std::optional<DryRun> run = dry_run(options);
    if (!run) {
        return ExitStatus::usage;
    }
    const DryRun::Delivery delivery = run->deliver(*bytes);
    const pipeline::Answer& answer = delivery.answer;
    if (answer.silent || (answer.accept.empty() && answer.bytes.empty())) {
        std::cerr << "no answer: "
                  << (delivery.batch  ? "the source's batch-reply asks for none"
                      : answer.silent ? entry(Code::ack_received).text
                                      : "MSH-15 and MSH-16 want none of this.")
                  << "\n";
        return ExitStatus::fine;
    }
    std::string text = answer.accept + answer.bytes;
    std::replace(text.begin(), text.end(), '\r', '\n');
    std::cout << text;
    return answer.code == hl7::AckCode::aa ? ExitStatus::fine : ExitStatus::not_fine;
}

void add_options(CLI::App* command, const std::shared_ptr<Options>& options) {
    command->add_option("FILE", options->file, "A message, or - for standard input")->required();
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--subjects", options->subjects, "A registry file of subjects");
    command->add_option("--specimens", options->specimens, "A registry file of specimens");
    command->add_option("--data", options->data, "Read registry and stored results from here");
}

}  // namespace

void add_explain(CLI::App& app, ExitStatus& status) {
    CLI::App* command =
        app.add_subcommand("explain", "Say what would become of each observation, and why");
    const auto options = std::make_shared<Options>();
    add_options(command, options);
    command->add_flag("--json", options->json, "As JSON");
    command->callback([options, &status] { status = explain(*options); });
}

void add_ack(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "ack", "Print the acknowledgement that would be sent, without storing anything");
    const auto options = std::make_shared<Options>();
    add_options(command, options);
    command->callback([options, &status] { status = ack(*options); });
}

}  // namespace labrelay::app
