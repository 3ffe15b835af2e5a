#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/api/account_command.hpp"
#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/password_input.hpp"
#include "labrelay/security/account_name.hpp"
#include "labrelay/security/password.hpp"
#include "labrelay/store/account.hpp"
#include "labrelay/views/account.hpp"

namespace labrelay::app {
namespace {

constexpr std::size_t kPage = 500;

struct Options {
    std::string data = "data";
    std::string name;
    std::string display_name;
    std::string role;
    std::string study;
    std::string site;
    std::string training;
    std::string reason;
    std::string password_file;
    std::string at;
    bool own = false;
    bool json = false;
};

/// Who runs the command, as the host knows them.
std::string host_user() {
    const passwd* const user = ::getpwuid(::geteuid());
    return user != nullptr ? user->pw_name : std::to_string(::geteuid());
}

ExitStatus refused(const Error& error) {
    std::cerr << describe(error) << "\n";
    const bool usage = error.code == Code::usage || error.code == Code::body_bad ||
                       error.code == Code::parameter_bad || error.code == Code::file_unreadable;
    return usage ? ExitStatus::usage : ExitStatus::not_fine;
}

/// The hash of a password that may be chosen: the password itself leaves this process in no form.
Result<std::string> read_hash(const Options& options) {
    const Result<std::string> password = read_password(options.password_file, options.name);
    if (!password) {
        return password;
    }
    if (const auto strong = security::check_password(*password, options.name); !strong) {
        return tl::unexpected(strong.error());
    }
    return security::hash_password(*password);
}

ExitStatus change(const std::string& action, const Options& options) {
    if (const auto name = security::account_name(options.name); !name) {
        return refused(name.error());
    }
    nlohmann::json request = {{"do", action},
                              {"by", host_user()},
                              {"name", options.name},
                              {"reason", options.reason},
                              {"display_name", options.display_name},
                              {"role", options.role},
                              {"study", options.study},
                              {"site", options.site},
                              {"training", options.training},
                              {"must_change", !options.own}};
    if (action == "add" || action == "password") {
        Result<std::string> hash = read_hash(options);
        if (!hash) {
            return refused(hash.error());
        }
        request["password"] = std::move(*hash);
    }
    const std::string body = request.dump();
    const Result<std::string> done = write_by_server_or_offline(
        options.data, "users", body,
        [&](store::StoreWriter& writer) { return api::change_account(writer, body); });
    if (!done) {
        return refused(done.error());
    }
    std::cout << *done << (done->ends_with('\n') ? "" : "\n");
    return ExitStatus::fine;
}

std::string where(const security::Grant& grant) {
    return fmt::format("{}{}", grant.study.empty() ? "all studies" : grant.study,
                       grant.site.empty() ? "" : " " + grant.site);
}

void print(const store::Account& account, bool json) {
    if (json) {
        std::cout << views::account_json(account).dump() << "\n";
        return;
    }
    std::cout << fmt::format(
        "{:<20} {:<8} {}{}{}\n", account.name, to_string(account.state), account.display_name,
        account.second_factor ? ", second factor" : "",
        account.closed_until ? ", closed until " + to_iso(*account.closed_until) : "");
    for (const store::AccountGrant& grant : account.grants) {
        if (!grant.until) {
            std::cout << fmt::format("    {} in {} since {}\n",
                                     security::to_string(grant.grant.role), where(grant.grant),
                                     to_iso(grant.from));
        }
    }
}

ExitStatus list(const Options& options) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        return refused(session.error());
    }
    for (std::int64_t after = 0;;) {
        const std::vector<store::Account> found = store::accounts(*session, after, kPage);
        for (const store::Account& account : found) {
            print(account, options.json);
            after = account.id;
        }
        if (found.size() < kPage) {
            return ExitStatus::fine;
        }
    }
}

/// The end of the day, UTC, or now.
Result<Instant> instant_of(const std::string& text) {
    if (text.empty()) {
        return SystemClock().now();
    }
    const Result<Timestamp> time = parse_iso_time(text);
    if (!time || time->precision != Precision::day) {
        return fail(Code::usage, Place{"--at"}, "write a day: 2026-11-29");
    }
    constexpr std::chrono::microseconds kDay = std::chrono::hours(24);
    const std::chrono::microseconds day = time->day.time_since_epoch();
    return Instant{(day + kDay).count() - 1};
}

