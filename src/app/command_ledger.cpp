#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/ledger_query.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string day;
    std::string source;
    bool messages = false;
    bool json = false;
};

constexpr std::size_t kPage = 500;

std::string rules_text(const std::vector<store::RuleCount>& rules) {
    std::string text;
    for (const store::RuleCount& rule : rules) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", rule.count, key(rule.rule));
    }
    return text;
}

nlohmann::ordered_json rules_json(const std::vector<store::RuleCount>& rules) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const store::RuleCount& rule : rules) {
        json[std::string(key(rule.rule))] = rule.count;
    }
    return json;
}

void print_row(const store::LedgerRow& row, bool json) {
    if (json) {
        const nlohmann::ordered_json line = {{"day", to_string(row.day)},
                                             {"source", row.source},
                                             {"messages", row.messages},
                                             {"duplicates", row.duplicates},
                                             {"refused", row.refused},
                                             {"quarantined", row.quarantined},
                                             {"received", row.received},
                                             {"stored", row.stored},
                                             {"held", row.held},
                                             {"ignored", row.ignored},
                                             {"balanced", row.balanced()},
                                             {"held_by_rule", rules_json(row.held_by_rule)},
                                             {"ignored_by_rule", rules_json(row.ignored_by_rule)}};
        std::cout << line.dump() << "\n";
        return;
    }
    std::cout << fmt::format(
        "{}  {:<12} {:>6} messages ({} duplicates, {} refused, {} quarantined)  received {} = "
        "stored {} + "
        "held {} + ignored {}{}\n",
        to_string(row.day), row.source.empty() ? "?" : row.source, row.messages, row.duplicates,
        row.refused, row.quarantined, row.received, row.stored, row.held, row.ignored,
        row.balanced() ? "" : "  DOES NOT BALANCE");
    if (!row.held_by_rule.empty()) {
        std::cout << fmt::format("            held: {}\n", rules_text(row.held_by_rule));
    }
    if (!row.ignored_by_rule.empty()) {
        std::cout << fmt::format("            ignored: {}\n", rules_text(row.ignored_by_rule));
    }
}

void print_message(const store::LedgerMessage& message, bool json) {
    if (!json) {
        std::cout << fmt::format("{}\t{}\t{}\t{}\treceived {} = stored {} + held {} + ignored {}\n",
                                 to_base32(message.id), message.source, message.control_id,
                                 study::to_string(message.state), message.counts.received,
                                 message.counts.stored, message.counts.held,
                                 message.counts.ignored);
        return;
    }
    const nlohmann::ordered_json line = {
        {"source", message.source},
        {"control_id", message.control_id},
        {"message_id", to_base32(message.id)},
        {"state", std::string(study::to_string(message.state))},
        {"received", message.counts.received},
        {"stored", message.counts.stored},
        {"held", message.counts.held},
        {"ignored", message.counts.ignored},
        {"received_at", to_iso(message.received_at)},
        {"rule", message.rule == Code::none ? "" : std::string(key(message.rule))}};
    std::cout << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << "\n";
}

ExitStatus ledger(const Options& options) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    store::LedgerFilter filter;
    if (!options.day.empty()) {
        const Result<Timestamp> day = parse_iso_time(options.day);
        if (!day || day->precision != Precision::day) {
            std::cerr << describe(Error{Code::csv_value_bad, Place{"--day"}, options.day}) << "\n";
            return ExitStatus::usage;
        }
        const auto begin =
            std::chrono::duration_cast<std::chrono::microseconds>(day->day.time_since_epoch());
        filter.from = Instant{begin.count()};
        filter.until = Instant{(begin + std::chrono::hours(24)).count()};
    }
    if (!options.source.empty()) {
        filter.source = options.source;
    }
    bool balanced = true;
    if (options.messages) {
        MessageId after;
        while (true) {
            const std::vector<store::LedgerMessage> page =
                store::ledger_messages(*session, filter, after, kPage);
            for (const store::LedgerMessage& message : page) {
                print_message(message, options.json);
                balanced = balanced && message.counts.balanced();
            }
            if (page.size() < kPage) {
                break;
            }
            after = page.back().id;
        }
    } else {
        for (const store::LedgerRow& row : store::ledger(*session, filter)) {
            print_row(row, options.json);
            balanced = balanced && row.balanced();
        }
    }
    return balanced ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_ledger(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("ledger", "The balance sheet, by day and source");
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_option("--day", options->day, "YYYY-MM-DD, UTC");
    command->add_option("--source", options->source, "Only this source");
    command->add_flag("--messages", options->messages, "A line a message");
    command->add_flag("--json", options->json, "One JSON object a line");
    command->callback([options, &status] { status = ledger(*options); });
}

}  // namespace labrelay::app
