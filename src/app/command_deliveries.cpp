#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/server_address.hpp"
#include "labrelay/store/delivery_query.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string target;
    std::string state;
    std::string id;
    std::size_t limit = 500;
    bool json = false;
};

std::string label_of(const study::Registry& registry, SubjectId id) {
    const study::Subject* subject = registry.subject(id);
    return subject == nullptr ? std::string() : subject->label();
}

nlohmann::ordered_json json_of(const store::DeliveryRow& row, const study::Registry& registry) {
    return {{"id", row.id},
            {"target", row.target},
            {"state", std::string(delivery::to_string(row.state))},
            {"subject", label_of(registry, row.subject)},
            {"message", row.message ? to_base32(*row.message) : ""},
            {"results", row.results},
            {"attempts", row.attempts},
            {"not_before", row.not_before ? to_iso(*row.not_before) : ""},
            {"closed", row.closed ? to_iso(*row.closed) : ""},
            {"why", row.why}};
}

std::string line_of(const store::DeliveryRow& row, const study::Registry& registry) {
    return fmt::format("{:>8}  {:<10} {:<9} {:<10} {} results{}{}\n", row.id, row.target,
                       delivery::to_string(row.state), label_of(registry, row.subject), row.results,
                       row.why.empty() ? "" : ": ", row.why);
}

ExitStatus list(const Options& options) {
    store::DeliveryFilter filter;
    filter.target = options.target;
    filter.limit = options.limit;
    if (!options.state.empty()) {
        filter.state = delivery::delivery_state_from(options.state);
        if (!filter.state) {
            std::cerr << describe(Error{Code::usage, Place{"--state"},
                                        "ready, sending, delivered, retry, rejected or unknown"})
                      << "\n";
            return ExitStatus::usage;
        }
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    const Result<study::Registry> registry = read_registry(options.data);
    if (!session || !registry) {
        std::cerr << describe(!session ? session.error() : registry.error()) << "\n";
        return ExitStatus::usage;
    }
    for (const store::DeliveryRow& row : store::deliveries(*session, filter)) {
        std::cout << (options.json ? json_of(row, *registry).dump() + "\n"
                                   : line_of(row, *registry));
    }
    return ExitStatus::fine;
}

/// Through the running server where there is one, else straight into the store under its lock.
Result<std::string> resend(const Options& options) {
    if (std::optional<Result<std::string>> answer =
            ask_running_server(options.data, "deliveries/resend", options.id)) {
        return std::move(*answer);
    }
    return resend_offline(options.data, options.id);
}

ExitStatus run_resend(const Options& options) {
    const Result<std::string> done = resend(options);
    if (!done) {
        std::cerr << describe(done.error()) << "\n";
        return ExitStatus::not_fine;
    }
    std::cout << *done << (done->ends_with('\n') ? "" : "\n");
    return ExitStatus::fine;
}

}  // namespace

void add_deliveries(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "deliveries", "What the study databases are still to be told, and what they refused");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--target", options->target, "Of this target only");
    command->add_option("--state", options->state,
                        "ready, sending, delivered, retry, rejected or unknown; without it all "
                        "that are not delivered");
    command->add_option("--limit", options->limit, "How many (default 500)");
    command->add_flag("--json", options->json, "One JSON object a line");
    command->require_subcommand(0, 1);
    CLI::App* again = command->add_subcommand(
        "resend", "Send a rejected delivery again, with what its results are now");
    again->fallthrough();
    again->add_option("ID", options->id, "From the list")->required();
    again->callback([options, &status] { status = run_resend(*options); });
    command->callback([options, again, &status] {
        if (!again->parsed()) {
            status = list(*options);
        }
    });
}

}  // namespace labrelay::app
