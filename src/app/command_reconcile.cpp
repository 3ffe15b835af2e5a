#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/reconciling.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string target;
    std::string study;
    std::string lab_list;
    std::string out;
    std::string file;  ///< of the study database
    std::string data = "data";
    std::string mappings = "mappings";
    bool json = false;
};

ExitStatus report(const Error& error) {
    std::cerr << describe(error) << "\n";
    return ExitStatus::usage;
}

/// The study that is asked about; where the configuration has one only, that one.
Result<std::string> study_of(const Options& options, const mapping::Configuration& configuration) {
    const auto& studies = configuration.rules().studies;
    if (options.study.empty() && studies.size() == 1) {
        return studies.front().id;
    }
    if (options.study.empty() || configuration.rules().study(options.study) == nullptr) {
        return fail(Code::usage, Place{"--study"}, "name a study of the configuration");
    }
    return options.study;
}

Result<std::unique_ptr<targets::ReconcileReader>> open_target(const Options& options) {
    if (options.target != "study") {
        return fail(Code::usage, Place{options.target}, "the target that can be read is study");
    }
    const auto place = targets::study_place(options.file);
    const std::filesystem::path file = options.file.empty()
                                           ? std::filesystem::path(options.data) / "study.db"
                                           : std::filesystem::path(options.file);
    Result<targets::StudyReader> reader =
        place ? targets::StudyReader::open(*place) : targets::StudyReader::open(file);
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    return std::make_unique<targets::SqlReconcileReader>(std::move(*reader));
}

Result<views::Reconciliation> compare(const Options& options, SubjectView& view) {
    const Result<std::string> study = study_of(options, *view.configuration);
    if (!study) {
        return tl::unexpected(study.error());
    }
    const Result<std::unique_ptr<targets::ReconcileReader>> reader = open_target(options);
    if (!reader) {
        return tl::unexpected(reader.error());
    }
    Result<views::Reconciliation> all =
        compare_target(view, **reader, {*study, options.target, SystemClock{}.now()});
    if (!all || options.lab_list.empty()) {
        return all;
    }
    const Result<std::string> csv = read_input(options.lab_list);
    if (!csv) {
        return tl::unexpected(csv.error());
    }
    if (const auto listed = compare_list(view, *csv, options.lab_list, *all); !listed) {
        return tl::unexpected(listed.error());
    }
    return all;
}

ExitStatus reconcile(const Options& options) {
    std::optional<SubjectView> view = open_subject_view(options.data, options.mappings);
    if (!view) {
        return ExitStatus::usage;
    }
    const Result<views::Reconciliation> all = compare(options, *view);
    if (!all) {
        return report(all.error());
    }
    const std::string text =
        options.json ? views::reconciliation_json(*all) : views::reconciliation_text(*all);
    if (options.out.empty()) {
        std::cout << text;
    } else if (!(std::ofstream(options.out, std::ios::binary) << text).flush()) {
        return report(Error{Code::file_unreadable, Place{options.out}, "it cannot be written"});
    }
    const std::string findings = to_json(findings_of(*all));
    const Result<std::string> entered = write_by_server_or_offline(
        options.data, "reconciliations", findings, [&](store::StoreWriter& writer) {
            return enter_findings(writer, findings, store::by_command("reconcile"));
        });
    if (!entered) {
        return report(entered.error());
    }
    std::cerr << *entered << (entered->ends_with('\n') ? "" : "\n");
    return all->differences() == 0 ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_reconcile(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "reconcile",
        "What is expected, stored here and stored in the study database, joined; with the "
        "laboratory's own list also what never arrived. Exit 1 where something differs");
    const auto options = std::make_shared<Options>();
    command->add_option("TARGET", options->target, "The target: study")->required();
    command->add_option("--lab-list", options->lab_list,
                        "The laboratory's list of what it reported, a CSV file");
    command->add_option("--study", options->study, "The study, where there are several");
    command->add_option("--study-db", options->file,
                        "The study database's file (default study.db in the data directory)");
    command->add_option("--out", options->out, "Write the report to this file");
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_flag("--json", options->json, "As JSON");
    command->callback([options, &status] { status = reconcile(*options); });
}

}  // namespace labrelay::app
