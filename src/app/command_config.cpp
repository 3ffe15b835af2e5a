#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/configuration_change.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/core/file.hpp"
#include "labrelay/mapping/configuration_files.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/store/configuration_query.hpp"
#include "labrelay/views/configuration.hpp"

namespace labrelay::app {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string data = "data";
    std::string what;
    std::string other;
    std::string by;
    std::string reason;
    bool drop_taught = false;
    bool json = false;
};

ExitStatus failed(const Error& error, ExitStatus status = ExitStatus::usage) {
    std::cerr << describe(error) << "\n";
    return status;
}

/// `active`, an id, or the beginning of a hash that only one has. Errors: config-unknown.
Result<std::int64_t> version_named(store::ReadSession& session, const std::string& name) {
    if (name == "active") {
        const auto active = store::active_configuration(session);
        if (!active) {
            return fail(Code::config_unknown, Place{name}, "None was activated yet.");
        }
        return active->version;
    }
    std::int64_t id = 0;
    const char* const end = name.data() + name.size();
    if (const auto read = std::from_chars(name.data(), end, id);
        read.ec == std::errc{} && read.ptr == end && store::configuration(session, id)) {
        return id;
    }
    const auto found = store::configurations_of_hash(session, name);
    if (name.empty() || found.empty()) {
        return fail(Code::config_unknown, Place{name});
    }
    // The same files may have been stored twice, then the newest is as good.
    return found.front().id;
}

using Files = std::vector<mapping::ConfigurationFile>;

/// Of a directory, or of a stored configuration.
Result<Files> files_named(store::ReadSession& session, const std::string& name) {
    std::error_code ignored;
    if (fs::is_directory(name, ignored)) {
        mapping::DirectoryFiles read = mapping::read_configuration_files(name);
        if (!read.errors.empty()) {
            const Finding& first = read.errors.front();
            return fail(first.code, first.place, first.detail);
        }
        return std::move(read.files);
    }
    const Result<std::int64_t> id = version_named(session, name);
    if (!id) {
        return tl::unexpected(id.error());
    }
    return store::configuration_files(session, *id).value_or(Files{});
}

/// Runs `work` on a reading session; what fails is on stderr.
ExitStatus reading(const Options& options,
                   const std::function<ExitStatus(store::ReadSession&)>& work) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        return failed(session.error());
    }
    return work(*session);
}

ExitStatus list(const Options& options) {
    return reading(options, [&](store::ReadSession& session) {
        constexpr std::size_t kAll = 1'000'000;
        for (const store::ConfigurationRow& row :
             store::configurations(session, std::nullopt, kAll)) {
            if (options.json) {
                std::cout << views::configuration_json(row).dump() << "\n";
                continue;
            }
            std::cout << fmt::format("{:>5}  {:<8}  {}  {:<6}  {}  {}: {}\n", row.id,
                                     store::to_string(row.state), row.hash.substr(0, 12),
                                     store::to_string(row.origin), to_iso(row.at), row.author,
                                     row.reason);
        }
        return ExitStatus::fine;
    });
}

ExitStatus diff(const Options& options) {
    return reading(options, [&](store::ReadSession& session) {
        const Result<Files> before = files_named(session, options.what);
        const Result<Files> after = files_named(session, options.other);
        if (!before || !after) {
            return failed(before ? after.error() : before.error());
        }
        const auto changes = mapping::difference(*before, *after);
        if (options.json) {
            std::cout << views::changes_json(changes).dump(2) << "\n";
        } else {
            std::cout << views::difference_text(changes);
        }
        return changes.empty() ? ExitStatus::fine : ExitStatus::not_fine;
    });
}

ExitStatus change(const Options& options, ConfigurationRequest request) {
    request.by = options.by;
    request.reason = options.reason;
    request.drop_taught = options.drop_taught;
    const auto offline = [&](store::StoreWriter& writer) {
        return change_configuration(writer, request, [](const auto&) { return Result<void>{}; });
    };
    Result<std::string> done = std::string();
    try {
        done =
            write_by_server_or_offline(options.data, "config/command", to_json(request), offline);
    } catch (const pipeline::StoreFault& fault) {
        return failed({Code::store_io, Place{options.data}, fault.what()});
    }
    if (!done) {
        return failed(done.error(), ExitStatus::not_fine);
    }
    std::cout << *done << (done->ends_with('\n') ? "" : "\n");
    return ExitStatus::fine;
}

ExitStatus activate(const Options& options) {
    ConfigurationRequest request;
    std::error_code ignored;
    if (fs::is_directory(options.what, ignored)) {
        mapping::DirectoryFiles read = mapping::read_configuration_files(options.what);
        if (!read.errors.empty()) {
            const Finding& first = read.errors.front();
            return failed({first.code, first.place, first.detail});
        }
        request.files = std::move(read.files);
        return change(options, std::move(request));
    }
    request.action = ConfigurationRequest::Action::activate_version;
    const ExitStatus found = reading(options, [&](store::ReadSession& session) {
        const Result<std::int64_t> id = version_named(session, options.what);
        if (!id) {
            return failed(id.error());
        }
        request.version = *id;
        return ExitStatus::fine;
    });
    return found == ExitStatus::fine ? change(options, std::move(request)) : found;
}

ExitStatus rollback(const Options& options) {
    ConfigurationRequest request;
    request.action = ConfigurationRequest::Action::rollback;
    if (options.what.empty()) {
        return change(options, std::move(request));
    }
    const ExitStatus found = reading(options, [&](store::ReadSession& session) {
        const Result<std::int64_t> id = version_named(session, options.what);
        if (!id) {
            return failed(id.error());
        }
        request.version = *id;
        return ExitStatus::fine;
    });
    return found == ExitStatus::fine ? change(options, std::move(request)) : found;
}

