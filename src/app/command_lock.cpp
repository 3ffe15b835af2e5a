#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/lock_change.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/views/locks.hpp"

namespace labrelay::app {
namespace {

struct Options {
    LockRequest request;
    std::string data = "data";
    std::string mappings = "mappings";
    bool json = false;
};

nlohmann::ordered_json outstanding_json(std::string_view line) {
    const std::size_t tab = line.find('\t');
    return {{"id", line.substr(0, tab)},
            {"text", tab == std::string_view::npos ? line : line.substr(tab + 1)}};
}

/// The list goes to stdout: it is what was asked about.
void print_outstanding(const std::string& lines, bool json) {
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', at), lines.size());
        const std::string_view line = std::string_view(lines).substr(at, end - at);
        if (json) {
            std::cout << outstanding_json(line).dump() << "\n";
        } else {
            std::cout << line << "\n";
        }
        at = end + 1;
    }
}

ExitStatus change(const Options& options) {
    const auto work = [&](store::StoreWriter& writer) -> Result<std::string> {
        const mapping::Loaded loaded = mapping::load_configuration(options.mappings);
        if (!loaded.configuration) {
            return fail(Code::configuration_bad, Place{options.mappings});
        }
        return change_lock(writer, *loaded.configuration, options.request,
                           store::by_command(options.request.by));
    };
    const Result<std::string> done =
        write_by_server_or_offline(options.data, "locks", to_json(options.request), work);
    if (done) {
        std::cout << *done << (done->ends_with('\n') ? "" : "\n");
        return ExitStatus::fine;
    }
    Error error = done.error();
    if (error.code == Code::lock_outstanding) {
        print_outstanding(error.detail, options.json);
        error.detail.clear();
    }
    std::cerr << describe(error) << "\n";
    const bool usage = error.code == Code::usage || error.code == Code::configuration_bad ||
                       error.code == Code::signature_missing;
    return usage ? ExitStatus::usage : ExitStatus::not_fine;
}

std::string subject_label(const study::Registry& registry, SubjectId id) {
    const study::Subject* subject = registry.subject(id);
    return subject != nullptr ? subject->label() : std::string();
}

std::string scope_text(const study::LockScope& scope, const study::Registry& registry) {
    return fmt::format("{:<12} {:<10} {:<6}", scope.study, subject_label(registry, scope.subject),
                       scope.visit);
}

void print_history(store::ReadSession& session, const study::Registry& registry, bool json) {
    for (const store::LockFact& fact : store::lock_history(session)) {
        if (json) {
            std::cout << views::lock_fact_json(fact, registry).dump() << "\n";
            continue;
        }
        std::cout << fmt::format("{}  {:<8} {} {}: {}\n", to_iso(fact.at), to_string(fact.action),
                                 scope_text(fact.scope, registry), fact.actor, fact.reason);
        if (!fact.signature.empty()) {
            std::cout << "    signed " << fact.signature << "\n";
        }
        for (const std::string& item : fact.accepted) {
            std::cout << "    accepted " << item << "\n";
        }
    }
}

ExitStatus list(const Options& options, bool history) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const study::Registry registry = store::read_registry(*session);
    if (history) {
        print_history(*session, registry, options.json);
        return ExitStatus::fine;
    }
    for (const study::ScopeLock& lock : store::locks(*session)) {
        if (options.json) {
            std::cout << views::lock_json(lock, registry, nullptr).dump() << "\n";
        } else {
            std::cout << fmt::format("{:<7} {} since {}\n", to_string(lock.state),
                                     scope_text(lock.scope, registry), to_iso(lock.since));
        }
    }
    return ExitStatus::fine;
}

void add_action(CLI::App& app, study::LockAction action, const std::string& says,
                ExitStatus& status) {
    CLI::App* command = app.add_subcommand(std::string(to_string(action)), says);
    const auto options = std::make_shared<Options>();
    LockRequest& request = options->request;
    request.action = action;
    command->add_option("--study", request.study, "The study")->required();
    command->add_option("--subject", request.subject, "Only this subject");
    command->add_option("--visit", request.visit, "Only this visit of the subject");
    command->add_option("--by", request.by, "Who does it")->required();
    command->add_option("--reason", request.reason, "Why")->required();
    command->add_option("--sign", request.sign, "What the signature stands for");
    if (action == study::LockAction::lock) {
        command->add_option("--accept", request.accept,
                            "An outstanding item that is accepted, by its id");
        command->add_flag("--json", options->json, "The outstanding items as JSON, one a line");
    }
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->callback([options, &status] { status = change(*options); });
}

}  // namespace

void add_lock(CLI::App& app, ExitStatus& status) {
    using study::LockAction;
    add_action(app, LockAction::freeze,
               "New values of a study, subject or visit wait until somebody unfreezes", status);
    add_action(app, LockAction::unfreeze, "What waited is delivered", status);
    add_action(app, LockAction::lock,
               "Nothing more reaches the study databases without a person; prints what is "
               "outstanding and exits 1 where that is neither settled nor accepted",
               status);
    add_action(app, LockAction::unlock, "Lifts a lock; post-lock items stay with their person",
               status);
    CLI::App* listing = app.add_subcommand("locks", "What is frozen and locked, and since when");
    const auto options = std::make_shared<Options>();
    const auto history = std::make_shared<bool>(false);
    listing->add_option("--data", options->data, "The data directory (default data)");
    listing->add_flag("--json", options->json, "One JSON object a line");
    listing->add_flag("--history", *history, "Who did what and why, with signatures");
    listing->callback([options, history, &status] { status = list(*options, *history); });
}

}  // namespace labrelay::app
