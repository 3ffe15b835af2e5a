#pragma once

namespace CLI {
class App;
}

namespace labrelay::app {

/// Exit status of every command: 0 fine; 1 what was asked about is not fine; 2 usage or
/// configuration.
enum class ExitStatus : int { fine = 0, not_fine = 1, usage = 2 };

/// Each adds one subcommand, which sets `status` when it runs. One file a command:
/// command_<name>.cpp.
void add_parse(CLI::App& app, ExitStatus& status);
void add_ack(CLI::App& app, ExitStatus& status);
void add_explain(CLI::App& app, ExitStatus& status);
void add_check(CLI::App& app, ExitStatus& status);
void add_test(CLI::App& app, ExitStatus& status);
void add_config(CLI::App& app, ExitStatus& status);
void add_send(CLI::App& app, ExitStatus& status);
void add_serve(CLI::App& app, ExitStatus& status);
void add_demo(CLI::App& app, ExitStatus& status);
void add_subjects(CLI::App& app, ExitStatus& status);
void add_specimens(CLI::App& app, ExitStatus& status);
void add_eligibility(CLI::App& app, ExitStatus& status);
void add_expected(CLI::App& app, ExitStatus& status);
void add_export(CLI::App& app, ExitStatus& status);
void add_results(CLI::App& app, ExitStatus& status);
void add_ledger(CLI::App& app, ExitStatus& status);
void add_sources(CLI::App& app, ExitStatus& status);
void add_problems(CLI::App& app, ExitStatus& status);
void add_lock(CLI::App& app, ExitStatus& status);  ///< lock, freeze, unlock, unfreeze, locks
void add_post_lock(CLI::App& app, ExitStatus& status);
void add_reconcile(CLI::App& app, ExitStatus& status);
void add_message(CLI::App& app, ExitStatus& status);
void add_deliveries(CLI::App& app, ExitStatus& status);
void add_quarantine(CLI::App& app, ExitStatus& status);
void add_audit(CLI::App& app, ExitStatus& status);
void add_simulate(CLI::App& app, ExitStatus& status);
void add_store(CLI::App& app, ExitStatus& status);
void add_units(CLI::App& app, ExitStatus& status);
void add_user(CLI::App& app, ExitStatus& status);

}  // namespace labrelay::app
