#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/store/quarantine_query.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string id;
    std::size_t limit = 100;
    bool json = false;
};

constexpr std::size_t kBytesALine = 16;

nlohmann::ordered_json json_of(const store::Evidence& row) {
    return {{"id", to_base32(row.id)},
            {"code", std::string(key(row.why))},
            {"received_at", to_iso(row.received_at)},
            {"port", row.port},
            {"peer", row.peer},
            {"offset", row.offset},
            {"size", row.size}};
}

std::string line_of(const store::Evidence& row) {
    return fmt::format("{}  {}  {:<16} port {} from {}, byte {} of the connection, {} bytes\n",
                       to_base32(row.id), to_iso(row.received_at), key(row.why), row.port, row.peer,
                       row.offset, row.size);
}

std::string hexadecimal(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
    }
    return text;
}

/// `00000010  4d 53 48 …  MSH|^~`: 16 bytes a line, with a point for what is not visible ASCII.
std::string dump(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += kBytesALine) {
        const std::string_view line = bytes.substr(at, kBytesALine);
        std::string hex;
        std::string visible;
        for (const char c : line) {
            fmt::format_to(std::back_inserter(hex), "{:02x} ", static_cast<unsigned char>(c));
            visible += c >= ' ' && c < 0x7f ? c : '.';
        }
        fmt::format_to(std::back_inserter(text), "{:08x}  {:<49} {}\n", at, hex, visible);
    }
    return text;
}

ExitStatus list(const Options& options) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    for (const store::Evidence& row : store::evidence(*session, options.limit)) {
        std::cout << (options.json ? json_of(row).dump() + "\n" : line_of(row));
    }
    return ExitStatus::fine;
}

ExitStatus show(const Options& options) {
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        std::cerr << describe(session.error()) << "\n";
        return ExitStatus::usage;
    }
    const std::optional<MessageId> id = parse_message_id(options.id);
    const auto found = id ? store::evidence_bytes(*session, *id) : std::nullopt;
    if (!found) {
        std::cerr << describe(Error{Code::not_found, Place{options.id}, {}}) << "\n";
        return ExitStatus::not_fine;
    }
    if (options.json) {
        nlohmann::ordered_json json = json_of(found->row);
        json["hex"] = hexadecimal(found->bytes);
        std::cout << json.dump() << "\n";
    } else {
        std::cout << line_of(found->row)
                  << fmt::format("  {}\n  {}\n", entry(found->row.why).text,
                                 entry(found->row.why).advice)
                  << dump(found->bytes);
    }
    return ExitStatus::fine;
}

}  // namespace

void add_quarantine(CLI::App& app, ExitStatus& status) {
    CLI::App* command =
        app.add_subcommand("quarantine", "Bytes that were no message, kept as evidence");
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    command->add_option("--data", options->data, "The data directory (default data)");
    command->add_flag("--json", options->json, "One JSON object a line");
    CLI::App* listing = command->add_subcommand("list", "One line a piece, newest first");
    listing->fallthrough();
    listing->add_option("--limit", options->limit, "How many (default 100)");
    listing->callback([options, &status] { status = list(*options); });
    CLI::App* showing = command->add_subcommand("show", "One piece, its bytes as hex and text");
    showing->fallthrough();
    showing->add_option("ID", options->id, "From the list")->required();
    showing->callback([options, &status] { status = show(*options); });
}

}  // namespace labrelay::app
