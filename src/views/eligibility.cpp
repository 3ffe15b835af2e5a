#include "labrelay/views/eligibility.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "said_json.hpp"
#include "study_words.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;
using study::Bearing;
using study::ConditionFinding;
using study::CriterionFinding;
using study::CriterionStatus;
using study::Eligibility;
using study::Evidence;

std::string_view sort_text(study::Criterion::Sort sort) {
    return sort == study::Criterion::Sort::inclusion ? "inclusion" : "exclusion";
}

/// The value, and the original beside it where it reads otherwise.
std::string value_text(const Evidence& evidence) {
    std::string text = evidence.value_text;
    if (!evidence.unit.empty()) {
        text += " " + evidence.unit;
    }
    const bool as_reported = evidence.value_reported == evidence.value_text &&
                             (evidence.unit.empty() || evidence.unit == evidence.unit_reported);
    if (!as_reported && !evidence.value_reported.empty()) {
        text += fmt::format(" ({}{}{})", evidence.value_reported,
                            evidence.unit_reported.empty() ? "" : " ", evidence.unit_reported);
    }
    return text;
}

std::string lineage_text(const Evidence& evidence) {
    if (evidence.inputs.empty()) {
        return to_string(evidence.id);
    }
    std::string text;
    for (const ObservationId& input : evidence.inputs) {
        text += (text.empty() ? "derived from " : " + ") + to_string(input);
    }
    return text;
}

std::string remarks_of(const Evidence& evidence) {
    std::string text;
    const auto add = [&text](std::string_view remark) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", remark);
    };
    if (evidence.history) {
        add("history");
    }
    if (!evidence.remark.empty()) {
        add(evidence.remark.text());
    }
    if (!evidence.counts) {
        add("does not count");
    }
    return text;
}

void append_evidence(std::string& text, const Evidence& evidence) {
    const std::string remarks = remarks_of(evidence);
    text += fmt::format("          {:<9} {:<36} {:<16}  {}{}\n", evidence.analyte,
                        value_text(evidence), moment_text(evidence.collected),
                        lineage_text(evidence), remarks.empty() ? "" : "  " + remarks);
}

void append_condition(std::string& text, const ConditionFinding& condition) {
    text += fmt::format(
        "     {:<12} {:<12} {}{}\n", condition.id, to_string(condition.status),
        condition.because.empty() ? condition.text : condition.because.text(),
        condition.since ? fmt::format(" Since {}.", to_string(*condition.since)) : std::string());
    for (const Evidence& evidence : condition.evidence) {
        append_evidence(text, evidence);
    }
    for (const Said& note : condition.notes) {
        text += fmt::format("          note: {}\n", note.text());
    }
    for (const study::HeldResult& held : condition.held) {
        text += fmt::format("          {}; it could change this\n", held_text(held));
    }
}

void append_criterion(std::string& text, const CriterionFinding& criterion) {
    const std::string_view bearing =
        criterion.bearing == Bearing::against || criterion.bearing == Bearing::open
            ? to_string(criterion.bearing)
            : "";
    text += fmt::format("\n{:<4} {:<12} {:<12} {:<8} {}\n", criterion.id, sort_text(criterion.sort),
                        to_string(criterion.status), bearing, criterion.text);
    const bool attested_alone =
        criterion.conditions.size() == 1 && criterion.status == CriterionStatus::site_attests;
    for (const ConditionFinding& condition : criterion.conditions) {
        if (!attested_alone) {
            append_condition(text, condition);
        }
    }
}

std::string until_text(const Eligibility& eligibility) {
    if (!eligibility.screening_end) {
        return "not randomised";
    }
    return fmt::format("{} on {}: what was collected later does not count",
                       to_string(eligibility.screening_end->event),
                       moment_text(eligibility.screening_end->at));
}

void append_changes(std::string& text, const Eligibility& eligibility) {
    if (eligibility.changed_since.empty()) {
        return;
    }
    text += fmt::format("\nWhat was known at {} was otherwise:\n",
                        to_string(eligibility.screening_end->event));
    for (const study::LaterChange& change : eligibility.changed_since) {
        text += fmt::format("     {:<12} then {}: {}\n     {:<12} now {}: {}\n", change.condition,
                            to_string(change.then), change.because_then.text(), "",
                            to_string(change.now), change.because_now.text());
    }
}

ordered_json evidence_json(const Evidence& evidence) {
    ordered_json json;
    json["lineage_id"] = to_string(evidence.id);
    json["derived_from"] = ordered_json::array();
    for (const ObservationId& input : evidence.inputs) {
        json["derived_from"].push_back(to_string(input));
    }
    json["analyte"] = evidence.analyte;
    json["value_text"] = evidence.value_text;
    json["unit"] = evidence.unit;
    json["value_reported"] = evidence.value_reported;
    json["unit_reported"] = evidence.unit_reported;
    json["collected"] = moment_text(evidence.collected);
    json["history"] = evidence.history;
    json["counts"] = evidence.counts;
    json["remark"] = evidence.remark.text();
    json["remark_sentences"] = said_json(evidence.remark);
    return json;
}

