#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/problem_text.hpp"
#include "labrelay/store/problem_query.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string state;
    std::string source;
    std::string id;
    bool json = false;
};

constexpr std::size_t kPage = 500;

nlohmann::ordered_json json_of(const store::ProblemRow& row, const std::string& object) {
    return {{"id", row.id.value},
            {"state", std::string(store::to_string(row.state))},
            {"rule", std::string(key(row.rule))},
            {"source", row.source},
            {"object", object},
            {"held", row.held},
            {"total", row.total},
            {"subjects", row.subjects},
            {"first", to_iso(row.first)},
            {"last", to_iso(row.last)},
            {"text", std::string(entry(row.rule).text)},
            {"advice", std::string(entry(row.rule).advice)}};
}

ExitStatus list(const Options& options) {
    store::ProblemFilter filter;
    if (!options.state.empty()) {
        filter.state = store::problem_state_from(options.state);
        if (!filter.state) {
            std::cerr << describe(Error{Code::usage, Place{"--state"},
                                        "open, in review, resolved or dismissed"})
                      << "\n";
            return ExitStatus::usage;
        }
    }
    if (!options.source.empty()) {
        filter.source = options.source;
    }
    group_problems_offline(options.data);
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const study::Registry registry = store::read_registry(*session);
    for (const store::ProblemRow& row : store::problems(*session, filter)) {
        const std::string object = object_text(row, registry);
        if (options.json) {
            std::cout << json_of(row, object)
                             .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                      << "\n";
        } else {
            std::cout << fmt::format("{:>4}  {:<9} {:>4} results  {:<24} {:<12} {}\n", row.id.value,
                                     store::to_string(row.state), row.held, key(row.rule),
                                     row.source, object);
        }
    }
    return ExitStatus::fine;
}

ExitStatus show(const Options& options) {
    ProblemId id;
    const char* end = options.id.data() + options.id.size();
    if (const auto [parsed, error] = std::from_chars(options.id.data(), end, id.value);
        error != std::errc() || parsed != end) {
        std::cerr << describe(Error{Code::not_found, Place{options.id}, {}}) << "\n";
        return ExitStatus::usage;
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const std::optional<store::ProblemRow> row = store::problem(*session, id);
    if (!row) {
        std::cerr << describe(Error{Code::not_found, Place{"problem " + options.id}, {}}) << "\n";
        return ExitStatus::not_fine;
    }
    const std::string object = object_text(*row, store::read_registry(*session));
    nlohmann::ordered_json json = json_of(*row, object);
    json["items"] = nlohmann::ordered_json::array();
    if (!options.json) {
        std::cout << fmt::format(
            "problem {} ({})\n  {}\n  {}\n  {} {}: {} held of {}, {} subjects\n", row->id.value,
            store::to_string(row->state), entry(row->rule).text, entry(row->rule).advice,
            row->source, object, row->held, row->total, row->subjects);
    }
    ObservationId after;
    while (true) {
        const std::vector<store::ProblemItem> items =
            store::problem_items(*session, id, after, kPage);
        for (const store::ProblemItem& item : items) {
            if (options.json) {
                json["items"].push_back({{"observation", to_string(item.id)},
                                         {"control_id", item.control_id},
                                         {"place", item.place},
                                         {"code", item.code},
                                         {"value_reported", item.value_reported},
                                         {"unit_reported", item.unit_reported},
                                         {"collected", item.collected},
                                         {"released", item.released.has_value()}});
            } else {
                std::cout << fmt::format("  {}  {} {}  {} {} {}{}\n", item.control_id, item.place,
                                         item.code, item.value_reported, item.unit_reported,
                                         item.collected, item.released ? "  released" : "");
            }
        }
        if (items.size() < kPage) {
            break;
        }
        after = items.back().id;
    }
    if (options.json) {
        std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                  << "\n";
    }
    return ExitStatus::fine;
}

}  // namespace

void add_problems(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("problems", "What is held, grouped by cause");
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_flag("--json", options->json, "As JSON");
    CLI::App* listing = command->add_subcommand("list", "One line a problem, most results first");
    listing->fallthrough();
    listing->add_option("--state", options->state, "open, in review, resolved or dismissed");
    listing->add_option("--source", options->source, "Only this source");
    listing->callback([options, &status] { status = list(*options); });
    CLI::App* showing =
        command->add_subcommand("show", "One problem and the observations it holds");
    showing->fallthrough();
    showing->add_option("ID", options->id, "From the list")->required();
    showing->callback([options, &status] { status = show(*options); });
}

}  // namespace labrelay::app
