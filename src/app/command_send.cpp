#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/folder_drop.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/hl7/batch.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/pipeline/ack_condition.hpp"
#include "labrelay/transport/http_sender.hpp"
#include "labrelay/transport/mllp_client.hpp"
#include "labrelay/transport/tls.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::vector<std::string> files;
    std::string host = "127.0.0.1";
    std::optional<std::uint16_t> port;
    int timeout_seconds = 30;
    bool tls = false;
    transport::TlsFiles tls_files;
    std::string http;
    std::string folder;
};

using Deliver = std::function<Result<std::string>(const std::string&)>;

/// What came back for one message: its acknowledgements in order (two in enhanced mode, one a
/// member for a batch), and what the first ERR says.
struct Acknowledged {
    std::vector<std::string> codes;
    std::string why;

    bool positive() const {
        return std::all_of(codes.begin(), codes.end(),
                           [](const std::string& code) { return code == "AA" || code == "CA"; });
    }
};

void read_acknowledgement(std::string_view answer, Acknowledged& read) {
    const Result<hl7::Message> message = hl7::Message::parse(std::string(answer));
    std::string code;
    if (message) {
        if (const auto msa = message->find("MSA")) {
            code = msa->field(1).text();
            read.why = read.why.empty() ? msa->field(3).text() : read.why;
        }
        if (const auto err = message->find("ERR"); err && !err->field(8).text().empty()) {
            read.why = err->field(8).text();
        }
    }
    read.codes.push_back(code.empty() ? "?" : code);
}

Acknowledged read_acknowledgements(std::string_view answer) {
    Acknowledged read;
    if (const std::optional<hl7::Batch> batch = hl7::split_batch(answer)) {
        for (const hl7::BatchMember& member : batch->members) {
            read_acknowledgement(answer.substr(member.offset, member.size), read);
        }
    } else if (!answer.empty()) {
        read_acknowledgement(answer, read);
    }
    return read;
}

/// The acknowledgements that the message asks for, one after the other: in enhanced mode the
/// application's may follow the acceptance's, which alone says whether it does.
Result<std::string> exchange(transport::MllpClient& client, const std::string& message) {
    using pipeline::AckCondition;
    const hl7::Header header = hl7::read_header_of_unreadable(message);
    const AckCondition accept = pipeline::ack_condition(header.accept_ack);
    const AckCondition application = pipeline::ack_condition(header.application_ack);
    const auto none = [](AckCondition asked) {
        return asked == AckCondition::never || asked == AckCondition::unsaid;
    };
    const bool original = accept == AckCondition::unsaid && application == AckCondition::unsaid;
    if (!original && none(accept) && none(application)) {
        const Result<void> written = client.write(message);
        return written ? Result<std::string>(std::string()) : tl::unexpected(written.error());
    }
    Result<std::string> first = client.send(message);
    if (!first || original || application != AckCondition::always ||
        read_acknowledgements(*first).codes != std::vector<std::string>{"CA"}) {
        return first;
    }
    const Result<std::string> second = client.read_answer();
    return second ? Result<std::string>(*first + *second) : second;
}

Result<std::shared_ptr<const transport::TlsContext>> tls_of(const Options& options) {
    return transport::TlsContext::for_client(options.tls_files);
}

/// Each way in, as a function from a message to its answer.
Result<Deliver> over_http(const Options& options) {
    std::shared_ptr<const transport::TlsContext> tls;
    if (options.http.starts_with("https:")) {
        Result<std::shared_ptr<const transport::TlsContext>> made = tls_of(options);
        if (!made) {
            return tl::unexpected(made.error());
        }
        tls = *made;
    }
    Result<transport::HttpSender> sender = transport::HttpSender::to(
        options.http, std::chrono::seconds(options.timeout_seconds), std::move(tls));
    if (!sender) {
        return tl::unexpected(sender.error());
    }
    return Deliver([sender = *sender](const std::string& message) { return sender.send(message); });
}

