#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/server.hpp"
#include "labrelay/mapping/configuration_files.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string config;
    std::string data;
    std::string mappings;
    std::vector<std::string> assignments;
    bool take_files = false;
};

/// The settings in force; nothing where something is wrong, which is on stderr then.
std::optional<ServerSettings> settings_from(const Options& options) {
    ServerSettings settings;
    bool fine = true;
    if (!options.config.empty()) {
        for (const Error& error : apply_file(settings, options.config)) {
            std::cerr << describe(error) << "\n";
            fine = false;
        }
    }
    if (!options.data.empty()) {
        settings.data = options.data;
    }
    if (!options.mappings.empty()) {
        settings.mappings = options.mappings;
    }
    for (const std::string& assignment : options.assignments) {
        if (const Result<void> applied = apply_assignment(settings, assignment); !applied) {
            std::cerr << describe(applied.error()) << "\n";
            fine = false;
        }
    }
    for (const Error& error : check_settings(settings)) {
        std::cerr << describe(error) << "\n";
        fine = false;
    }
    return fine ? std::optional(settings) : std::nullopt;
}

nlohmann::ordered_json ways_in(const Server& server) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const WaysIn::Address& way : server.addresses()) {
        nlohmann::ordered_json one = {{"kind", way.kind}, {"name", way.name}};
        if (way.kind == "folder") {
            one["path"] = way.host;
        } else {
            one["host"] = way.host;
            one["port"] = way.port;
            one["tls"] = way.tls;
        }
        all.push_back(std::move(one));
    }
    return all;
}

ExitStatus serve(const Options& options) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("labrelay"));
    const std::optional<ServerSettings> settings = settings_from(options);
    if (!settings) {
        return ExitStatus::usage;
    }
    std::shared_ptr<const mapping::Configuration> configuration =
        load_or_report(settings->mappings.string());
    if (!configuration) {
        return ExitStatus::usage;
    }
    const Server::Directory directory{mapping::read_configuration_files(settings->mappings).files,
                                      options.take_files};
    // A peer that went away is an error of the write, not the end of the server.
    std::signal(SIGPIPE, SIG_IGN);
    // Blocked before any thread is made, so that only sigwait() below takes them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    Result<Server> server = Server::start(*settings, configuration, directory);
    if (!server) {
        std::cerr << describe(server.error()) << "\n";
        return ExitStatus::usage;
    }
    const nlohmann::ordered_json ready = {
        {"ready", true},
        {"mllp", {{"host", settings->mllp.host}, {"port", server->mllp_port()}}},
        {"http",
         {{"host", settings->http_host},
          {"port", server->http_port()},
          {"tls", settings->http_tls}}},
        {"ways_in", ways_in(*server)},
        {"data", settings->data.string()},
        {"config", server->config_hash()}};
    std::cout << ready.dump() << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
    spdlog::info("stopping: what was received is committed and answered first");
    server->stop();
    return ExitStatus::fine;
}

std::string settings_help() {
    std::string text = "Settings for --set and labrelay.xml:\n";
    for (const SettingDescription& setting : setting_descriptions()) {
        text += "  " + setting.name + ": " + setting.meaning + "\n";
    }
    return text;
}

}  // namespace

void add_serve(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("serve", "Run listener, pipeline and forwarding");
    const auto options = std::make_shared<Options>();
    command->add_option("--config", options->config, "Server settings (labrelay.xml)");
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--set", options->assignments, "NAME=VALUE, overrides any server setting");
    command->add_flag("--take-files", options->take_files,
                      "Take the configuration directory although it lacks what was taught or "
                      "decided on the page since it was taken");
    command->footer(settings_help());
    command->callback([options, &status] { status = serve(*options); });
}

}  // namespace labrelay::app
