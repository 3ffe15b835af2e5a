#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/store/message_query.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string id;
    bool raw = false;
    bool json = false;
};

nlohmann::ordered_json json_of(const store::MessageDetail& detail) {
    nlohmann::ordered_json json = {
        {"message_id", to_base32(detail.arrival.message_id)},
        {"source", detail.source},
        {"control_id", detail.control_id},
        {"message_type", detail.message_type},
        {"state", std::string(study::to_string(detail.state))},
        {"rule", detail.rule == Code::none ? "" : std::string(key(detail.rule))},
        {"received_at", to_iso(detail.arrival.received_at)},
        {"peer", detail.arrival.peer},
        {"size", detail.size},
        {"sha256", detail.sha256},
        {"answer", std::string(hl7::to_string(detail.answer.code))},
        {"received", detail.counts.received},
        {"stored", detail.counts.stored},
        {"held", detail.counts.held},
        {"ignored", detail.counts.ignored},
        {"config_hash", detail.config_hash}};
    json["duplicates"] = nlohmann::ordered_json::array();
    for (const MessageId duplicate : detail.duplicates) {
        json["duplicates"].push_back(to_base32(duplicate));
    }
    if (detail.arrival.batch) {
        json["batch"] = to_base32(detail.arrival.batch->message_id);
    }
    if (detail.state == study::MessageState::batch) {
        json["members"] = nlohmann::ordered_json::array();
        for (const MessageId member : detail.members) {
            json["members"].push_back(to_base32(member));
        }
    }
    json["observations"] = nlohmann::ordered_json::array();
    for (const store::ObservationLine& line : detail.observations) {
        json["observations"].push_back(
            {{"observation", line.ordinal},
             {"place", line.place.text},
             {"disposition", std::string(study::to_string(line.disposition))},
             {"rule", line.rule == Code::none ? "" : std::string(key(line.rule))},
             {"code", line.code},
             {"analyte", line.version.analyte},
             {"value_reported", line.version.value.value_reported},
             {"unit_reported", line.version.value.unit_reported},
             {"value_text", line.version.value.value_text},
             {"unit", line.version.value.unit}});
    }
    return json;
}

void print(const store::MessageDetail& detail) {
    std::cout << fmt::format(
        "message {}  {} {}  {}  {}{}\n  received {} from {}  {} bytes  sha256 {}\n  answered {}\n",
        to_base32(detail.arrival.message_id), detail.source.empty() ? "?" : detail.source,
        detail.control_id, detail.message_type, study::to_string(detail.state),
        detail.rule == Code::none ? "" : " " + std::string(key(detail.rule)),
        to_iso(detail.arrival.received_at), detail.arrival.peer, detail.size, detail.sha256,
        detail.answer.silent ? "nothing" : hl7::to_string(detail.answer.code));
    if (!detail.duplicates.empty()) {
        std::cout << fmt::format("  came again {} times\n", detail.duplicates.size());
    }
    if (detail.arrival.batch) {
        std::cout << fmt::format("  from batch {}, byte {}\n",
                                 to_base32(detail.arrival.batch->message_id),
                                 detail.arrival.batch->offset);
    }
    for (const MessageId member : detail.members) {
        std::cout << fmt::format("  member {}\n", to_base32(member));
    }
    for (const store::ObservationLine& line : detail.observations) {
        std::cout << fmt::format(
            "  {:<8} {:<8} {:<22} {:<24} {:<9} {}\n", line.place.text,
            study::to_string(line.disposition), line.rule == Code::none ? "" : key(line.rule),
            line.code, line.version.analyte,
            line.version.value.value_text.empty()
                ? line.version.value.value_reported
                : line.version.value.value_text + " " + line.version.value.unit);
    }
}

ExitStatus message(const Options& options) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const std::vector<MessageId> ids = store::find_messages(*session, options.id);
    if (ids.empty()) {
        std::cerr << describe(Error{Code::not_found, Place{options.id}, {}}) << "\n";
        return ExitStatus::not_fine;
    }
    for (const MessageId id : ids) {
        const std::optional<store::MessageDetail> detail = store::message(*session, id);
        if (!detail) {
            continue;
        }
        if (options.raw) {
            std::cout << detail->bytes.value_or("");
        } else if (options.json) {
            std::cout << json_of(*detail).dump(-1, ' ', false,
                                               nlohmann::ordered_json::error_handler_t::replace)
                      << "\n";
        } else {
            print(*detail);
        }
    }
    return ExitStatus::fine;
}

}  // namespace

void add_message(CLI::App& app, ExitStatus& status) {
    CLI::App* command =
        app.add_subcommand("message", "What stands of a message, by control id or message id");
    const auto options = std::make_shared<Options>();
    command->add_option("ID", options->id, "MSH-10 or our message id")->required();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_flag("--raw", options->raw, "The bytes as received");
    command->add_flag("--json", options->json, "One JSON object a line");
    command->callback([options, &status] { status = message(*options); });
}

}  // namespace labrelay::app
