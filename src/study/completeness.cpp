#include "labrelay/study/completeness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "no_result.hpp"

namespace labrelay::study {
namespace {

using labrelay::to_string;  // of days

/// Why a result is not the value that the schedule expects; empty: it is.
std::string_view why_not_there(const StoredVersion& version) {
    const std::string_view why = why_no_result(version.value.state);
    if (!why.empty()) {
        return why;
    }
    return version.status == ObservationStatus::preliminary ? "preliminary only" : "";
}

class Schedule {
public:
    explicit Schedule(const CompletenessQuestion& question)
        : question_(question),
          calendar_(question.subject, question.study),
          withdrawn_(calendar_.known(question.subject.withdrawn_at)),
          failed_(calendar_.known(question.subject.screen_failed_at)) {}

    Completeness complete() {
        Completeness result;
        result.today = calendar_.moment(question_.as_of).day;
        for (const Visit& visit : question_.study.visits) {
            result.visits.push_back(expect(visit, result.today));
        }
        for (const HeldResult& held : question_.held) {
            if (!assigned_.contains(held.id)) {
                result.held.push_back(held);
            }
        }
        return result;
    }

private:
    ExpectedVisit expect(const Visit& visit, LocalDay today) {
        ExpectedVisit expected;
        expected.id = visit.id;
        expected.name = visit.name;
        set_window(visit, today, expected);
        if (expected.window != WindowState::not_expected) {
            for (const std::string& id : visit.panels) {
                if (const Panel* panel = question_.study.panel(id)) {
                    add_panel(*panel, visit, expected);
                }
            }
        }
        for (const HeldResult& held : question_.held) {
            if (!assigned_.contains(held.id) && is_drawn_in(held, expected)) {
                expected.held.push_back(held);
                assigned_.insert(held.id);
            }
        }
        return expected;
    }

    void set_window(const Visit& visit, LocalDay today, ExpectedVisit& expected) const {
        if (failed_ && visit.anchor == Anchor::first_infusion) {
            expected.window = WindowState::not_expected;
            expected.because = fmt::format("screening failed on {}", to_string(failed_->day));
            return;
        }
        const auto window = calendar_.window(visit);
        if (!window) {
            expected.window = withdrawn_ ? WindowState::not_expected : WindowState::unknown;
            expected.because = withdrawn_
                                   ? fmt::format("withdrawn on {}", to_string(withdrawn_->day))
                               : visit.anchor == Anchor::screening
                                   ? "neither consent date nor start of screening is known"
                                   : "the first infusion is not known";
            return;
        }
        expected.from = window->from;
        expected.until = window->until;
        if (withdrawn_ && withdrawn_->day < window->from) {
            expected.window = WindowState::not_expected;
            expected.because = fmt::format("withdrawn on {}", to_string(withdrawn_->day));
            return;
        }
        end_early(withdrawn_, "the withdrawal", expected);
        end_early(failed_, "the screen failure", expected);
        end_early(calendar_.infusion_of(visit), "the infusion", expected);
        if (today < *expected.from) {
            expected.window = WindowState::not_yet_open;
            expected.days = static_cast<int>((*expected.from - today).count());
        } else if (today <= *expected.until) {
            expected.window = WindowState::open;
            expected.days = static_cast<int>((*expected.until - today).count());
        } else {
            expected.window = WindowState::closed;
            expected.days = static_cast<int>((today - *expected.until).count());
        }
    }

    static void end_early(const std::optional<SiteMoment>& event, std::string_view name,
                          ExpectedVisit& expected) {
        if (event && event->day >= *expected.from && event->day < *expected.until) {
            expected.until = event->day;
            expected.because = fmt::format("ended by {}", name);
        }
    }

    void add_panel(const Panel& panel, const Visit& visit, ExpectedVisit& expected) {
        const Subject& subject = question_.subject;
        if (panel.only_child_bearing &&
            (subject.sex == Sex::male || subject.child_bearing == false)) {
            return;
        }
        ExpectedPanel& added = expected.panels.emplace_back();
        added.id = panel.id;
        added.name = panel.name;
        for (const std::vector<std::string>& any_of : panel.expects) {
            added.items.push_back(find(any_of, visit));
            ExpectedItem& item = added.items.back();
            add_held(expected, item);
            if (item.state != ItemState::there && item.remark.empty() && panel.only_child_bearing &&
                !subject.child_bearing) {
                item.remark = "child-bearing potential is not recorded";
            }
        }
    }

