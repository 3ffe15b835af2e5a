#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/registry_import.hpp"
#include "labrelay/app/server_address.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string file;
    std::string data = "data";
    std::string mappings = "mappings";
    bool json = false;
};

/// Through the running server where there is one, else straight into the store under its lock.
Result<std::string> import(const Options& options, const std::string& resource,
                           const PlanImport& plan) {
    const Result<std::string> csv = read_input(options.file);
    if (!csv) {
        return tl::unexpected(csv.error());
    }
    if (std::optional<Result<std::string>> answer =
            ask_running_server(options.data, resource, *csv)) {
        return std::move(*answer);
    }
    const mapping::Loaded loaded = mapping::load_configuration(options.mappings);
    if (!loaded.configuration) {
        return fail(Code::configuration_bad, Place{options.mappings});
    }
    return import_offline(options.data, *csv, options.file, *loaded.configuration, plan);
}

ExitStatus run_import(const Options& options, const std::string& resource, const PlanImport& plan) {
    const Result<std::string> done = import(options, resource, plan);
    if (!done) {
        std::cerr << describe(done.error()) << "\n";
        return ExitStatus::not_fine;
    }
    std::cout << *done << (done->ends_with('\n') ? "" : "\n");
    return ExitStatus::fine;
}

std::string text_of(const std::optional<Timestamp>& time) {
    return time ? time->text : std::string();
}

void print_subject(const study::Subject& subject, bool json) {
    if (!json) {
        std::cout << fmt::format("{}\t{}\t{}\t{}\t{}\n", subject.study, subject.site,
                                 subject.label(), subject.screening_no,
                                 text_of(subject.first_infusion));
        return;
    }
    const nlohmann::ordered_json line = {{"study", subject.study},
                                         {"site", subject.site},
                                         {"screening_no", subject.screening_no},
                                         {"subject_no", subject.subject_no},
                                         {"sex", subject.sex ? to_string(*subject.sex) : ""},
                                         {"consent_date", text_of(subject.consent_date)},
                                         {"screening_from", text_of(subject.screening_from)},
                                         {"first_infusion", text_of(subject.first_infusion)},
                                         {"second_infusion", text_of(subject.second_infusion)},
                                         {"third_infusion", text_of(subject.third_infusion)},
                                         {"withdrawn_at", text_of(subject.withdrawn_at)},
                                         {"screen_failed_at", text_of(subject.screen_failed_at)}};
    std::cout << line.dump() << "\n";
}

void print_specimen(const study::RegisteredSpecimen& specimen, const std::string& subject,
                    bool json) {
    if (!json) {
        std::cout << fmt::format("{}\t{}\t{}\t{}\t{}\n", specimen.name.authority,
                                 specimen.name.specimen, subject, text_of(specimen.collected_at),
                                 specimen.visit);
        return;
    }
    const nlohmann::ordered_json line = {{"authority", specimen.name.authority},
                                         {"specimen", specimen.name.specimen},
                                         {"subject", subject},
                                         {"collected_at", text_of(specimen.collected_at)},
                                         {"visit", specimen.visit}};
    std::cout << line.dump() << "\n";
}

/// Lists show study names and dates, never who a subject is.
ExitStatus list(const Options& options, bool subjects) {
    const Result<study::Registry> registry = read_registry(options.data);
    if (!registry) {
        std::cerr << describe(registry.error()) << "\n";
        return ExitStatus::usage;
    }
    if (subjects) {
        for (const study::Subject* subject : registry->all_subjects()) {
            print_subject(*subject, options.json);
        }
        return ExitStatus::fine;
    }
    for (const study::RegisteredSpecimen* specimen : registry->all_specimens()) {
        const std::vector<const study::Subject*> owners = registry->subjects_of(*specimen);
        print_specimen(*specimen, owners.empty() ? std::string() : owners.front()->label(),
                       options.json);
    }
    return ExitStatus::fine;
}

void add(CLI::App& app, const std::string& resource, const PlanImport& plan, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(resource, "The registry of " + resource);
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    CLI::App* importing = command->add_subcommand("import", "Add the facts of a CSV file");
    importing->fallthrough();
    importing->add_option("CSV", options->file, "A registry file, or - for standard input")
        ->required();
    importing->callback(
        [options, resource, plan, &status] { status = run_import(*options, resource, plan); });
    CLI::App* listing = command->add_subcommand("list", "List what is registered");
    listing->fallthrough();
    listing->add_flag("--json", options->json, "One JSON object a line");
    const bool subjects = resource == "subjects";
    listing->callback([options, subjects, &status] { status = list(*options, subjects); });
}

}  // namespace

void add_subjects(CLI::App& app, ExitStatus& status) {
    add(app, "subjects", plan_subjects, status);
}

void add_specimens(CLI::App& app, ExitStatus& status) {
    add(app, "specimens", plan_specimens, status);
}

}  // namespace labrelay::app
