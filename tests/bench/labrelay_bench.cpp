// One run, one table: parsing, process, decide, units, end to end over MLLP, and the bare store
// that the engine is measured against. The same as JSON where --json names a file. See
// docs/performance.md.

#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bare_store.hpp"
#include "bench_databases.hpp"
#include "end_to_end.hpp"
#include "engine_figures.hpp"
#include "labrelay/simulate/traffic.hpp"
#include "report.hpp"
#include "unit_figures.hpp"

namespace {

using namespace labrelay;
using namespace labrelay::bench;

constexpr double kAimOfBareStore = 0.5;
constexpr std::array<std::size_t, 3> kConnections{1, 8, 32};
constexpr double kAimOnPostgres = 0.6;
constexpr double kMessagesOnPostgres = 1'500;  ///< at 32 connections
constexpr std::array<std::size_t, 4> kConnectionsOnPostgres{1, 8, 32, 128};

constexpr std::array<std::size_t, 2> kConnectionsInComparison{32, 128};

struct Options {
    std::filesystem::path json;
    std::filesystem::path data = "build/bench-data";
    std::string mappings = "mappings";
    std::string postgres;                   ///< URL of a server; empty: SQLite only
    std::size_t messages = 20'000;          ///< at most, in each run end to end
    std::size_t milliseconds = 5'000;       ///< of each run end to end
    std::size_t bare_messages = 8'000;      ///< at most, beside each run
    std::size_t bare_milliseconds = 4'000;  ///< of the bare store, at the speed of the run before
};

std::vector<std::string> messages_of(const simulate::Traffic& traffic, std::size_t count) {
    std::vector<std::string> messages;
    messages.reserve(count);
    for (std::uint64_t number = 0; number < count; ++number) {
        messages.push_back(traffic.message(number));
    }
    return messages;
}

std::string name_of(const EndToEndSettings& settings) {
    return fmt::format("{}{}{}{}.{}", settings.store_url.empty() ? "" : "postgres.",
                       settings.nodes == 1 ? "" : fmt::format("{}_nodes.", settings.nodes),
                       settings.lanes == 1 ? "one_lane." : "",
                       settings.target_paused ? "paused" : "running", settings.connections);
}

/// The run end to end, and right after it the store alone with the batch sizes of that run, so that
/// other work on the machine weighs on both.
void measure_run(Report& report, const Options& options, EndToEndSettings settings,
                 const Workload& workload, std::span<const std::string> messages,
                 std::span<const pipeline::CommitItem> items) {
    settings.directory = options.data / "server";
    settings.duration = std::chrono::milliseconds(options.milliseconds);
    const EndToEndRun run = run_end_to_end(settings, workload.configuration, messages);
    const std::string name = name_of(settings);
    const bool postgres = !settings.store_url.empty();
    std::optional<double> aim;
    if (postgres && settings.connections == 32) {
        aim = kMessagesOnPostgres;
    }
    report.add({name, run.messages_per_second(), "messages/s", aim});
    report.add({name + ".p50", run.p50_ms, "ms", {}});
    report.add({name + ".p99", run.p99_ms, "ms", {}});
    report.add({name + ".batch",
                static_cast<double>(run.messages) / static_cast<double>(run.batches),
                "messages",
                {}});
    report.add({name + ".cpu", run.cpu_cores, "cores", {}});
    if (!settings.target_paused) {
        report.add({name + ".forwarded",
                    static_cast<double>(run.forwarded) / static_cast<double>(run.messages),
                    "results/message",
                    {}});
    }
    report.add({name + ".resident_after", resident_mib(), "MiB", {}});

    store::WriterOptions writer;
    writer.targets = {"study"};
    const std::size_t enough = run.messages * options.bare_milliseconds / options.milliseconds;
    const BareStoreRun bare = run_bare_store(
        options.data / "bare",
        items.first(std::min(items.size(), std::max<std::size_t>(enough, 1))), run.batch_sizes(),
        writer, postgres ? BenchDatabases(options.postgres).engine : std::string());
    report.add({name + ".bare_store", bare.messages_per_second(), "messages/s", {}});
    report.add({name + ".ratio", run.messages_per_second() / bare.messages_per_second(),
                "of bare store", postgres ? kAimOnPostgres : kAimOfBareStore});
}

void run(const Options& options) {
    const mapping::Loaded loaded = mapping::load_configuration(options.mappings);
    if (!loaded.configuration) {
        throw std::runtime_error(describe(loaded.errors.front()));
    }
    const simulate::Traffic flow(simulate::TrafficSource::facs_lyric);
    const simulate::Traffic hospital(simulate::TrafficSource::lis_qilu_gb18030);
    const std::vector<std::string> messages = messages_of(flow, options.messages);
    const std::vector<std::string> hospital_messages = messages_of(hospital, 2'000);
    const Workload workload{loaded.configuration,
                            registry_of(flow.subjects_csv(), *loaded.configuration)};

    Report report;
    report.begin("One thread, no store (per second of processor time)");
    measure_parse(report, "flow", messages);
    measure_parse(report, "hospital_gb18030", hospital_messages);
    measure_process(report, "flow", messages, workload);
    measure_process(report, "hospital_gb18030", hospital_messages, workload);
    const DecidedMessages decided(
        report, std::span(messages).first(std::min(messages.size(), options.bare_messages)),
        workload);
    report.add({"resident_before", resident_mib(), "MiB", {}});
    measure_units(report, *loaded.configuration);
    for (const bool paused : {true, false}) {
        report.begin(fmt::format("End to end over MLLP, durable, study target {}",
                                 paused ? "paused" : "running"));
        for (const std::size_t connections : kConnections) {
            EndToEndSettings settings;
            settings.subjects_csv = flow.subjects_csv();
            settings.connections = connections;
            settings.target_paused = paused;
            measure_run(report, options, std::move(settings), workload, messages, decided.items());
        }
    }
    for (const bool paused : {true, false}) {
        if (options.postgres.empty()) {
            break;
        }
        report.begin(fmt::format("The same on PostgreSQL, study target {}",
                                 paused ? "paused" : "on PostgreSQL"));
        for (const std::size_t connections : kConnectionsOnPostgres) {
            const BenchDatabases databases(options.postgres);
            EndToEndSettings settings;
            settings.subjects_csv = flow.subjects_csv();
            settings.connections = connections;
            settings.target_paused = paused;
            settings.store_url = databases.engine;
            settings.target_url = databases.study;
            measure_run(report, options, std::move(settings), workload, messages, decided.items());
        }
    }
    struct Comparison {
        const char* title;
        std::size_t nodes;
        std::uint8_t lanes;
    };
    constexpr std::array kComparisons{
        Comparison{"One committer on PostgreSQL (store.lanes 1), study target paused", 1, 1},
        Comparison{"Two nodes on one PostgreSQL, study target paused", 2, 2}};
    for (const auto& [title, nodes, lanes] : kComparisons) {
        if (options.postgres.empty()) {
            break;
        }
        report.begin(title);
        for (const std::size_t connections : kConnectionsInComparison) {
            const BenchDatabases databases(options.postgres);
            EndToEndSettings settings;
            settings.subjects_csv = flow.subjects_csv();
            settings.nodes = nodes;
            settings.lanes = lanes;
            settings.connections = connections;
            settings.target_paused = true;
            settings.store_url = databases.engine;
            settings.target_url = databases.study;
            measure_run(report, options, std::move(settings), workload, messages, decided.items());
        }
    }

    std::cout << report.table();
    if (!options.json.empty() && !(std::ofstream(options.json) << report.json())) {
        throw std::runtime_error("cannot write " + options.json.string());
    }
    std::filesystem::remove_all(options.data);
}

/// Pairs of a name and a value. By hand: CLI11's headers do not pass the release preset's warnings.
Options read_options(std::span<const std::string> arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const std::string& name = arguments[i];
        if (i + 1 == arguments.size()) {
            throw std::runtime_error(name + " has no value");
        }
        const std::string& value = arguments[i + 1];
        if (name == "--json") {
            options.json = value;
        } else if (name == "--data") {
            options.data = value;
        } else if (name == "--mappings") {
            options.mappings = value;
        } else if (name == "--postgres") {
            options.postgres = value;
        } else if (name == "--milliseconds") {
            options.milliseconds = std::stoul(value);
        } else {
            throw std::runtime_error(
                name +
                ": known are --json, --data, --mappings, --postgres, --milliseconds (of each "
                "run)");
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    spdlog::set_level(spdlog::level::err);
    try {
        run(read_options(arguments));
        return 0;
    } catch (const std::exception& fault) {
        std::cerr << "labrelay_bench: " << fault.what() << "\n";
        return 1;
    }
}
