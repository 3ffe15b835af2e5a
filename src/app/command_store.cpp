#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/data_directory.hpp"
#include "labrelay/store/store_copy.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string to;
};

ExitStatus copy(const Options& options) {
    auto directory = store::DataDirectory::open(options.data, store::DataDirectory::Use::write);
    if (!directory) {
        std::cerr << describe(directory.error()) << "\n";
        return ExitStatus::not_fine;
    }
    const SystemClock clock;
    const auto copied =
        store::copy_store(*directory, options.to, clock.now(), [](const store::CopiedTable& table) {
            std::cerr << fmt::format("{:<22}{:>12}\n", table.table, table.rows);
        });
    if (!copied) {
        std::cerr << describe(copied.error()) << "\n";
        return copied.error().code == Code::setting_bad ? ExitStatus::usage : ExitStatus::not_fine;
    }
    std::int64_t rows = 0;
    for (const store::CopiedTable& table : *copied) {
        rows += table.rows;
    }
    std::cout << fmt::format(
        "{} rows of {} tables copied and counted; the store is there now, "
        "the file is kept as store.db.copied\n",
        rows, copied->size());
    return ExitStatus::fine;
}

}  // namespace

void add_store(CLI::App& app, ExitStatus& status) {
    auto options = std::make_shared<Options>();
    CLI::App* const command = app.add_subcommand("store", "The engine's store");
    command->require_subcommand(1);
    CLI::App* const copying = command->add_subcommand(
        "copy", "Move the store from its SQLite file to PostgreSQL; no server may run");
    copying->add_option("--data", options->data, "The data directory (default data)");
    copying
        ->add_option("--to", options->to,
                     "postgresql://…, an empty database that labrelay may write")
        ->required();
    copying->callback([options, &status] { status = copy(*options); });
}

}  // namespace labrelay::app
