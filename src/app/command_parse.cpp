#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/input.hpp"
#include "labrelay/hl7/batch.hpp"
#include "labrelay/hl7/charset.hpp"
#include "labrelay/hl7/flat.hpp"
#include "labrelay/hl7/path.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string file;
    bool flat = false;
    bool json = false;
    std::vector<std::string> paths;
    std::string charset = "UTF-8";
};

void print_findings(const hl7::Message& message) {
    for (const Finding& finding : message.findings()) {
        std::cerr << fmt::format("{} {}\n", to_string(finding.severity), describe(finding));
    }
}

ExitStatus print_paths(const hl7::Message& message, const std::vector<std::string>& texts) {
    const hl7::MessageScope scope(message);
    for (const std::string& text : texts) {
        const Result<hl7::Path> path = hl7::Path::compile(text);
        if (!path) {
            std::cerr << text << ": " << describe(path.error()) << "\n";
            return ExitStatus::usage;
        }
        for (const hl7::PathMatch& match : path->find_all(scope)) {
            std::cout << match.place << '\t' << match.element.text() << '\n';
        }
    }
    return ExitStatus::fine;
}

void print_json(const hl7::Message& message) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (std::size_t position = 1; position <= message.segment_count(); ++position) {
        const hl7::Segment segment = message.segment(position);
        nlohmann::ordered_json fields = nlohmann::ordered_json::object();
        for (std::size_t number = 1; number <= segment.field_count(); ++number) {
            const hl7::Element field = segment.field(number);
            if (field.presence() == hl7::Presence::empty) {
                continue;
            }
            fields[std::to_string(number)] = std::string(field.raw());
        }
        json.push_back({{"segment", std::string(segment.id())},
                        {"occurrence", segment.occurrence()},
                        {"offset", segment.offset()},
                        {"fields", std::move(fields)}});
    }
    std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

ExitStatus print_message(std::string_view bytes, hl7::Charset fallback, const Options& options) {
    Result<hl7::Decoded> decoded = hl7::decode_message(bytes, fallback);
    if (!decoded) {
        std::cerr << "refused " << describe(decoded.error()) << "\n";
        return ExitStatus::not_fine;
    }
    hl7::ParseOptions parse_options;
    parse_options.charset = decoded->charset;
    const Result<hl7::Message> message =
        hl7::Message::parse(std::move(decoded->text), parse_options);
    if (!message) {
        std::cerr << "refused " << describe(message.error()) << "\n";
        return ExitStatus::not_fine;
    }
    print_findings(*message);
    if (!options.paths.empty()) {
        return print_paths(*message, options.paths);
    }
    if (options.json) {
        print_json(*message);
    } else {
        std::cout << (options.flat ? hl7::flatten(*message) : hl7::tree(*message));
    }
    return ExitStatus::fine;
}

/// Each member by itself; which one stands on standard error, so that the forms for programs stay
/// as they are.
ExitStatus print_batch(const hl7::Batch& batch, std::string_view bytes, hl7::Charset fallback,
                       const Options& options) {
    for (const Finding& finding : batch.findings) {
        std::cerr << fmt::format("{} {}\n", to_string(finding.severity), describe(finding));
    }
    ExitStatus status = batch.hold() == Code::none ? ExitStatus::fine : ExitStatus::not_fine;
    std::size_t number = 0;
    for (const hl7::BatchMember& member : batch.members) {
        std::cout.flush();
        std::cerr << fmt::format("message {} of {} (byte {})\n", ++number, batch.members.size(),
                                 member.offset);
        const std::string_view text = bytes.substr(member.offset, member.size);
        const ExitStatus one = print_message(text, fallback, options);
        status = one == ExitStatus::fine ? status : one;
    }
    return status;
}

ExitStatus parse(const Options& options) {
    const Result<std::string> bytes = read_message(options.file);
    if (!bytes) {
        std::cerr << describe(bytes.error()) << "\n";
        return ExitStatus::usage;
    }
    const std::optional<hl7::Charset> fallback = hl7::charset_from_name(options.charset);
    if (!fallback) {
        std::cerr << describe(Error{Code::charset_unknown, Place{"--charset"}, options.charset})
                  << "\n";
        return ExitStatus::usage;
    }
    if (const std::optional<hl7::Batch> batch = hl7::split_batch(*bytes)) {
        return print_batch(*batch, *bytes, *fallback, options);
    }
    return print_message(*bytes, *fallback, options);
}

}  // namespace

void add_parse(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("parse", "Show a message as a tree");
    const auto options = std::make_shared<Options>();
    command->add_option("FILE", options->file, "A message or a batch, or - for standard input")
        ->required();
    command->add_flag("--flat", options->flat, "One line a non-empty leaf");
    command->add_flag("--json", options->json, "As JSON");
    command->add_option("--path", options->paths, "Show what these paths find");
    command->add_option("--charset", options->charset, "Where MSH-18 is empty (default UTF-8)");
    command->callback([options, &status] { status = parse(*options); });
}

}  // namespace labrelay::app
