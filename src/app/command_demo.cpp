#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/api/account_command.hpp"
#include "labrelay/app/commands.hpp"
#include "labrelay/app/demo.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/server.hpp"
#include "labrelay/core/file.hpp"
#include "labrelay/crypto/random.hpp"
#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/transport/mllp_client.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string data;
    std::string mappings = "mappings";
    std::string samples = "samples/demo";
    bool once = false;
};

constexpr std::size_t kPasswordBytes = 8;
constexpr std::chrono::seconds kAnswerTimeout{30};

/// A fresh directory that goes away with the demo, unless the user named one.
class DataPlace {
public:
    explicit DataPlace(const std::string& named) : path_(named), own_(named.empty()) {
        if (own_) {
            std::string pattern = (fs::temp_directory_path() / "labrelay-demo-XXXXXX").string();
            if (mkdtemp(pattern.data()) != nullptr) {
                path_ = pattern;
            }
        }
    }
    ~DataPlace() {
        if (own_ && !path_.empty()) {
            std::error_code ignored;
            fs::remove_all(path_, ignored);
        }
    }
    DataPlace(const DataPlace&) = delete;
    DataPlace& operator=(const DataPlace&) = delete;

    const fs::path& path() const { return path_; }

private:
    fs::path path_;
    bool own_;
};

/// Plays the plan: registry files into the registry, messages over MLLP. Counts the answers.
Result<std::map<std::string, int>> play(Server& server, const std::vector<PlanStep>& steps) {
    std::map<std::string, int> answers;
    Result<transport::MllpClient> client =
        transport::MllpClient::connect("127.0.0.1", server.mllp_port(), kAnswerTimeout);
    if (!client) {
        return tl::unexpected(client.error());
    }
    for (const PlanStep& step : steps) {
        const Result<std::string> bytes = read_file(step.file);
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        if (step.kind == "send") {
            const Result<std::string> answer = client->send(*bytes);
            if (!answer) {
                return tl::unexpected(answer.error());
            }
            const std::size_t msa = answer->find("\rMSA|");
            ++answers[msa == std::string::npos ? "?" : answer->substr(msa + 5, 2)];
            continue;
        }
        const Result<std::string> imported =
            step.kind == "subjects"
                ? server.import_subjects(*bytes, step.file.filename().string())
                : server.import_specimens(*bytes, step.file.filename().string());
        if (!imported) {
            return tl::unexpected(imported.error());
        }
        std::cout << "  " << step.file.filename().string() << ": " << *imported << "\n";
    }
    return answers;
}

/// Prints one part of the report; false where it could not be read.
bool print(std::string_view title, const Result<std::string>& text) {
    std::cout << "\n" << title << "\n";
    if (!text) {
        std::cerr << describe(text.error()) << "\n";
        return false;
    }
    std::cout << *text;
    return true;
}

bool equals_truth(const Options& options, const fs::path& data, const fs::path& target) {
    const Result<std::vector<TruthRow>> expected =
        read_truth((fs::path(options.samples) / "truth.csv").string());
    const Result<std::vector<TruthRow>> actual = actual_rows(data, target);
    if (!expected || !actual) {
        std::cerr << describe(!expected ? expected.error() : actual.error()) << "\n";
        return false;
    }
    const std::vector<std::string> differences = compare(*expected, *actual);
    std::cout << "\nTruth: ";
    if (differences.empty()) {
        std::cout << fmt::format("all {} rows of {}/truth.csv are as they must be\n",
                                 expected->size(), options.samples);
        return true;
    }
    std::cout << fmt::format("{} differences\n", differences.size());
    for (const std::string& line : differences) {
        std::cout << line << "\n";
    }
    return false;
}

struct DemoAccount {
    const char* name;
    const char* display_name;
    const char* role;
};
constexpr DemoAccount kAccounts[] = {
    {"manager", "Mei Zhao (demo)", "data-manager"},
    {"second", "Omar Haddad (demo)", "data-manager"},
    {"engineer", "Jonas Lind (demo)", "mapper"},
    {"administrator", "Ada Brown (demo)", "administrator"},
    {"inspector", "Ines Costa (demo)", "inspector"},
};

