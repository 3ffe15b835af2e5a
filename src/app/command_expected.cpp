#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/subject_view.hpp"
#include "labrelay/store/subject_query.hpp"
#include "labrelay/views/expected.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string subject;
    std::string visit;
    std::string data = "data";
    std::string mappings = "mappings";
    std::string at;
    bool json = false;
};

/// The visits that are not asked about do not count for the exit status either.
bool is_complete(study::Completeness completeness, const std::string& visit) {
    if (!visit.empty()) {
        std::erase_if(completeness.visits,
                      [&](const study::ExpectedVisit& expected) { return expected.id != visit; });
    }
    return !completeness.misses_in_closed_window();
}

ExitStatus expected_of(SubjectView& view, const study::Subject& subject, const Options& options) {
    const study::StudyDefinition& study = view.study_of(subject);
    Result<Instant> now = SystemClock{}.now();
    if (!options.at.empty()) {
        now = instant_at(options.at, subject, study);
    }
    if (!now) {
        std::cerr << describe(now.error()) << "\n";
        return ExitStatus::usage;
    }
    const store::SubjectResults stored = store::subject_results(view.session, subject.id);
    const study::Completeness completeness =
        study::complete({stored.results, subject, study, *now, stored.held});
    const views::ExpectedReport report{subject, completeness, options.visit};
    std::cout << (options.json ? views::expected_json(report) : views::expected_text(report));
    return is_complete(completeness, options.visit) ? ExitStatus::fine : ExitStatus::not_fine;
}

bool has_visit(const mapping::Configuration& configuration, const std::string& visit) {
    return std::ranges::any_of(configuration.rules().studies,
                               [&](const auto& study) { return study.visit(visit) != nullptr; });
}

ExitStatus expected(const Options& options) {
    std::optional<SubjectView> view = open_subject_view(options.data, options.mappings);
    if (!view) {
        return ExitStatus::usage;
    }
    if (!options.visit.empty() && !has_visit(*view->configuration, options.visit)) {
        std::cerr << "no study has a visit " << options.visit << "\n";
        return ExitStatus::usage;
    }
    const std::vector<const study::Subject*> subjects = view->subjects(options.subject);
    if (subjects.empty() && !options.subject.empty()) {
        std::cerr << "no subject " << options.subject
                  << " is registered; labrelay subjects list shows who is\n";
        return ExitStatus::usage;
    }
    ExitStatus status = ExitStatus::fine;
    for (const study::Subject* subject : subjects) {
        status = std::max(status, expected_of(*view, *subject, options));
    }
    return status;
}

}  // namespace

void add_expected(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "expected",
        "What the schedule expects of each subject and visit, what is there, held and missing. "
        "Exit 1 where a visit is over and something did not come");
    const auto options = std::make_shared<Options>();
    command->add_option("--subject", options->subject, "Only this subject");
    command->add_option("--visit", options->visit, "Only this visit");
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--at", options->at, "As of a day or a time, ISO 8601 (default now)");
    command->add_flag("--json", options->json, "One JSON object a visit");
    command->callback([options, &status] { status = expected(*options); });
}

}  // namespace labrelay::app