    /// The value of the chosen draw, else of another one of the visit.
    ExpectedItem find(const std::vector<std::string>& any_of, const Visit& visit) const {
        ExpectedItem item;
        item.any_of = any_of;
        for (const std::string& analyte : any_of) {
            for (const ResultRecord& record : question_.results.results) {
                const StoredVersion& version = record.current_version();
                if (version.analyte != analyte || record.placement.visit != visit.id ||
                    record.placement.kind != VisitKind::scheduled) {
                    continue;
                }
                take(record, item);
            }
            if (item.state == ItemState::there) {
                break;
            }
        }
        return item;
    }

    static void take(const ResultRecord& record, ExpectedItem& item) {
        const StoredVersion& version = record.current_version();
        const bool chosen = record.placement.role == Role::chosen;
        const std::string_view why = why_not_there(version);
        if (!why.empty()) {
            if (item.state != ItemState::there && (item.remark.empty() || chosen)) {
                item.remark = why;
                item.id = version.id;
            }
            return;
        }
        if (item.state == ItemState::there && !(chosen && !item.chosen)) {
            return;
        }
        item.state = ItemState::there;
        item.analyte = version.analyte;
        item.value_text = version.value.value_text;
        const bool has_number =
            version.value.value_num || version.value.comparator != units::Comparator::none;
        item.unit = has_number ? version.value.unit : std::string();
        item.id = version.id;
        item.chosen = chosen;
        item.delivered = record.delivered;
        item.derived = !record.key.derived.empty();
        item.remark = chosen ? "" : "another draw stands for the visit";
    }

    bool is_drawn_in(const HeldResult& held, const ExpectedVisit& expected) const {
        const std::optional<SiteMoment> drawn = calendar_.known(held.collected);
        return drawn && expected.from && drawn->day >= *expected.from &&
               drawn->day <= *expected.until;
    }

    void add_held(const ExpectedVisit& expected, ExpectedItem& item) {
        for (const HeldResult& held : question_.held) {
            if (std::ranges::find(item.any_of, held.analyte) != item.any_of.end() &&
                is_drawn_in(held, expected)) {
                item.held.push_back(held);
                assigned_.insert(held.id);
            }
        }
        if (item.state == ItemState::missing && !item.held.empty()) {
            item.state = ItemState::held;
        }
    }

    const CompletenessQuestion& question_;
    SubjectCalendar calendar_;
    std::optional<SiteMoment> withdrawn_;
    std::optional<SiteMoment> failed_;
    std::set<ObservationId> assigned_;  ///< held results that stand at a visit
};

}  // namespace

std::string_view to_string(WindowState state) {
    switch (state) {
        case WindowState::unknown:
            return "not known";
        case WindowState::not_expected:
            return "not expected";
        case WindowState::not_yet_open:
            return "not yet open";
        case WindowState::open:
            return "open";
        case WindowState::closed:
            return "closed";
    }
    return {};
}

std::string_view to_string(ItemState state) {
    switch (state) {
        case ItemState::there:
            return "there";
        case ItemState::held:
            return "held";
        case ItemState::missing:
            return "missing";
    }
    return {};
}

std::size_t ExpectedVisit::count(ItemState state) const {
    std::size_t count = 0;
    for (const ExpectedPanel& panel : panels) {
        count +=
            static_cast<std::size_t>(std::ranges::count(panel.items, state, &ExpectedItem::state));
    }
    return count;
}

bool Completeness::misses_in_closed_window() const {
    return std::ranges::any_of(visits, [](const ExpectedVisit& visit) {
        return visit.window == WindowState::closed &&
               visit.count(ItemState::held) + visit.count(ItemState::missing) > 0;
    });
}

Completeness complete(const CompletenessQuestion& question) {
    return Schedule(question).complete();
}

}  // namespace labrelay::study
