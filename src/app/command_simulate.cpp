#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/simulate/samples.hpp"

namespace labrelay::app {

void add_simulate(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "simulate", "Write the traffic of three laboratories over the schedule, with its truth");
    const auto options = std::make_shared<simulate::Options>();
    command->add_option("--out", options->out, "The directory to write")->required();
    command->add_option("--seed", options->seed, "The same seed gives the same bytes");
    command->add_option("--subjects", options->subjects, "At least ten");
    command->callback([options, &status] {
        const Result<simulate::Summary> written = simulate::write_samples(*options);
        if (!written) {
            std::cerr << describe(written.error()) << "\n";
            status = ExitStatus::usage;
            return;
        }
        std::cout << fmt::format(
            "{} messages in {} files: {} observations = {} stored + {} held + {} ignored; {} "
            "messages "
            "refused; {} derived results\n",
            written->messages, written->files, written->observations, written->stored,
            written->held, written->ignored, written->refused, written->derived);
    });
}

}  // namespace labrelay::app