Result<Deliver> over_mllp(const Options& options) {
    constexpr std::uint16_t kPort = 2575;
    constexpr std::uint16_t kTlsPort = 2576;
    std::shared_ptr<const transport::TlsContext> tls;
    if (options.tls) {
        Result<std::shared_ptr<const transport::TlsContext>> made = tls_of(options);
        if (!made) {
            return tl::unexpected(made.error());
        }
        tls = *made;
    }
    Result<transport::MllpClient> client = transport::MllpClient::connect(
        options.host, options.port.value_or(options.tls ? kTlsPort : kPort),
        std::chrono::seconds(options.timeout_seconds), std::move(tls));
    if (!client) {
        return tl::unexpected(client.error());
    }
    const auto shared = std::make_shared<transport::MllpClient>(std::move(*client));
    return Deliver([shared](const std::string& message) { return exchange(*shared, message); });
}

/// Puts each message into the watched folder and waits for the answer beside it.
Result<Deliver> over_folder(const Options& options) {
    const auto drop =
        std::make_shared<FolderDrop>(options.folder, std::chrono::seconds(options.timeout_seconds));
    return Deliver([drop](const std::string& message) { return drop->send(message); });
}

Result<Deliver> way_of(const Options& options) {
    if (!options.http.empty()) {
        return over_http(options);
    }
    return options.folder.empty() ? over_mllp(options) : over_folder(options);
}

ExitStatus send(const Options& options) {
    std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error of the write
    const Result<Deliver> deliver = way_of(options);
    if (!deliver) {
        std::cerr << describe(deliver.error()) << "\n";
        return deliver.error().code == Code::tls_bad || deliver.error().code == Code::usage
                   ? ExitStatus::usage
                   : ExitStatus::not_fine;
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
            const Result<std::string> answer = (*deliver)(message);
            const auto after = std::chrono::steady_clock::now();
            if (!answer) {
                std::cout << fmt::format("{}\t-\t-\n", control_id);
                std::cerr << describe(answer.error()) << "\n";
                return ExitStatus::not_fine;
            }
            const Acknowledged read = read_acknowledgements(*answer);
            std::cout << fmt::format(
                "{}\t{}\t{:.1f} ms{}\n", control_id,
                read.codes.empty() ? "-" : fmt::format("{}", fmt::join(read.codes, " ")),
                std::chrono::duration<double, std::milli>(after - before).count(),
                read.positive() || read.why.empty() ? "" : "\t" + read.why);
            if (!read.positive()) {
                status = ExitStatus::not_fine;
            }
        }
    }
    return status;
}

}  // namespace

void add_send(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand(
        "send", "Send messages and show the answers: over MLLP, HTTP or a watched folder");
    const auto options = std::make_shared<Options>();
    command->add_option("FILE", options->files, "Messages, or - for standard input")->required();
    command->add_option("--host", options->host, "Default 127.0.0.1");
    command->add_option("--port", options->port, "Default 2575, with --tls 2576");
    CLI::Option* tls = command->add_flag("--tls", options->tls, "MLLP over TLS 1.2 or 1.3");
    command->add_option("--ca", options->tls_files.ca,
                        "Believe these CAs (PEM; default: the system's)");
    CLI::Option* certificate = command->add_option("--cert", options->tls_files.certificate,
                                                   "Our certificate (PEM), where it is asked for");
    CLI::Option* key = command->add_option("--key", options->tls_files.key, "Its key (PEM)");
    certificate->needs(key);
    key->needs(certificate);
    CLI::Option* http =
        command->add_option("--http", options->http, "Post to http://HOST:2580/hl7 or https://…");
    CLI::Option* folder = command->add_option("--folder", options->folder,
                                              "Put into a watched folder and wait for the answer");
    http->excludes(folder)->excludes(tls);
    folder->excludes(tls);
    command->add_option("--timeout", options->timeout_seconds, "Seconds to wait for an answer");
    command->callback([options, &status] { status = send(*options); });
}

}  // namespace labrelay::app
