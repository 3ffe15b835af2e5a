#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/source_watch.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string mappings = "mappings";
    bool json = false;
};

/// A source's status and what was counted of its day.
struct Row {
    SourceStatus status;
    std::int64_t messages_today = 0;
};

/// Since midnight where the source stands.
std::int64_t count_today(store::ReadSession& session, const mapping::SourceDefinition& source,
                         Instant now) {
    const LocalTime local = source.zone->local(now);
    const Instant midnight{now.microseconds - local.time_of_day.count()};
    return store::messages_since(session, source.id, midnight);
}

std::string troubles_of(const SourceStatus& status) {
    std::string text;
    const auto add = [&](const std::string& trouble) {
        text += (text.empty() ? "" : ", ") + trouble;
    };
    if (status.silent) {
        add("silent");
    }
    if (status.clock_off) {
        add(fmt::format(
            "clock off by {} h",
            std::chrono::duration_cast<std::chrono::hours>(*status.clock_skew).count()));
    }
    if (status.sequence_gaps > 0) {
        add(fmt::format("{} sequence gaps", status.sequence_gaps));
    }
    return text;
}

nlohmann::ordered_json json_of(const Row& row) {
    const SourceStatus& status = row.status;
    nlohmann::ordered_json json = {{"source", status.id}, {"mode", status.mode}};
    json["last_message"] =
        status.last_message ? nlohmann::ordered_json(to_iso(*status.last_message)) : nullptr;
    json["messages_today"] = row.messages_today;
    json["silent_minutes"] =
        status.last_message ? nlohmann::ordered_json(status.silence.count()) : nullptr;
    json["silent"] = status.silent;
    json["clock_skew_seconds"] =
        status.clock_skew ? nlohmann::ordered_json(status.clock_skew->count()) : nullptr;
    json["clock_off"] = status.clock_off;
    json["sequence_gaps"] = status.sequence_gaps;
    return json;
}

void print(const Row& row) {
    const SourceStatus& status = row.status;
    const std::string last =
        status.last_message ? "last message " + to_iso(*status.last_message) : "no message";
    const std::string troubles = troubles_of(status);
    std::cout << fmt::format("{:<20} {:<6} {}, {} today{}{}\n", status.id, status.mode, last,
                             row.messages_today, troubles.empty() ? "" : "  ", troubles);
}

ExitStatus sources(const Options& options) {
    const std::shared_ptr<const mapping::Configuration> configuration =
        load_or_report(options.mappings);
    if (!configuration) {
        return ExitStatus::usage;
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const Instant now = SystemClock().now();
    SourceWatch watch(configuration);
    watch.look(*session, now);
    bool fine = true;
    for (SourceStatus& status : watch.report(now)) {
        Row row;
        row.messages_today = count_today(*session, *configuration->source(status.id), now);
        row.status = std::move(status);
        fine = fine && troubles_of(row.status).empty();
        if (options.json) {
            std::cout << json_of(row).dump() << "\n";
        } else {
            print(row);
        }
    }
    return fine ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_sources(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "sources", "Each source: mode, last message, messages today, and what is out of order");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_flag("--json", options->json, "A JSON line a source");
    command->callback([options, &status] { status = sources(*options); });
}

}  // namespace labrelay::app
