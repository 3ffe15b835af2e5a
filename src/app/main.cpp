#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "labrelay/app/commands.hpp"

int main(int argc, char** argv) {
    using labrelay::app::ExitStatus;
    CLI::App app(
        "labrelay: laboratory results into the study database, by visit. "
        "Synthetic data only; not for patient care.");
    app.set_version_flag("--version", LABRELAY_VERSION);
    app.require_subcommand(1);
    ExitStatus status = ExitStatus::fine;
    labrelay::app::add_serve(app, status);
    labrelay::app::add_demo(app, status);
    labrelay::app::add_parse(app, status);
    labrelay::app::add_ack(app, status);
    labrelay::app::add_explain(app, status);
    labrelay::app::add_check(app, status);
    labrelay::app::add_test(app, status);
    labrelay::app::add_config(app, status);
    labrelay::app::add_send(app, status);
    labrelay::app::add_subjects(app, status);
    labrelay::app::add_specimens(app, status);
    labrelay::app::add_results(app, status);
    labrelay::app::add_export(app, status);
    labrelay::app::add_eligibility(app, status);
    labrelay::app::add_expected(app, status);
    labrelay::app::add_ledger(app, status);
    labrelay::app::add_sources(app, status);
    labrelay::app::add_problems(app, status);
    labrelay::app::add_lock(app, status);
    labrelay::app::add_post_lock(app, status);
    labrelay::app::add_reconcile(app, status);
    labrelay::app::add_message(app, status);
    labrelay::app::add_deliveries(app, status);
    labrelay::app::add_quarantine(app, status);
    labrelay::app::add_audit(app, status);
    labrelay::app::add_simulate(app, status);
    labrelay::app::add_store(app, status);
    labrelay::app::add_units(app, status);
    labrelay::app::add_user(app, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
        app.exit(error);
        return static_cast<int>(asked ? ExitStatus::fine : ExitStatus::usage);
    } catch (const std::exception& fault) {
        std::cerr << "labrelay: " << fault.what() << "\n";
        return static_cast<int>(ExitStatus::not_fine);
    }
    return static_cast<int>(status);
}