ExitStatus access(const Options& options) {
    const Result<Instant> at = instant_of(options.at);
    if (!at) {
        return refused(at.error());
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        return refused(session.error());
    }
    for (std::int64_t after = 0;;) {
        const std::vector<store::AccessRow> found = store::access_at(*session, *at, after, kPage);
        for (const store::AccessRow& row : found) {
            after = row.grant.id;
            if (options.json) {
                std::cout << views::access_json(row).dump() << "\n";
                continue;
            }
            std::cout << fmt::format("{:<20} {:<24} {:<14} {} from {} to {} by {} ({})\n", row.name,
                                     row.display_name, security::to_string(row.grant.grant.role),
                                     where(row.grant.grant), to_iso(row.grant.from),
                                     row.grant.until ? to_iso(*row.grant.until) : "now",
                                     row.grant.granted_by, row.grant.training);
        }
        if (found.size() < kPage) {
            return ExitStatus::fine;
        }
    }
}

void add_data(CLI::App& command, Options& options) {
    command.add_option("--data", options.data, "The data directory (default data)");
}

void add_role(CLI::App& command, Options& options, bool required) {
    auto* const role = command.add_option(
        "--role", options.role, "viewer, data-manager, mapper, administrator or inspector");
    role->required(required);
    command.add_option("--study", options.study, "Only in this study (default all)");
    command.add_option("--site", options.site, "Only at this site of the study (default all)");
}

void add_training(CLI::App& command, Options& options) {
    command.add_option("--training", options.training,
                       "The role's training on record: a day and a document");
}

void add_password(CLI::App& command, Options& options) {
    command.add_option("--password-file", options.password_file,
                       "The password is the first line of this file; - is standard input. On a "
                       "terminal it is asked for");
    command.add_flag("--own", options.own,
                     "The person types it themselves: it need not be changed at the first sign-in");
}

struct Added {
    CLI::App* command;
    std::shared_ptr<Options> options;
};

Added add_change(CLI::App& user, const std::string& name, const std::string& action,
                 const std::string& says, ExitStatus& status) {
    CLI::App* command = user.add_subcommand(name, says);
    const auto options = std::make_shared<Options>();
    command->add_option("name", options->name, "The account's name")->required();
    command->add_option("--reason", options->reason, "Why, for the audit trail")
        ->required(action != "add");
    add_data(*command, *options);
    command->callback([action, options, &status] { status = change(action, *options); });
    return {command, options};
}

}  // namespace

void add_user(CLI::App& app, ExitStatus& status) {
    CLI::App* user =
        app.add_subcommand("user", "Accounts of the console: the first administrator is made here");
    user->require_subcommand(1);
    const Added added = add_change(*user, "add", "add", "Makes an account, with a role", status);
    added.command->add_option("--display-name", added.options->display_name, "The person's name");
    add_role(*added.command, *added.options, false);
    add_training(*added.command, *added.options);
    add_password(*added.command, *added.options);
    const Added password =
        add_change(*user, "passwd", "password", "Sets a password; its sessions end", status);
    add_password(*password.command, *password.options);
    const Added grant = add_change(*user, "grant", "grant", "Gives a role", status);
    add_role(*grant.command, *grant.options, true);
    add_training(*grant.command, *grant.options);
    const Added revoke = add_change(*user, "revoke", "revoke", "Ends a role", status);
    add_role(*revoke.command, *revoke.options, true);
    add_change(*user, "disable", "disable", "Closes an account at once; its sessions end", status);
    add_change(*user, "enable", "enable", "Opens it again", status);
    add_change(*user, "unlock", "unlock", "Opens what failures have closed", status);

    const auto listed = std::make_shared<Options>();
    CLI::App* listing = user->add_subcommand("list", "Accounts and their roles");
    add_data(*listing, *listed);
    listing->add_flag("--json", listed->json, "One JSON object a line");
    listing->callback([listed, &status] { status = list(*listed); });

    const auto asked = std::make_shared<Options>();
    CLI::App* past = user->add_subcommand("access", "Who could do what at the end of a day");
    add_data(*past, *asked);
    past->add_option("--at", asked->at, "The day, UTC (default now)");
    past->add_flag("--json", asked->json, "One JSON object a line");
    past->callback([asked, &status] { status = access(*asked); });
}

}  // namespace labrelay::app