ordered_json condition_json(const ConditionFinding& condition) {
    ordered_json json;
    json["id"] = condition.id;
    json["text"] = condition.text;
    json["status"] = to_string(condition.status);
    json["because"] = condition.because.text();
    json["because_sentences"] = said_json(condition.because);
    json["since"] = day_json(condition.since);
    json["evidence"] = ordered_json::array();
    for (const Evidence& evidence : condition.evidence) {
        json["evidence"].push_back(evidence_json(evidence));
    }
    json["notes"] = ordered_json::array();
    json["notes_sentences"] = ordered_json::array();
    for (const Said& note : condition.notes) {
        json["notes"].push_back(note.text());
        json["notes_sentences"].push_back(said_json(note));
    }
    json["held"] = ordered_json::array();
    for (const study::HeldResult& held : condition.held) {
        json["held"].push_back(held_json(held));
    }
    return json;
}

ordered_json criterion_json(const CriterionFinding& criterion) {
    ordered_json json;
    json["id"] = criterion.id;
    json["kind"] = sort_text(criterion.sort);
    json["text"] = criterion.text;
    json["status"] = to_string(criterion.status);
    json["bearing"] = to_string(criterion.bearing);
    json["conditions"] = ordered_json::array();
    for (const ConditionFinding& condition : criterion.conditions) {
        json["conditions"].push_back(condition_json(condition));
    }
    return json;
}

ordered_json screening_end_json(const Eligibility& eligibility) {
    if (!eligibility.screening_end) {
        return {};
    }
    return {{"event", to_string(eligibility.screening_end->event)},
            {"at", moment_text(eligibility.screening_end->at)}};
}

}  // namespace

std::vector<std::string> clauses(const EligibilityReport& report) {
    const Eligibility& eligibility = report.eligibility;
    std::vector<std::string> lines{fmt::format("overall {}", to_string(eligibility.overall))};
    for (const CriterionFinding& criterion : eligibility.criteria) {
        lines.push_back(fmt::format("{} {}", criterion.id, to_string(criterion.status)));
        for (const ConditionFinding& condition : criterion.conditions) {
            lines.push_back(fmt::format("{} {}", condition.id, to_string(condition.status)));
        }
    }
    for (const study::LaterChange& change : eligibility.changed_since) {
        lines.push_back(fmt::format("changed {}", change.condition));
    }
    return lines;
}

std::string eligibility_text(const EligibilityReport& report) {
    const Eligibility& eligibility = report.eligibility;
    std::string text = fmt::format("{} of {}: {}\n", report.subject.label(), report.subject.study,
                                   eligibility.criteria.empty() ? "the study has no criteria"
                                                                : to_string(eligibility.overall));
    if (report.known_until) {
        text += fmt::format("By what had been reported until {}.\n", to_iso(*report.known_until));
    }
    text += fmt::format("Screening {}; {}.\n",
                        eligibility.screening_began
                            ? "began on " + to_string(*eligibility.screening_began)
                            : std::string("not known"),
                        until_text(eligibility));
    for (const CriterionFinding& criterion : eligibility.criteria) {
        append_criterion(text, criterion);
    }
    append_changes(text, eligibility);
    if (!eligibility.held.empty()) {
        text += "\nHeld, of codes that are not mapped; each could change a criterion:\n";
        for (const study::HeldResult& held : eligibility.held) {
            text += fmt::format("     {}\n", held_text(held));
        }
    }
    return text;
}

std::string eligibility_json(const EligibilityReport& report) {
    const Eligibility& eligibility = report.eligibility;
    ordered_json json;
    json["study"] = report.subject.study;
    json["subject"] = report.subject.label();
    json["known_until"] =
        report.known_until ? ordered_json(to_iso(*report.known_until)) : ordered_json();
    json["overall"] = to_string(eligibility.overall);
    json["screening_began"] = day_json(eligibility.screening_began);
    json["screening_end"] = screening_end_json(eligibility);
    json["criteria"] = ordered_json::array();
    for (const CriterionFinding& criterion : eligibility.criteria) {
        json["criteria"].push_back(criterion_json(criterion));
    }
    json["changed_since"] = ordered_json::array();
    for (const study::LaterChange& change : eligibility.changed_since) {
        json["changed_since"].push_back({{"condition", change.condition},
                                         {"then", to_string(change.then)},
                                         {"because_then", change.because_then.text()},
                                         {"now", to_string(change.now)},
                                         {"because_now", change.because_now.text()}});
    }
    json["held"] = ordered_json::array();
    for (const study::HeldResult& held : eligibility.held) {
        json["held"].push_back(held_json(held));
    }
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace labrelay::views
