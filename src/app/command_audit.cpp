#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/audit_query.hpp"
#include "labrelay/store/audit_verify.hpp"
#include "labrelay/views/audit.hpp"

namespace labrelay::app {
namespace {

struct Options {
    std::string data = "data";
    std::string from;
    std::string until;
    std::string object;
    store::AuditFilter filter;
    std::size_t limit = 50;
    std::vector<std::string> anchors;
    bool json = false;
};

constexpr std::size_t kHexDigits = 64;
constexpr std::size_t kPage = 500;

ExitStatus report(const Error& error) {
    std::cerr << describe(error) << "\n";
    return ExitStatus::usage;
}

/// Errors: usage.
Result<std::optional<Instant>> instant_of(const std::string& text, const char* option) {
    if (text.empty()) {
        return std::optional<Instant>();
    }
    const Result<Timestamp> time = parse_iso_time(text);
    if (!time) {
        return fail(Code::usage, Place{option}, "a time like 2026-11-29T06:12:00Z, or a day");
    }
    auto at = std::chrono::duration_cast<std::chrono::microseconds>(time->day.time_since_epoch() +
                                                                    time->time_of_day);
    if (time->offset) {
        at -= *time->offset;
    }
    return std::optional<Instant>(Instant{at.count()});
}

void print(const store::AuditRow& row, bool json) {
    if (json) {
        std::cout << views::json_of(row).dump(-1, ' ', false,
                                              nlohmann::ordered_json::error_handler_t::replace)
                  << "\n";
        return;
    }
    const std::string object =
        row.object_kind.empty() ? "" : fmt::format(" [{} {}]", row.object_kind, row.object);
    std::cout << fmt::format("{:>8}  {}  {:<12} {:<10} {}{}\n", row.id, to_iso(row.at), row.actor,
                             row.kind, row.what, object);
    const std::string change =
        row.erased ? "erased" : views::change_in_words(row.before, row.after);
    if (!change.empty()) {
        std::cout << "          " << change << "\n";
    }
    if (!row.reason.empty()) {
        std::cout << "          because: " << row.reason << "\n";
    }
}

ExitStatus list(Options& options) {
    const auto from = instant_of(options.from, "--from");
    const auto until = instant_of(options.until, "--to");
    if (!from || !until) {
        return report(!from ? from.error() : until.error());
    }
    options.filter.from = *from;
    options.filter.until = *until;
    const std::size_t colon = options.object.find(':');
    options.filter.object_kind = options.object.substr(0, colon);
    if (colon != std::string::npos) {
        options.filter.object = options.object.substr(colon + 1);
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        return report(session.error());
    }
    std::size_t left = options.limit;
    std::int64_t before = 0;
    do {
        const store::AuditPage page =
            store::audit_rows(*session, options.filter, before, std::min(left, kPage));
        for (const store::AuditRow& row : page.rows) {
            print(row, options.json);
        }
        left -= page.rows.size();
        before = page.next;
    } while (before != 0 && left > 0);
    return ExitStatus::fine;
}

/// Errors: usage.
Result<std::array<std::uint8_t, 32>> digest_of(const std::string& hex) {
    std::array<std::uint8_t, 32> digest{};
    bool fine = hex.size() == kHexDigits;
    for (std::size_t index = 0; fine && index < digest.size(); ++index) {
        const char* const digits = hex.data() + index * 2;
        const auto read = std::from_chars(digits, digits + 2, digest[index], 16);
        fine = read.ec == std::errc{} && read.ptr == digits + 2;
    }
    if (!fine) {
        return fail(Code::usage, Place{"--anchor"}, "64 hexadecimal digits, as the log has them");
    }
    return digest;
}

ExitStatus verify(const Options& options) {
    store::VerifyOptions how;
    for (const std::string& hex : options.anchors) {
        const auto digest = digest_of(hex);
        if (!digest) {
            return report(digest.error());
        }
        how.known.push_back(*digest);
    }
    Result<store::ReadSession> session = open_for_reading(options.data);
    if (!session) {
        return report(session.error());
    }
    const store::AuditVerification found = store::verify_audit(*session, how);
    std::cout << (options.json ? views::json_of(found).dump(2) + "\n" : views::text_of(found));
    return found.ok() ? ExitStatus::fine : ExitStatus::not_fine;
}

}  // namespace

void add_audit(CLI::App& app, ExitStatus& status) {
    CLI::App* command = app.add_subcommand("audit", "Who did what, and whether the trail is whole");
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    const auto add_common = [&](CLI::App* sub) {
        sub->add_option("--data", options->data, "The data directory (default data)");
        sub->add_flag("--json", options->json, "As JSON");
    };
    CLI::App* listing = command->add_subcommand("list", "The trail, newest first");
    add_common(listing);
    listing->add_option("--from", options->from, "From this day or time (UTC)");
    listing->add_option("--to", options->until, "Before this day or time (UTC)");
    listing->add_option("--actor", options->filter.actor, "Only what this one did");
    listing->add_option("--kind", options->filter.kind, "Only this kind: lock, problem, ingest …");
    listing->add_option("--object", options->object, "Only this: problem, or problem:12");
    listing->add_option("--text", options->filter.text, "Only rows that say this somewhere");
    listing->add_option("--limit", options->limit, "At most as many rows (default 50)");
    listing->callback([options, &status] { status = list(*options); });
    CLI::App* verifying =
        command->add_subcommand("verify", "Recomputes every row and compares the anchors");
    add_common(verifying);
    verifying->add_option("--anchor", options->anchors,
                          "Digest of an `audit anchor` line of the log; several at once");
    verifying->callback([options, &status] { status = verify(*options); });
}

}  // namespace labrelay::app
