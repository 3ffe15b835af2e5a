#include "labrelay/views/reconciliation.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;
using study::Difference;

std::string line(std::string_view what, std::int64_t count) {
    return fmt::format("  {:<48}{:>8}\n", what, count);
}

std::string heading(const Reconciliation& all) {
    std::string text = "RECONCILIATION REPORT\n\n";
    const auto field = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{:<16}{}\n", name, value);
    };
    field("Study",
          all.study_name.empty() ? all.study : fmt::format("{} ({})", all.study, all.study_name));
    field("Target", all.target);
    field("Lab list", all.list_name.empty() ? "none" : all.list_name);
    field("Made at", to_iso(all.at));
    field("Configuration", all.config_hash);
    field("Store", all.store_state);
    field("Subjects", std::to_string(all.subjects));
    return text;
}

std::string schedule_text(const ScheduleCounts& counts) {
    std::string text = "\n1. Expected by the schedule, of windows that are open or closed\n";
    text += line("expected", counts.expected);
    text += line("= received", counts.received);
    text += line("+ held", counts.held);
    text += line("+ missing", counts.missing);
    for (const std::string& item : counts.missing_items) {
        text += fmt::format("    missing: {}\n", item);
    }
    return text;
}

void append_differences(std::string& text, const std::vector<Difference>& differences, Code code) {
    for (const Difference& difference : differences) {
        if (difference.code == code) {
            text += fmt::format("    {}: {}\n", key(code), difference.sentence);
        }
    }
}

std::string target_text(const Reconciliation& all) {
    const study::TargetCounts& counts = all.target_comparison.counts;
    std::string text = "\n2. Stored here and in the target\n";
    text += line("results that the target is to hold", counts.here);
    text += line("= same there", counts.same);
    text += line("+ different there", counts.different);
    text += line("+ missing there", counts.missing);
    text += line("+ delivery under way, an earlier state there", counts.waiting_there);
    text += line("+ delivery under way, nothing there yet", counts.waiting_absent);
    text += line("+ not to be forwarded, and not there", counts.absent);
    text += line("results that are there", counts.there);
    text += line("= same + different + earlier state",
                 counts.same + counts.different + counts.waiting_there);
    text += line("+ extra there", counts.extra);
    text += line("undecided post-lock items (old value there)", all.kept_back);
    for (const Code code : {Code::differs_there, Code::missing_there, Code::extra_there}) {
        append_differences(text, all.target_comparison.differences, code);
    }
    return text;
}

std::string list_text(const study::ListComparison& list) {
    const study::ListCounts& counts = list.counts;
    std::string text = "\n3. The laboratory's own list\n";
    text += line("lines", counts.rows);
    text += line("= same here", counts.same);
    text += line("+ another value here", counts.different);
    text += line("+ held here", counts.held);
    text += line("+ never arrived here", counts.never_arrived);
    text += line("+ named twice", counts.repeated);
    text += line("header fields differ (of the same lines)", counts.header);
    for (const Code code :
         {Code::never_arrived, Code::list_differs, Code::header_differs, Code::listed_twice}) {
        append_differences(text, list.differences, code);
    }
    return text;
}

std::string signature_block(const Reconciliation& all) {
    const std::size_t count = all.differences();
    return fmt::format(
        "\nResult: {}\n\n"
        "I have reviewed this report. Each difference above is explained or has an owner.\n\n"
        "Name       ______________________________\n"
        "Signature  ______________________________\n"
        "Date       ______________________________\n",
        count == 0 ? "no difference."
                   : fmt::format("{} difference{}.", count, count == 1 ? "" : "s"));
}

ordered_json differences_json(const std::vector<Difference>& differences) {
    ordered_json all = ordered_json::array();
    for (const Difference& difference : differences) {
        all.push_back(
            {{"rule", std::string(key(difference.code))}, {"sentence", difference.sentence}});
    }
    return all;
}

ordered_json target_json(const study::TargetComparison& comparison) {
    const study::TargetCounts& counts = comparison.counts;
    ordered_json json = {{"here", counts.here},
                         {"there", counts.there},
                         {"same", counts.same},
                         {"different", counts.different},
                         {"missing", counts.missing},
                         {"extra", counts.extra},
                         {"waiting_there", counts.waiting_there},
                         {"waiting_absent", counts.waiting_absent},
                         {"not_forwarded", counts.absent}};
    json["differences"] = differences_json(comparison.differences);
    return json;
}

ordered_json list_json(const study::ListComparison& comparison) {
    const study::ListCounts& counts = comparison.counts;
    ordered_json json = {{"lines", counts.rows},
                         {"same", counts.same},
                         {"different", counts.different},
                         {"held", counts.held},
                         {"never_arrived", counts.never_arrived},
                         {"repeated", counts.repeated},
                         {"header_differs", counts.header}};
    json["differences"] = differences_json(comparison.differences);
    return json;
}

}  // namespace

std::string reconciliation_text(const Reconciliation& reconciliation) {
    std::string text = heading(reconciliation);
    text += schedule_text(reconciliation.schedule);
    text += target_text(reconciliation);
    if (reconciliation.list) {
        text += list_text(*reconciliation.list);
    }
    return text + signature_block(reconciliation);
}

std::string reconciliation_json(const Reconciliation& all) {
    ordered_json json = {{"study", all.study},
                         {"target", all.target},
                         {"lab_list", all.list_name},
                         {"at", to_iso(all.at)},
                         {"config_hash", all.config_hash},
                         {"store", all.store_state},
                         {"subjects", all.subjects},
                         {"post_lock_undecided", all.kept_back}};
    json["schedule"] = {{"expected", all.schedule.expected},
                        {"received", all.schedule.received},
                        {"held", all.schedule.held},
                        {"missing", all.schedule.missing},
                        {"missing_items", all.schedule.missing_items}};
    json["target_comparison"] = target_json(all.target_comparison);
    json["list_comparison"] = all.list ? list_json(*all.list) : ordered_json();
    json["differences"] = all.differences();
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace labrelay::views