/// A name that stays below the directory: the loader takes no other, and who stored it may have had
/// another loader.
bool stays_below(const fs::path& name) {
    return name.is_relative() && !name.empty() &&
           std::ranges::none_of(name, [](const fs::path& part) { return part == ".."; });
}

/// Byte for byte, for version control. A file of the directory that the configuration does not have
/// is taken away, and nothing else is touched.
ExitStatus export_files(const Options& options) {
    return reading(options, [&](store::ReadSession& session) {
        const Result<Files> files =
            files_named(session, options.what.empty() ? "active" : options.what);
        if (!files) {
            return failed(files.error());
        }
        const fs::path directory = options.other;
        std::error_code fault;
        fs::create_directories(directory, fault);
        for (const mapping::ConfigurationFile& old :
             mapping::read_configuration_files(directory).files) {
            if (std::ranges::find(*files, old.name, &mapping::ConfigurationFile::name) ==
                files->end()) {
                fs::remove(directory / old.name, fault);
            }
        }
        for (const mapping::ConfigurationFile& file : *files) {
            if (!stays_below(file.name)) {
                return failed({Code::file_unreadable, Place{file.name}, {}});
            }
            const fs::path path = directory / file.name;
            fs::create_directories(path.parent_path(), fault);
            std::ofstream stream(path, std::ios::binary | std::ios::trunc);
            stream << file.bytes;
            stream.close();
            if (!stream) {
                return failed({Code::file_unreadable, Place{path.string()}, {}});
            }
        }
        std::cout << fmt::format("{} files written to {}\n", files->size(), options.other);
        return ExitStatus::fine;
    });
}

/// What the directory would change, and what it lacks; nothing is activated.
ExitStatus check(const Options& options) {
    const mapping::DirectoryFiles read = mapping::read_configuration_files(options.what);
    const mapping::Loaded loaded = mapping::load_configuration(read.files);
    for (const auto* findings : {&read.errors, &loaded.errors}) {
        for (const Finding& finding : *findings) {
            std::cout << describe(finding) << "\n";
        }
    }
    if (!read.errors.empty() || !loaded.configuration) {
        return ExitStatus::not_fine;
    }
    return reading(options, [&](store::ReadSession& session) {
        const auto active = store::active_configuration(session);
        if (!active) {
            std::cout << "no configuration is active yet\n";
            return ExitStatus::fine;
        }
        const Files files = store::configuration_files(session, active->version).value_or(Files{});
        std::cout << views::difference_text(mapping::difference(files, read.files));
        const auto taken = store::configuration_last_taken(session);
        if (!taken) {
            return ExitStatus::fine;
        }
        const Files origin = store::configuration_files(session, *taken).value_or(Files{});
        const auto lacking = mapping::lacking(origin, files, read.files);
        if (lacking.empty()) {
            return ExitStatus::fine;
        }
        std::cout << fmt::format("\n{}\n{}", entry(Code::config_lacks_taught).text,
                                 views::difference_text(lacking));
        return ExitStatus::not_fine;
    });
}

using Run = ExitStatus (*)(const Options&);

CLI::App* add(CLI::App& config, const std::string& name, const std::string& says,
              const std::shared_ptr<Options>& options, Run run, ExitStatus& status) {
    CLI::App* command = config.add_subcommand(name, says);
    command->add_option("--data", options->data, "The data directory (default data)");
    command->callback([options, run, &status] { status = run(*options); });
    return command;
}

void add_reason(CLI::App* command, const std::shared_ptr<Options>& options) {
    command->add_option("--by", options->by, "Who does it")->required();
    command->add_option("--reason", options->reason, "Why")->required();
}

}  // namespace

void add_config(CLI::App& app, ExitStatus& status) {
    CLI::App* config = app.add_subcommand("config", "Configurations and their versions");
    config->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    add(*config, "list", "What was in force, is, and is proposed, newest first", options, list,
        status)
        ->add_flag("--json", options->json, "One JSON object a line");
    CLI::App* difference =
        add(*config, "diff", "What two of them say differently; exits 1 where it is something",
            options, diff, status);
    difference->add_option("BEFORE", options->what, "active, an id, a hash, or a directory")
        ->required();
    difference->add_option("AFTER", options->other, "The same")->required();
    difference->add_flag("--json", options->json, "As JSON");
    CLI::App* activation = add(*config, "activate",
                               "Put a directory, or what was proposed, in force between two "
                               "messages",
                               options, activate, status);
    activation->add_option("WHAT", options->what, "A directory, an id or a hash")->required();
    activation->add_flag("--drop-taught", options->drop_taught,
                         "Although the directory lacks what was taught on the page");
    add_reason(activation, options);
    CLI::App* back =
        add(*config, "rollback", "Put one in force that was before", options, rollback, status);
    back->add_option("--to", options->what, "An id or a hash (default the one before)");
    add_reason(back, options);
    CLI::App* writing =
        add(*config, "export", "Write the files of one into a directory, byte for byte", options,
            export_files, status);
    writing->add_option("DIR", options->other, "The directory")->required();
    writing->add_option("WHAT", options->what, "active (default), an id or a hash");
    add(*config, "check",
        "What a directory would change, and what was taught on the page that it lacks", options,
        check, status)
        ->add_option("DIR", options->what, "The directory")
        ->required();
}

}  // namespace labrelay::app
