#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/dry_run.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/store/result_query.hpp"
#include "labrelay/targets/lab_row.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string mappings = "mappings";
    std::string subject;
    std::string visit;
    bool json = false;
};

nlohmann::ordered_json json_of(const targets::LabRow& row, const std::string& control_id) {
    nlohmann::ordered_json json;
    for (const targets::LabColumn& column : targets::lab_columns()) {
        const std::string name(column.name);
        if (const auto* text = std::get_if<std::string targets::LabRow::*>(&column.member)) {
            if ((row.**text).empty()) {
                json[name] = nullptr;
            } else {
                json[name] = row.**text;
            }
        } else {
            const auto& number =
                row.*std::get<std::optional<std::int64_t> targets::LabRow::*>(column.member);
            json[name] = number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
        }
    }
    json["control_id"] = control_id;
    return json;
}

void print(const targets::LabRow& row, const std::string& control_id, bool json) {
    if (json) {
        std::cout << json_of(row, control_id)
                         .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                  << "\n";
        return;
    }
    std::cout << fmt::format("{:<8} {:<11} {:<10} {:<9} {:>12} {:<16} {:<12} {} {}{}\n",
                             row.subject, row.visit.empty() ? row.visit_kind : row.visit, row.role,
                             row.analyte, row.value_text, row.unit, row.result_state, row.status,
                             row.collected_at,
                             row.grade.empty() || row.grade == "0"
                                 ? ""
                                 : fmt::format(" {} grade {}", row.grade_scale, row.grade));
}

ExitStatus results(const Options& options) {
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
    const targets::AnalyteNames names = targets::analyte_names(configuration->rules().analytes);
    for (const store::StoredResult& stored :
         store::results(*session, store::ResultFilter{options.subject, options.visit})) {
        const Result<targets::LabRows> rows =
            targets::lab_rows(stored.result, names, configuration->rules().scales);
        if (!rows) {
            std::cerr << describe(rows.error()) << "\n";
            return ExitStatus::not_fine;
        }
        print(rows->current, stored.control_id, options.json);
    }
    return ExitStatus::fine;
}

}  // namespace

void add_results(CLI::App& app, ExitStatus& status) {
    CLI::App* command =
        app.add_subcommand("results", "What is stored, in the study database's words");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
    command->add_option("--subject", options->subject, "Only this subject");
    command->add_option("--visit", options->visit, "Only this visit");
    command->add_flag("--json", options->json, "One JSON object a line");
    command->callback([options, &status] { status = results(*options); });
}

}  // namespace labrelay::app
