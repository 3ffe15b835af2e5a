#include "labrelay/views/subject_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "labrelay/core/sentences.hpp"
#include "labrelay/views/masking.hpp"
#include "labrelay/views/result_page.hpp"
#include "said_json.hpp"
#include "study_words.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;
using study::ItemState;
using study::WindowState;

/// A panel that expects no more than this has a mark for each thing.
constexpr std::size_t kSmallPanel = 4;

std::string mark_of(const study::Panel& panel, const std::vector<std::string>& any_of) {
    const bool small = panel.expects.size() > 1 && panel.expects.size() <= kSmallPanel;
    return small ? any_of.front() : panel.id;
}

/// The weakest of what a mark stands for.
int rank(std::string_view state) {
    constexpr std::string_view kOrder[] = {"delivered", "stored", "waiting", "held", "missing"};
    return static_cast<int>(std::ranges::find(kOrder, state) - std::begin(kOrder));
}

/// Empty: nobody waits for it.
std::string_view state_of(const study::ExpectedItem& item, WindowState window) {
    switch (item.state) {
        case ItemState::there:
            return item.delivered ? "delivered" : "stored";
        case ItemState::held:
            return "held";
        case ItemState::missing:
            break;
    }
    switch (window) {
        case WindowState::unknown:
        case WindowState::not_expected:
            return {};
        case WindowState::not_yet_open:
        case WindowState::open:
            return "waiting";
        case WindowState::closed:
            return "missing";
    }
    return {};
}

study::LockState lock_of(const MatrixRow& row, const std::string& visit) {
    study::LockState strongest = study::LockState::open;
    for (const study::ScopeLock& lock : row.locks) {
        if (lock.scope.visit.empty() || lock.scope.visit == visit) {
            strongest = std::max(strongest, lock.state);
        }
    }
    return strongest;
}

std::string_view cell_state(const MatrixRow& row, const study::ExpectedVisit& visit) {
    if (lock_of(row, visit.id) == study::LockState::locked) {
        return "locked";
    }
    switch (visit.window) {
        case WindowState::unknown:
        case WindowState::not_expected:
            return "not expected";
        case WindowState::not_yet_open:
            return visit.count(ItemState::held) > 0 ? "held" : "waiting";
        case WindowState::open:
        case WindowState::closed:
            break;
    }
    if (visit.count(ItemState::held) > 0) {
        return "held";
    }
    if (visit.count(ItemState::missing) > 0) {
        return visit.window == WindowState::closed ? "missing" : "waiting";
    }
    return "stored";
}

ordered_json cell_json(const MatrixRow& row, const study::ExpectedVisit& visit) {
    std::map<std::string, std::string> marks;
    for (const study::ExpectedPanel& expected : visit.panels) {
        const study::Panel* panel = row.study.panel(expected.id);
        if (panel == nullptr) {
            continue;
        }
        for (const study::ExpectedItem& item : expected.items) {
            const std::string state(state_of(item, visit.window));
            if (state.empty()) {
                continue;
            }
            const auto [mark, is_new] = marks.emplace(mark_of(*panel, item.any_of), state);
            if (!is_new && rank(state) > rank(mark->second)) {
                mark->second = state;
            }
        }
    }
    const bool counts_down =
        visit.window == WindowState::open || visit.window == WindowState::not_yet_open;
    return {{"state", cell_state(row, visit)},
            {"lock", study::to_string(lock_of(row, visit.id))},
            {"marks", marks},
            {"days_left", counts_down ? ordered_json(visit.days) : ordered_json()}};
}

std::string time_text(const std::optional<Timestamp>& time) {
    return time ? time->text : std::string();
}

ordered_json criteria_json(const study::Eligibility& eligibility) {
    ordered_json criteria = ordered_json::array();
    for (const study::CriterionFinding& criterion : eligibility.criteria) {
        ordered_json evidence = ordered_json::array();
        for (const study::ConditionFinding& condition : criterion.conditions) {
            if (!condition.because.empty()) {
                evidence.push_back({{"text", condition.because.text()},
                                    {"sentences", said_json(condition.because)},
                                    {"status", study::to_string(condition.status)},
                                    {"lineage_id", nullptr}});
            }
            for (const study::Evidence& one : condition.evidence) {
                const Said shown = say(
                    Sentence::evidence_value, one.analyte,
                    fmt::format("{}{}{}", one.value_text, one.unit.empty() ? "" : " ", one.unit),
                    moment_text(one.collected));
                evidence.push_back({{"text", shown.text()},
                                    {"sentences", said_json(shown)},
                                    {"status", one.counts ? "counts" : "does not count"},
                                    {"lineage_id", to_string(one.id)}});
            }
        }
        criteria.push_back({{"id", criterion.id},
                            {"text", criterion.text},
                            {"answer", study::to_string(criterion.status)},
                            {"bearing", study::to_string(criterion.bearing)},
                            {"evidence", std::move(evidence)}});
    }
    return {{"answer", study::to_string(eligibility.overall)}, {"criteria", std::move(criteria)}};
}

