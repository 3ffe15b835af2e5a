#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/transport/mllp_client.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string host = "127.0.0.1";
    std::uint16_t port = 2575;
    int timeout_seconds = 30;
};

/// MSA-1 and, where it is not positive, what the first ERR says.
struct Acknowledged {
    std::string code;
    std::string why;
};

Acknowledged read_acknowledgement(std::string answer) {
    Acknowledged read;
    const Result<hl7::Message> message = hl7::Message::parse(std::move(answer));
    if (!message) {
        return read;
    }
    if (const auto msa = message->find("MSA")) {
        read.code = msa->field(1).text();
        read.why = msa->field(3).text();
    }
    if (const auto err = message->find("ERR"); err && !err->field(8).text().empty()) {
        read.why = err->field(8).text();
    }
    return read;
}

ExitStatus send(const Options& options) {
    Result<transport::MllpClient> client = transport::MllpClient::connect(
        options.host, options.port, std::chrono::seconds(options.timeout_seconds));
    if (!client) {
        std::cerr << describe(client.error()) << "\n";
        return ExitStatus::not_fine;
    }
    ExitStatus status = ExitStatus::fine;
    for (const std::string& file : options.files) {
        const Result<std::string> bytes = read_input(file);
        if (!bytes) {
            std::cerr << describe(bytes.error()) << "\n";
            return ExitStatus::usage;
        }
        for (const std::string& message : messages_in(*bytes)) {
            const std::string control_id = hl7::read_header_of_unreadable(message).control_id;
            const auto before = std::chrono::steady_clock::now();
            const Result<std::string> answer = client->send(message);
            const auto after = std::chrono::steady_clock::now();
            if (!answer) {
                std::cout << fmt::format("{}\t-\t-\n", control_id);
                std::cerr << describe(answer.error()) << "\n";
                return ExitStatus::not_fine;
            }
            const Acknowledged read = read_acknowledgement(*answer);
            std::cout << fmt::format(
                "{}\t{}\t{:.1f} ms{}\n", control_id, read.code.empty() ? "?" : read.code,
                std::chrono::duration<double, std::milli>(after - before).count(),
                read.code == "AA" || read.why.empty() ? "" : "\t" + read.why);
            if (read.code != "AA" && read.code != "CA") {
                status = ExitStatus::not_fine;
            }
        }
    }
    return status;
}

}  // namespace

void add_send(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("send", "Send messages over MLLP and show the answers");
    const auto options = std::make_shared<Options>();
    command->add_option("FILE", options->files, "Messages, or - for standard input")->required();
    command->add_option("--host", options->host, "Default 127.0.0.1");
    command->add_option("--port", options->port, "Default 2575");
    command->add_option("--timeout", options->timeout_seconds, "Seconds to wait for an answer");
    command->callback([options, &status] { status = send(*options); });
}

}  // namespace labrelay::app