/// One account for each role, with a password that this run makes; where the data directory has
/// them from an earlier run it says so.
void offer_console(const fs::path& data, std::uint16_t port) {
    std::cout << fmt::format("\nThe page: http://127.0.0.1:{}/\n", port);
    const std::string password = crypto::random_hex(kPasswordBytes);
    const Result<std::string> hash = security::hash_password(password);
    bool made = hash.has_value();
    for (const DemoAccount& account : kAccounts) {
        const nlohmann::json request = {{"do", "add"},
                                        {"by", "demo"},
                                        {"name", account.name},
                                        {"display_name", account.display_name},
                                        {"role", account.role},
                                        {"training", "none: synthetic data"},
                                        {"reason", "demo"},
                                        {"study", ""},
                                        {"site", ""},
                                        {"must_change", false},
                                        {"password", hash.value_or("")}};
        const std::string body = request.dump();
        made = made && write_by_server_or_offline(data.string(), "users", body,
                                                  [&](store::StoreWriter& writer) {
                                                      return api::change_account(writer, body);
                                                  });
        std::cout << fmt::format("  {:<14} {}\n", account.name, account.role);
    }
    std::cout << (made ? "  password of all of them, until this data directory goes: " + password
                       : std::string("  with the passwords of the run that made them"))
              << std::endl;
}

ExitStatus demo(const Options& options) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("labrelay"));
    spdlog::set_level(spdlog::level::warn);  // the report is what is to be read
    const DataPlace place(options.data);
    ServerSettings settings;
    settings.data = place.path();
    settings.mappings = options.mappings;
    settings.log_sources = false;
    if (options.once) {
        settings.mllp.port = 0;
        settings.http_port = 0;
    }
    const Result<std::vector<PlanStep>> steps = read_plan(fs::path(options.samples) / "plan.csv");
    std::shared_ptr<const mapping::Configuration> configuration = load_or_report(options.mappings);
    if (!steps || !configuration) {
        if (!steps) {
            std::cerr << describe(steps.error()) << "\n";
        }
        return ExitStatus::usage;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const Server::Directory directory{mapping::read_configuration_files(settings.mappings).files};
    Result<Server> server = Server::start(settings, std::move(configuration), directory);
    if (!server) {
        std::cerr << describe(server.error()) << "\n";
        return ExitStatus::usage;
    }
    std::cout << fmt::format("labrelay listens for MLLP on 127.0.0.1:{}, data in {}\n",
                             server->mllp_port(), place.path().string());
    const Result<std::map<std::string, int>> answers = play(*server, *steps);
    if (!answers) {
        std::cerr << describe(answers.error()) << "\n";
        return ExitStatus::not_fine;
    }
    server->drain();
    for (const auto& [code, count] : *answers) {
        std::cout << fmt::format("  {} messages answered {}\n", count, code);
    }
    const fs::path target = settings.target_place().path;
    bool fine = print("In the study database, by subject and visit", cd4_table(target));
    fine = print("Held for a data manager", held_list(place.path())) && fine;
    fine = print("Balance", balance_sheet(place.path())) && fine;
    fine = equals_truth(options, place.path(), target) && fine;
    if (!options.once) {
        offer_console(place.path(), server->http_port());
        std::cout << "\nServing on until Ctrl-C.\n" << std::flush;
        int signal = 0;
        sigwait(&signals, &signal);
    }
    server->stop();
    return fine ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_demo(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "demo", "Run the main job on the samples and compare the end with their truth");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default: a temporary one)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--samples", options->samples,
                        "Plan, messages, truth (default samples/demo)");
    command->add_flag("--once", options->once, "End by itself; exit 0 only if the truth is met");
    command->callback([options, &status] { status = demo(*options); });
}

}  // namespace labrelay::app
