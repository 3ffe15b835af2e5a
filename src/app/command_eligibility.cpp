#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/subject_view.hpp"
#include "labrelay/store/subject_query.hpp"
#include "labrelay/views/eligibility.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string subject;
    std::string data = "data";
    std::string mappings = "mappings";
    std::string at;
    bool json = false;
};

ExitStatus eligibility_of(SubjectView& view, const study::Subject& subject,
                          const Options& options) {
    const study::StudyDefinition& study = view.study_of(subject);
    std::optional<Instant> known_until;
    if (!options.at.empty()) {
        const Result<Instant> at = instant_at(options.at, subject, study);
        if (!at) {
            std::cerr << describe(at.error()) << "\n";
            return ExitStatus::usage;
        }
        known_until = *at;
    }
    const store::SubjectResults stored = store::subject_results(view.session, subject.id);
    const study::Eligibility eligibility =
        study::evaluate({stored.results, subject, study, known_until, stored.held});
    const views::EligibilityReport report{subject, eligibility, known_until};
    std::cout << (options.json ? views::eligibility_json(report) : views::eligibility_text(report));
    return eligibility.overall == study::Overall::none_against ? ExitStatus::fine
                                                               : ExitStatus::not_fine;
}

ExitStatus eligibility(const Options& options) {
    std::optional<SubjectView> view = open_subject_view(options.data, options.mappings);
    if (!view) {
        return ExitStatus::usage;
    }
    const std::vector<const study::Subject*> subjects = view->subjects(options.subject);
    if (subjects.empty()) {
        std::cerr << "no subject " << options.subject
                  << " is registered; labrelay subjects list shows who is\n";
        return ExitStatus::usage;
    }
    ExitStatus status = ExitStatus::fine;
    for (const study::Subject* subject : subjects) {
        status = std::max(status, eligibility_of(*view, *subject, options));
    }
    return status;
}

}  // namespace

void add_eligibility(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "eligibility",
        "How a subject stands to the protocol's criteria, with the results that say so. Exit 0 "
        "only "
        "where no laboratory criterion is against; it informs and never decides");
    const auto options = std::make_shared<Options>();
    command->add_option("SUBJECT", options->subject, "Subject or screening number")->required();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--at", options->at,
                        "By what had been reported then: a day or a time, ISO 8601");
    command->add_flag("--json", options->json, "As JSON");
    command->callback([options, &status] { status = eligibility(*options); });
}

}  // namespace labrelay::app