ordered_json identity_json(const study::Subject& subject, bool revealed) {
    ordered_json identifiers = ordered_json::array();
    for (const study::Identifier& identifier : subject.identifiers) {
        identifiers.push_back({{"authority", identifier.authority},
                               {"value", revealed ? identifier.value : masked(identifier.value)}});
    }
    return {{"masked", !revealed},
            {"identifiers", std::move(identifiers)},
            {"sex", subject.sex ? study::to_string(*subject.sex) : ""},
            {"birth_date",
             revealed ? time_text(subject.birth_date) : masked(time_text(subject.birth_date))}};
}

ordered_json dates_json(const study::Subject& subject) {
    return {{"consent", time_text(subject.consent_date)},
            {"screening", time_text(subject.screening_from)},
            {"randomised", time_text(subject.randomised_at)},
            {"first_infusion", time_text(subject.first_infusion)},
            {"second_infusion", time_text(subject.second_infusion)},
            {"third_infusion", time_text(subject.third_infusion)},
            {"art_start", time_text(subject.art_start)},
            {"regimen_changed", time_text(subject.regimen_changed)},
            {"withdrawn", time_text(subject.withdrawn_at)},
            {"screen_failed", time_text(subject.screen_failed_at)}};
}

ordered_json doses_json(const study::Subject& subject, const study::SubjectCalendar& calendar) {
    ordered_json doses = ordered_json::array();
    const auto first = calendar.known(subject.first_infusion);
    const std::pair<std::string_view, const std::optional<Timestamp>*> all[] = {
        {"first", &subject.first_infusion},
        {"second", &subject.second_infusion},
        {"third", &subject.third_infusion}};
    for (const auto& [name, at] : all) {
        const auto known = calendar.known(*at);
        if (known && first) {
            // CDISC: the day of the first infusion is day 1.
            doses.push_back({{"name", name},
                             {"at", moment_text(*known)},
                             {"day", (known->day - first->day).count() + 1}});
        }
    }
    return doses;
}

std::string scope_text(const study::LockScope& scope) {
    return std::string(study::kind_of(scope));
}

}  // namespace

void remove_closed(study::SubjectState& state, const study::Subject& subject, const Sight& sight) {
    std::erase_if(state.results, [&](const study::ResultRecord& record) {
        return sight.is_closed(subject.study, record.current_version().analyte);
    });
}

void remove_closed(std::vector<study::HeldResult>& held, const study::Subject& subject,
                   const Sight& sight) {
    std::erase_if(held, [&](const study::HeldResult& one) {
        return sight.is_closed(subject.study, one.analyte);
    });
}

void remove_closed(study::Completeness& completeness, const study::Subject& subject,
                   const Sight& sight) {
    const auto closed = [&](const std::string& analyte) {
        return sight.is_closed(subject.study, analyte);
    };
    for (study::ExpectedVisit& visit : completeness.visits) {
        for (study::ExpectedPanel& panel : visit.panels) {
            std::erase_if(panel.items, [&](const study::ExpectedItem& item) {
                return std::ranges::any_of(item.any_of, closed);
            });
        }
        std::erase_if(visit.panels,
                      [](const study::ExpectedPanel& panel) { return panel.items.empty(); });
    }
}

std::string_view status_of(const study::Subject& subject) {
    if (subject.withdrawn_at) {
        return "withdrawn";
    }
    if (subject.screen_failed_at) {
        return "screen failure";
    }
    if (subject.first_infusion) {
        return "treated";
    }
    if (subject.randomised_at) {
        return "randomised";
    }
    return subject.consent_date || subject.screening_from ? "in screening" : "registered";
}

ordered_json matrix_row_json(const MatrixRow& row) {
    ordered_json cells = ordered_json::object();
    for (const study::ExpectedVisit& visit : row.completeness.visits) {
        cells[visit.id] = cell_json(row, visit);
    }
    return {{"id", row.subject.id.value},
            {"label", row.subject.label()},
            {"study", row.subject.study},
            {"site", row.subject.site},
            {"status", status_of(row.subject)},
            {"eligibility", study::to_string(row.eligibility.overall)},
            {"day0", time_text(row.subject.first_infusion)},
            {"cells", std::move(cells)}};
}

ordered_json marks_json(const study::StudyDefinition& study, const Sight& sight) {
    ordered_json marks = ordered_json::array();
    std::vector<std::string> known;
    for (const study::Panel& panel : study.panels) {
        const bool expected = std::ranges::any_of(study.visits, [&](const study::Visit& visit) {
            return std::ranges::count(visit.panels, panel.id) > 0;
        });
        for (const std::vector<std::string>& any_of : panel.expects) {
            const bool closed = std::ranges::any_of(any_of, [&](const std::string& analyte) {
                return sight.is_closed(study.id, analyte);
            });
            const std::string mark = mark_of(panel, any_of);
            if (!expected || closed || std::ranges::count(known, mark) > 0) {
                continue;
            }
            known.push_back(mark);
            const study::Analyte* analyte =
                mark == panel.id ? nullptr : sight.configuration().rules().analyte(mark);
            marks.push_back(
                {{"key", mark}, {"name", analyte == nullptr ? panel.name : analyte->name}});
        }
    }
    return marks;
}

