#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "labrelay/app/commands.hpp"
#include "labrelay/app/lock_change.hpp"
#include "labrelay/app/offline_store.hpp"
#include "labrelay/app/subject_view.hpp"
#include "labrelay/store/lock_query.hpp"
#include "labrelay/views/locks.hpp"

namespace labrelay::app {
namespace {

struct Options {
    PostLockRequest request;
    std::string data = "data";
    std::string mappings = "mappings";
    std::string subject;
    std::int64_t id = 0;
    bool all = false;
    bool json = false;
};

views::PostLockReport show_item(SubjectView& view, const store::PostLockItem& item) {
    return views::post_lock_report(view.session, item, view.registry,
                                   view.configuration->rules().studies);
}

std::string subject_of(const views::PostLockReport& shown) {
    return shown.subject == nullptr ? std::string() : shown.subject->label();
}

void print(const views::PostLockReport& shown, const Options& options) {
    const store::PostLockItem& item = shown.item;
    if (options.json) {
        std::cout << views::post_lock_json(shown).dump() << "\n";
        return;
    }
    std::cout << fmt::format("{:>4}  {:<11} {:<10} {:<9} {} -> {}\n", item.id,
                             study::to_string(item.state), subject_of(shown), item.now.analyte,
                             study::sentence_of(item.told), study::sentence_of(item.now));
}

ExitStatus list(const Options& options) {
    std::optional<SubjectView> view = open_subject_view(options.data, options.mappings);
    if (!view) {
        return ExitStatus::usage;
    }
    store::PostLockFilter filter;
    filter.settled_too = options.all;
    for (const store::PostLockItem& item : store::post_lock_items(view->session, filter)) {
        const views::PostLockReport shown = show_item(*view, item);
        if (options.subject.empty() || subject_of(shown) == options.subject ||
            (shown.subject != nullptr && shown.subject->screening_no == options.subject)) {
            print(shown, options);
        }
    }
    return ExitStatus::fine;
}

void print_history(const std::vector<store::PostLockFact>& facts) {
    for (const store::PostLockFact& fact : facts) {
        std::cout << fmt::format("  {}  {} -> {} by {}: {}\n", to_iso(fact.at),
                                 study::to_string(fact.from), study::to_string(fact.to), fact.actor,
                                 fact.reason);
        if (!fact.signature.empty()) {
            std::cout << "    signed " << fact.signature << "\n";
        }
    }
}

ExitStatus show(const Options& options) {
    std::optional<SubjectView> view = open_subject_view(options.data, options.mappings);
    if (!view) {
        return ExitStatus::usage;
    }
    const auto item = store::post_lock_item(view->session, options.id);
    if (!item) {
        std::cerr << describe(
                         Error{Code::not_found, Place{fmt::format("post-lock:{}", options.id)}, {}})
                  << "\n";
        return ExitStatus::not_fine;
    }
    const views::PostLockReport shown = show_item(*view, *item);
    const auto facts = store::post_lock_history(view->session, item->id);
    if (options.json) {
        nlohmann::ordered_json json = views::post_lock_json(shown);
        json["history"] = nlohmann::ordered_json::array();
        for (const store::PostLockFact& fact : facts) {
            json["history"].push_back(views::post_lock_fact_json(fact));
        }
        std::cout << json.dump(2) << "\n";
        return ExitStatus::fine;
    }
    std::cout << fmt::format("post-lock item {} ({}): {} {} {}\n  old  {}\n  new  {}\n", item->id,
                             study::to_string(item->state),
                             shown.subject == nullptr ? "" : shown.subject->study,
                             subject_of(shown), item->now.analyte, study::sentence_of(item->told),
                             study::sentence_of(item->now));
    for (const std::string& sentence : shown.impact) {
        std::cout << "  impact: " << sentence << "\n";
    }
    print_history(facts);
    return ExitStatus::fine;
}

ExitStatus settle(const Options& options) {
    const auto work = [&](store::StoreWriter& writer) {
        return settle_post_lock(writer, options.request, store::by_command(options.request.by));
    };
    const Result<std::string> done =
        write_by_server_or_offline(options.data, "post-lock", to_json(options.request), work);
    if (!done) {
        std::cerr << describe(done.error()) << "\n";
        const bool usage =
            done.error().code == Code::usage || done.error().code == Code::signature_missing;
        return usage ? ExitStatus::usage : ExitStatus::not_fine;
    }
    std::cout << *done << (done->ends_with('\n') ? "" : "\n");
    return ExitStatus::fine;
}

void add_decision(CLI::App& command, const std::string& name, const std::string& says,
                  store::LockDesk::Decision decision, ExitStatus& status) {
    CLI::App* deciding = command.add_subcommand(name, says);
    const auto options = std::make_shared<Options>();
    options->request.decision = decision;
    deciding->add_option("ID", options->request.items, "From the list; several at once")
        ->required();
    deciding->add_option("--by", options->request.by, "Who decides")->required();
    deciding->add_option("--reason", options->request.reason, "Why")->required();
    deciding->add_option("--sign", options->request.sign, "What the signature stands for");
    deciding->add_option("--data", options->data, "The data directory (default data)");
    deciding->callback([options, &status] { status = settle(*options); });
}

}  // namespace

void add_post_lock(CLI::App& app, ExitStatus& status) {
    using Decision = store::LockDesk::Decision;
    CLI::App* command =
        app.add_subcommand("post-lock", "What arrived for a frozen or locked scope");
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    const auto add_common = [&](CLI::App* sub) {
        sub->add_option("--data", options->data, "The data directory (default data)");
        sub->add_option("--mappings", options->mappings,
                        "The configuration directory (default mappings)");
        sub->add_flag("--json", options->json, "As JSON");
    };
    CLI::App* listing = command->add_subcommand("list", "What nobody has decided yet");
    add_common(listing);
    listing->add_flag("--all", options->all, "Also what is decided");
    listing->add_option("--subject", options->subject, "Only this subject");
    listing->callback([options, &status] { status = list(*options); });
    CLI::App* showing = command->add_subcommand("show", "Old, new, impact, and what became of it");
    add_common(showing);
    showing->add_option("ID", options->id, "From the list")->required();
    showing->callback([options, &status] { status = show(*options); });
    add_decision(*command, "authorise", "The unlock of the result is authorised, by signature",
                 Decision::authorise, status);
    add_decision(*command, "forward",
                 "The study databases are told; authorises by signature what is not yet",
                 Decision::forward, status);
    add_decision(*command, "document", "Not applied, documented: the study databases keep theirs",
                 Decision::not_apply, status);
}

}  // namespace labrelay::app
