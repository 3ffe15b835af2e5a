#include "labrelay/views/expected.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "study_words.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;
using study::ExpectedItem;
using study::ExpectedPanel;
using study::ExpectedVisit;
using study::ItemState;
using study::WindowState;

std::string days_text(int days) {
    return fmt::format("{} day{}", days, days == 1 ? "" : "s");
}

std::string window_text(const ExpectedVisit& visit) {
    std::string text;
    switch (visit.window) {
        case WindowState::unknown:
        case WindowState::not_expected:
            text = to_string(visit.window);
            break;
        case WindowState::not_yet_open:
            text = "opens in " + days_text(visit.days);
            break;
        case WindowState::open:
            text = visit.days == 0 ? "open, today is the last day"
                                   : fmt::format("open, {} left", days_text(visit.days));
            break;
        case WindowState::closed:
            text = fmt::format("closed {} ago", days_text(visit.days));
            break;
    }
    return visit.because.empty() ? text : fmt::format("{} ({})", text, visit.because);
}

std::string name_of(const ExpectedItem& item) {
    return fmt::format("{}", fmt::join(item.any_of, " or "));
}

std::string value_text(const ExpectedItem& item) {
    return item.unit.empty() ? item.value_text : item.value_text + " " + item.unit;
}

/// `CD4A CD8A CD4CD8`, each with what is to be said of it.
std::string there_text(const ExpectedPanel& panel) {
    std::string text;
    for (const ExpectedItem& item : panel.items) {
        if (item.state != ItemState::there) {
            continue;
        }
        text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", item.analyte,
                            item.delivered ? "" : " (not delivered)",
                            item.remark.empty() ? "" : fmt::format(" ({})", item.remark));
    }
    return text;
}

void append_panel(std::string& text, const ExpectedPanel& panel) {
    const std::string there = there_text(panel);
    if (!there.empty()) {
        text += fmt::format("    {:<10} {:<8} {}\n", panel.id, "there", there);
    }
    for (const ExpectedItem& item : panel.items) {
        if (item.state == ItemState::missing) {
            text += fmt::format("    {:<10} {:<8} {}{}\n", panel.id, "missing", name_of(item),
                                item.remark.empty() ? "" : ": " + item.remark);
        }
        for (const study::HeldResult& held : item.held) {
            text += fmt::format("    {:<10} {}\n", panel.id, held_text(held));
        }
    }
}

std::string counts_text(const ExpectedVisit& visit) {
    if (visit.window == WindowState::not_expected) {
        return {};
    }
    return fmt::format("{} there, {} held, {} missing", visit.count(ItemState::there),
                       visit.count(ItemState::held), visit.count(ItemState::missing));
}

void append_visit(std::string& text, const study::Subject& subject, const ExpectedVisit& visit) {
    const std::string window =
        visit.from ? fmt::format("{} to {}", to_string(*visit.from), to_string(*visit.until))
                   : std::string();
    text += fmt::format("{:<8} {:<4} {:<24}  {}{}{}\n", subject.label(), visit.id, window,
                        counts_text(visit), visit.window == WindowState::not_expected ? "" : "; ",
                        window_text(visit));
    // Before a window opens nothing is missing yet.
    const bool quiet =
        visit.window == WindowState::not_yet_open || visit.window == WindowState::unknown;
    if (quiet && visit.count(ItemState::there) + visit.count(ItemState::held) == 0) {
        return;
    }
    for (const ExpectedPanel& panel : visit.panels) {
        append_panel(text, panel);
    }
    for (const study::HeldResult& held : visit.held) {
        text += fmt::format("    {:<10} {}\n", "other", held_text(held));
    }
}

ordered_json item_json(const ExpectedItem& item) {
    ordered_json json;
    json["any_of"] = item.any_of;
    json["state"] = to_string(item.state);
    json["analyte"] = item.analyte;
    json["value"] = value_text(item);
    json["lineage_id"] = item.id ? ordered_json(to_string(*item.id)) : ordered_json();
    json["chosen"] = item.chosen;
    json["delivered"] = item.delivered;
    json["derived"] = item.derived;
    json["remark"] = item.remark;
    json["held"] = ordered_json::array();
    for (const study::HeldResult& held : item.held) {
        json["held"].push_back(held_json(held));
    }
    return json;
}

ordered_json visit_json(const study::Subject& subject, const ExpectedVisit& visit) {
    ordered_json json;
    json["study"] = subject.study;
    json["subject"] = subject.label();
    json["visit"] = visit.id;
    json["window"] = to_string(visit.window);
    json["from"] = day_json(visit.from);
    json["until"] = day_json(visit.until);
    json["days"] = visit.days;
    json["because"] = visit.because;
    json["there"] = visit.count(ItemState::there);
    json["held"] = visit.count(ItemState::held);
    json["missing"] = visit.count(ItemState::missing);
    json["panels"] = ordered_json::array();
    for (const ExpectedPanel& panel : visit.panels) {
        ordered_json panel_json{{"panel", panel.id}, {"items", ordered_json::array()}};
        for (const ExpectedItem& item : panel.items) {
            panel_json["items"].push_back(item_json(item));
        }
        json["panels"].push_back(std::move(panel_json));
    }
    json["held_other"] = ordered_json::array();
    for (const study::HeldResult& held : visit.held) {
        json["held_other"].push_back(held_json(held));
    }
    return json;
}

bool is_wanted(const ExpectedReport& report, const ExpectedVisit& visit) {
    return report.visit.empty() || report.visit == visit.id;
}

}  // namespace

std::string expected_text(const ExpectedReport& report) {
    std::string text;
    for (const ExpectedVisit& visit : report.completeness.visits) {
        if (is_wanted(report, visit)) {
            append_visit(text, report.subject, visit);
        }
    }
    if (report.visit.empty()) {
        for (const study::HeldResult& held : report.completeness.held) {
            text += fmt::format("{:<8} at no visit: {}\n", report.subject.label(), held_text(held));
        }
    }
    return text;
}

std::string expected_json(const ExpectedReport& report) {
    std::string text;
    for (const ExpectedVisit& visit : report.completeness.visits) {
        if (is_wanted(report, visit)) {
            text += visit_json(report.subject, visit)
                        .dump(-1, ' ', false, ordered_json::error_handler_t::replace) +
                    "\n";
        }
    }
    return text;
}

}  // namespace labrelay::views