ordered_json visits_json(const study::StudyDefinition& study) {
    ordered_json visits = ordered_json::array();
    for (const study::Visit& visit : study.visits) {
        visits.push_back({{"id", visit.id},
                          {"name", visit.name},
                          {"day", visit.target},
                          {"from", visit.from},
                          {"to", visit.until}});
    }
    return visits;
}

ordered_json subject_json(const SubjectReport& report, const Sight& sight) {
    const MatrixRow& row = report.row;
    const study::Subject& subject = row.subject;
    const study::SubjectCalendar calendar(subject, row.study);
    ordered_json json{{"id", subject.id.value},
                      {"label", subject.label()},
                      {"study", subject.study},
                      {"site", subject.site},
                      {"status", status_of(subject)},
                      {"screening_no", subject.screening_no},
                      {"subject_no", subject.subject_no},
                      {"dates", dates_json(subject)},
                      {"identity", identity_json(subject, report.revealed)},
                      {"eligibility", criteria_json(row.eligibility)}};
    json["visits"] = ordered_json::array();
    for (const study::ExpectedVisit& visit : row.completeness.visits) {
        const study::Visit* known = row.study.visit(visit.id);
        json["visits"].push_back({{"id", visit.id},
                                  {"name", visit.name},
                                  {"open", day_json(visit.from)},
                                  {"target", known == nullptr ? 0 : known->target},
                                  {"close", day_json(visit.until)},
                                  {"state", cell_state(row, visit)},
                                  {"window", study::to_string(visit.window)},
                                  {"lock", study::to_string(lock_of(row, visit.id))},
                                  {"locked", lock_of(row, visit.id) == study::LockState::locked}});
    }
    json["doses"] = doses_json(subject, calendar);
    json["results"] = ordered_json::array();
    for (const store::PageResult& result : report.page.results) {
        if (!sight.is_closed(subject.study, result.result.record.current_version().analyte)) {
            json["results"].push_back(result_json(result, sight));
        }
    }
    json["notices"] = ordered_json::array();
    for (const store::NoticeAt& notice : report.notices) {
        if (sight.names_closed(notice.detail)) {
            continue;
        }
        json["notices"].push_back(
            {{"rule", key(notice.rule)},
             {"sentence", entry(notice.rule).text},
             {"detail", without_identifiers(notice.detail, sight.configuration())},
             {"at", to_iso(notice.opened)},
             {"problem", notice.problem ? ordered_json(std::to_string(notice.problem.value))
                                        : ordered_json()}});
    }
    json["locks"] = ordered_json::array();
    for (const study::ScopeLock& lock : row.locks) {
        json["locks"].push_back({{"scope", scope_text(lock.scope)},
                                 {"visit", lock.scope.visit},
                                 {"state", study::to_string(lock.state)},
                                 {"since", to_iso(lock.since)}});
    }
    return json;
}

std::vector<Outstanding> outstanding_at(const study::Subject& subject,
                                        const study::StudyDefinition& study,
                                        study::SubjectStanding standing,
                                        const std::vector<store::HeldAt>& held,
                                        const std::vector<store::NoticeAt>& notices, Instant at,
                                        const Sight& sight, const std::string& visit) {
    standing.subject = subject;
    standing.held.clear();
    for (const store::HeldAt& one : held) {
        standing.held.push_back(one.held);
    }
    remove_closed(standing.held, subject, sight);
    standing.notices.clear();
    for (const store::NoticeAt& notice : notices) {
        if (!sight.names_closed(notice.detail)) {
            standing.notices.push_back({notice.id, notice.rule});
        }
    }
    std::vector<Outstanding> found;
    for (study::OutstandingItem& item : study::outstanding_of(
             standing, study::LockScope{subject.study, subject.id, visit}, study, at)) {
        if (sight.names_closed(item.id) || sight.names_closed(item.text)) {
            continue;
        }
        Outstanding one;
        for (const store::HeldAt& hold : held) {
            if (item.id == "held:" + to_string(hold.held.id)) {
                one.since = hold.opened;
                one.problem = hold.problem;
            }
        }
        for (const store::NoticeAt& notice : notices) {
            if (item.id == "notice:" + std::to_string(notice.id)) {
                one.since = notice.opened;
                one.problem = notice.problem;
            }
        }
        one.item = std::move(item);
        found.push_back(std::move(one));
    }
    return found;
}

ordered_json outstanding_json(const Outstanding& outstanding, std::string_view subject) {
    const study::OutstandingItem& item = outstanding.item;
    return {
        {"id", item.id},
        {"kind", item.id.substr(0, item.id.find(':'))},
        {"subject", subject},
        {"visit", item.visit},
        {"analyte", item.analyte},
        {"code", item.code},
        {"rule", item.rule == Code::none ? ordered_json() : ordered_json(key(item.rule))},
        {"text", item.text},
        {"acceptable", item.acceptable},
        {"since", outstanding.since ? ordered_json(to_iso(*outstanding.since)) : ordered_json()},
        {"problem", outstanding.problem ? ordered_json(std::to_string(outstanding.problem.value))
                                        : ordered_json()}};
}

}  // namespace labrelay::views
