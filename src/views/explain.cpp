#include "labrelay/views/explain.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "said_json.hpp"

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;

struct Placed {
    const study::ResultRecord* record = nullptr;
    const study::StoredVersion* version = nullptr;
    bool current = false;
};

/// The results that the observation became a version of: one a study.
std::vector<Placed> placed(const study::Outcome& outcome, ObservationId id) {
    std::vector<Placed> found;
    for (const study::ResultChange& change : outcome.changes) {
        if (!change.after.key.derived.empty()) {
            continue;
        }
        for (const study::StoredVersion& version : change.after.versions) {
            if (version.id == id) {
                found.push_back(
                    Placed{&change.after, &version, &version == &change.after.current_version()});
            }
        }
    }
    return found;
}

std::string where(const study::Placement& placement) {
    switch (placement.kind) {
        case study::VisitKind::scheduled:
            return "at " + placement.visit;
        case study::VisitKind::unscheduled:
            return "unscheduled";
        case study::VisitKind::history:
            return "as history";
    }
    return "";
}

std::string value_with_unit(const study::ResultValue& value) {
    return value.unit.empty() || !(value.value_num || value.comparator != units::Comparator::none)
               ? value.value_text
               : value.value_text + " " + value.unit;
}

const study::DecidedObservation* decided_of(const study::Outcome& outcome, std::int32_t ordinal) {
    const auto found =
        std::ranges::find(outcome.observations, ordinal, &study::DecidedObservation::ordinal);
    return found == outcome.observations.end() ? nullptr : &*found;
}

std::string label_of(const study::Registry& registry, SubjectId id) {
    const study::Subject* subject = registry.subject(id);
    return subject == nullptr ? std::string("?") : subject->label();
}

std::vector<std::string> labels_of(const std::vector<const study::Subject*>& subjects) {
    std::vector<std::string> labels;
    labels.reserve(subjects.size());
    for (const study::Subject* subject : subjects) {
        labels.push_back(subject->label());
    }
    return labels;
}

std::string stored_clause(const Explanation& explanation, const Placed& result) {
    return fmt::format("stored {} {} {} for {}", result.version->analyte,
                       value_with_unit(result.version->value), where(result.record->placement),
                       label_of(explanation.registry, result.record->key.subject));
}

/// Whose a specimen is; somebody may be a subject of several studies.
std::string owner_of(const Explanation& explanation, const study::RegisteredSpecimen& specimen) {
    return fmt::format("{}",
                       fmt::join(labels_of(explanation.registry.subjects_of(specimen)), " and "));
}

std::string learned_clause(const Explanation& explanation, const study::LearnedSpecimen& learned) {
    const study::RegisteredSpecimen& specimen = learned.specimen;
    return fmt::format("learned {} of {} for {}{}{}", specimen.name.specimen,
                       specimen.name.authority, owner_of(explanation, specimen),
                       specimen.collected_at ? " drawn " : "",
                       specimen.collected_at ? specimen.collected_at->text : "");
}

std::string notice_clause(const Explanation& explanation, const study::Notice& notice) {
    return notice.subject.value == 0 ? fmt::format("notice {}", key(notice.code))
                                     : fmt::format("notice {} for {}", key(notice.code),
                                                   label_of(explanation.registry, notice.subject));
}

std::string_view message_word(const Explanation& explanation) {
    if (explanation.outcome.state == study::MessageState::duplicate) {
        return "duplicate";
    }
    if (explanation.outcome.state == study::MessageState::refused) {
        return "refused";
    }
    return "";
}

Code refusing_code(const std::vector<Finding>& findings) {
    const auto found = std::ranges::find(findings, Severity::refuse, &Finding::severity);
    return found == findings.end() ? Code::none : found->code;
}

std::string note_line(const Finding& finding) {
    std::string line = fmt::format("{} {}", to_string(finding.severity), key(finding.code));
    if (!finding.place.text.empty()) {
        line += " at " + finding.place.text;
    }
    line += fmt::format(": {}", entry(finding.code).text);
    if (!finding.value.empty()) {
        line += fmt::format(" Came: \"{}\".", finding.value);
    }
    if (!finding.detail.empty()) {
        line += fmt::format(" ({})", finding.detail);
    }
    return line;
}

/// The checks that say nothing, by what they lack: a first draw has many of them.
class UndecidedChecks {
public:
    bool take(const study::LineageStep& step) {
        constexpr std::string_view kCheck = "check.";
        constexpr std::string_view kUndecidable = "Undecidable: ";
        if (!step.rule.starts_with(kCheck)) {
            return false;
        }
        std::string why = step.said.text();
        if (!why.starts_with(kUndecidable)) {
            return false;
        }
        why.erase(0, kUndecidable.size());
        auto group = std::ranges::find(groups_, why, &Group::why);
        if (group == groups_.end()) {
            group = groups_.insert(groups_.end(), {std::move(why), {}});
        }
        group->checks.push_back(std::string_view(step.rule).substr(kCheck.size()));
        return true;
    }
    void append_to(std::string& text) const {
        for (const Group& group : groups_) {
            text += fmt::format("      {:<20} {}: {}\n", "check.undecidable",
                                fmt::join(group.checks, ", "), group.why);
        }
    }

private:
    struct Group {
        std::string why;
        std::vector<std::string_view> checks;
    };
    std::vector<Group> groups_;
};

void append_steps(std::string& text, const std::vector<study::LineageStep>& steps) {
    UndecidedChecks undecided;
    for (const study::LineageStep& step : steps) {
        if (!undecided.take(step)) {
            text += fmt::format("      {:<20} {}\n", step.rule, step.said.text());
        }
    }
    undecided.append_to(text);
}

/// Whether a person's decision had a say in what became of the observation.
bool acted(const study::Overlay& overlay, const Explanation& explanation,
           const study::ProposedObservation& observation) {
    if (overlay.ended || !overlay.about(observation.ordinal)) {
        return false;
    }
    if (overlay.kind != study::OverlayKind::accept) {
        return study::decision(explanation.before.overlays, observation.ordinal, overlay.kind) ==
               &overlay;
    }
    const auto accepted = [&](const std::vector<Finding>& findings) {
        return std::ranges::any_of(findings, [&](const Finding& finding) {
            return finding.code == Code::accepted_by_person && finding.detail == key(overlay.rule);
        });
    };
    const study::DecidedObservation* decided = decided_of(explanation.outcome, observation.ordinal);
    return accepted(observation.findings) || (decided != nullptr && accepted(decided->findings));
}

std::string overlay_text(const study::Overlay& overlay, const Explanation& explanation) {
    switch (overlay.kind) {
        case study::OverlayKind::subject:
            return overlay.moves() ? fmt::format("A person moved it from {} to {}.",
                                                 label_of(explanation.registry, overlay.from),
                                                 label_of(explanation.registry, overlay.subject))
                                   : fmt::format("A person linked it to {}.",
                                                 label_of(explanation.registry, overlay.subject));
        case study::OverlayKind::visit:
            return overlay.visit.empty() ? std::string("A person says that it is unscheduled.")
                                         : fmt::format("A person placed it on {}.", overlay.visit);
        case study::OverlayKind::accept:
            return fmt::format("A person takes {}{}{} as it is, against {}.", overlay.value,
                               overlay.unit.empty() ? "" : " ", overlay.unit, key(overlay.rule));
        case study::OverlayKind::ignore:
            return fmt::format("A person says that it is not for the study: {}.",
                               overlay.reason_code);
    }
    return {};
}

std::vector<const study::Overlay*> acting(const Explanation& explanation,
                                          const study::ProposedObservation& observation) {
    std::vector<const study::Overlay*> found;
    for (const study::Overlay& overlay : explanation.before.overlays) {
        if (acted(overlay, explanation, observation)) {
            found.push_back(&overlay);
        }
    }
    return found;
}

void append_stored(std::string& text, const Explanation& explanation, const Placed& result) {
    const study::Placement& placement = result.record->placement;
    text += fmt::format("    {}\n", stored_clause(explanation, result));
    const study::Subject* subject = explanation.registry.subject(result.record->key.subject);
    text +=
        fmt::format("      {:<20} {}, {}{}{}{}\n", "placed", subject ? subject->study : "?",
                    to_string(placement.role),
                    placement.study_day ? fmt::format(", study day {}", *placement.study_day) : "",
                    placement.forwarded ? "" : ", not forwarded",
                    result.current ? "" : ", superseded by another version");
}

void append_observation(std::string& text, const Explanation& explanation,
                        const study::ProposedObservation& observation) {
    const study::DecidedObservation* decided = decided_of(explanation.outcome, observation.ordinal);
    text += fmt::format("\n  {}  {}{}  {}{}{}\n", observation.place.text, observation.code,
                        observation.code_system.empty() ? "" : " (" + observation.code_system + ")",
                        observation.value.value_reported,
                        observation.value.unit_reported.empty() ? "" : " ",
                        observation.value.unit_reported);
    const std::vector<Placed> results = placed(
        explanation.outcome, ObservationId{explanation.proposal.message_id, observation.ordinal});
    for (const Placed& result : results) {
        append_stored(text, explanation, result);
    }
    if (decided != nullptr && decided->disposition != study::Disposition::stored) {
        text +=
            fmt::format("    {} {}: {} {}\n", to_string(decided->disposition), key(decided->rule),
                        entry(decided->rule).text, entry(decided->rule).advice);
    }
    if (results.empty() && decided != nullptr &&
        decided->disposition == study::Disposition::stored) {
        text += "    stored already, and unchanged\n";
    }
    for (const study::Overlay* overlay : acting(explanation, observation)) {
        text += fmt::format("      {:<20} {}\n", fmt::format("decision {}", overlay->id),
                            overlay_text(*overlay, explanation));
    }
    append_steps(text, observation.lineage);
    if (decided != nullptr) {
        append_steps(text, decided->lineage);
    }
    for (const Finding& finding : observation.findings) {
        text += "      ! " + note_line(finding) + "\n";
    }
    if (decided != nullptr) {
        for (const Finding& finding : decided->findings) {
            text += "      ! " + note_line(finding) + "\n";
        }
    }
}

/// What the message teaches the registry, and what a person is told because of it.
void append_news(std::string& text, const Explanation& explanation) {
    const study::Outcome& outcome = explanation.outcome;
    if (!outcome.learned.empty() || !outcome.notices.empty()) {
        text += "\n";
    }
    for (const study::LearnedSpecimen& learned : outcome.learned) {
        text +=
            fmt::format("  {}, by {}\n", learned_clause(explanation, learned), learned.place.text);
    }
    for (const study::Notice& notice : outcome.notices) {
        text += fmt::format("  {}: {}{}{}\n    {}\n", notice_clause(explanation, notice),
                            notice.detail, notice.detail.empty() ? "" : ". ",
                            entry(notice.code).text, entry(notice.code).advice);
    }
}

std::string balance(const study::Counts& counts) {
    return fmt::format("received {} = stored {} + held {} + ignored {}", counts.received,
                       counts.stored, counts.held, counts.ignored);
}

ordered_json finding_json(const Finding& finding) {
    ordered_json json;
    json["code"] = std::string(key(finding.code));
    json["severity"] = std::string(to_string(finding.severity));
    json["place"] = finding.place.text;
    if (finding.place.offset != Place::kNoOffset) {
        json["offset"] = finding.place.offset;
    }
    json["text"] = std::string(entry(finding.code).text);
    json["advice"] = std::string(entry(finding.code).advice);
    if (!finding.detail.empty()) {
        json["detail"] = finding.detail;
    }
    if (!finding.value.empty()) {
        json["value"] = finding.value;
    }
    return json;
}

ordered_json stored_json(const Explanation& explanation, const Placed& result) {
    const study::Subject* subject = explanation.registry.subject(result.record->key.subject);
    const study::Placement& placement = result.record->placement;
    const study::ResultValue& value = result.version->value;
    ordered_json json;
    json["study"] = subject ? subject->study : "";
    json["subject"] = subject ? subject->label() : "";
    json["visit"] = placement.visit;
    json["visit_kind"] = std::string(to_string(placement.kind));
    json["role"] = std::string(to_string(placement.role));
    json["study_day"] = placement.study_day ? ordered_json(*placement.study_day) : ordered_json();
    json["forwarded"] = placement.forwarded;
    json["current"] = result.current;
    json["analyte"] = result.version->analyte;
    json["comparator"] = std::string(units::to_string(value.comparator));
    json["value_text"] = value.value_text;
    json["value_num"] =
        value.value_num ? ordered_json(value.value_num->to_string()) : ordered_json();
    json["unit"] = value.unit;
    json["result_state"] = std::string(units::to_string(value.state));
    json["range_flag"] = value.range_flag;
    json["grade"] = value.grade;
    json["grade_scale"] = value.grade_scale;
    json["status"] = result.version->status_code;
    return json;
}

ordered_json observation_json(const Explanation& explanation,
                              const study::ProposedObservation& observation) {
    const study::DecidedObservation* decided = decided_of(explanation.outcome, observation.ordinal);
    ordered_json json;
    json["observation"] = observation.ordinal;
    json["place"] = observation.place.text;
    json["code"] = observation.code;
    json["system"] = observation.code_system;
    json["analyte"] = observation.analyte;
    json["value_reported"] = observation.value.value_reported;
    json["unit_reported"] = observation.value.unit_reported;
    const study::Disposition disposition =
        decided != nullptr ? decided->disposition : observation.disposition;
    json["disposition"] = std::string(study::to_string(disposition));
    const Code rule = decided != nullptr ? decided->rule : observation.rule;
    json["rule"] = disposition == study::Disposition::stored ? "" : std::string(key(rule));
    json["results"] = ordered_json::array();
    for (const Placed& result :
         placed(explanation.outcome,
                ObservationId{explanation.proposal.message_id, observation.ordinal})) {
        json["results"].push_back(stored_json(explanation, result));
    }
    json["decisions"] = ordered_json::array();
    for (const study::Overlay* overlay : acting(explanation, observation)) {
        json["decisions"].push_back({{"id", overlay->id},
                                     {"kind", std::string(study::to_string(overlay->kind))},
                                     {"text", overlay_text(*overlay, explanation)}});
    }
    json["lineage"] = ordered_json::array();
    const auto add_steps = [&json](const std::vector<study::LineageStep>& steps) {
        for (const study::LineageStep& step : steps) {
            ordered_json read = ordered_json::array();
            for (const Place& place : step.read) {
                read.push_back(
                    {{"place", place.text},
                     {"offset", place.offset == Place::kNoOffset ? ordered_json()
                                                                 : ordered_json(place.offset)}});
            }
            json["lineage"].push_back({{"rule", step.rule},
                                       {"text", step.said.text()},
                                       {"sentences", said_json(step.said)},
                                       {"read", std::move(read)}});
        }
    };
    json["findings"] = ordered_json::array();
    const auto add_findings = [&json](const std::vector<Finding>& findings) {
        for (const Finding& finding : findings) {
            json["findings"].push_back(finding_json(finding));
        }
    };
    add_steps(observation.lineage);
    add_findings(observation.findings);
    if (decided != nullptr) {
        add_steps(decided->lineage);
        add_findings(decided->findings);
    }
    return json;
}

}  // namespace

std::vector<std::string> clauses(const Explanation& explanation) {
    if (explanation.answer.silent) {
        return {"silent " + std::string(key(Code::ack_received))};
    }
    if (explanation.outcome.state == study::MessageState::duplicate) {
        return {"duplicate"};
    }
    if (explanation.outcome.state == study::MessageState::refused) {
        return {fmt::format("refused {} {}", hl7::to_string(explanation.answer.code),
                            key(refusing_code(explanation.outcome.findings)))};
    }
    std::vector<std::string> lines;
    for (const study::ProposedObservation& observation : explanation.proposal.observations) {
        const study::DecidedObservation* decided =
            decided_of(explanation.outcome, observation.ordinal);
        for (const Placed& result :
             placed(explanation.outcome,
                    ObservationId{explanation.proposal.message_id, observation.ordinal})) {
            lines.push_back(stored_clause(explanation, result));
        }
        if (decided != nullptr && decided->disposition != study::Disposition::stored) {
            lines.push_back(fmt::format("{} {} {}", to_string(decided->disposition),
                                        key(decided->rule), observation.place.text));
        }
    }
    for (const study::LearnedSpecimen& learned : explanation.outcome.learned) {
        lines.push_back(learned_clause(explanation, learned));
    }
    for (const study::Notice& notice : explanation.outcome.notices) {
        lines.push_back(notice_clause(explanation, notice));
    }
    return lines;
}

std::string explain_text(const Explanation& explanation) {
    const study::Proposal& proposal = explanation.proposal;
    std::string text = fmt::format(
        "message {} from {} ({}{}{})\n", proposal.control_id.empty() ? "?" : proposal.control_id,
        proposal.source.empty() ? "an unknown source" : proposal.source, proposal.message_type,
        proposal.version.empty() ? "" : ", ", proposal.version);
    const std::string_view word = message_word(explanation);
    if (!word.empty()) {
        text += fmt::format("  {}\n", word);
    }
    if (explanation.before.message) {
        text += fmt::format("  came before as {}: what processing it again gives\n",
                            to_base32(*explanation.before.message));
    }
    for (const Finding& finding : explanation.outcome.findings) {
        text += "  ! " + note_line(finding) + "\n";
        if (finding.severity >= Severity::hold) {
            text += fmt::format("    {}\n", entry(finding.code).advice);
        }
    }
    if (explanation.outcome.state != study::MessageState::refused &&
        explanation.outcome.state != study::MessageState::duplicate) {
        for (const study::ProposedObservation& observation : proposal.observations) {
            append_observation(text, explanation, observation);
        }
        for (const study::ResultChange& change : explanation.outcome.changes) {
            if (!change.after.key.derived.empty()) {
                const Placed derived{&change.after, &change.after.current_version(), true};
                text += "\n  derived\n";
                append_stored(text, explanation, derived);
                text += fmt::format("      {:<20} {}\n", "derived",
                                    derived.version->value.conversion_rule);
            }
        }
    }
    append_news(text, explanation);
    text +=
        fmt::format("\n  balance: {}\n  answer: {}\n", balance(explanation.outcome.counts),
                    explanation.answer.silent ? "none" : hl7::to_string(explanation.answer.code));
    if (!explanation.with_store) {
        text +=
            "  not decided without --data: duplicates, earlier versions, previous draws, other "
            "draws "
            "of the visit\n";
    }
    return text;
}

std::string explain_json(const Explanation& explanation) {
    const study::Proposal& proposal = explanation.proposal;
    ordered_json json;
    json["source"] = proposal.source;
    json["control_id"] = proposal.control_id;
    json["message_type"] = proposal.message_type;
    json["version"] = proposal.version;
    json["came_before_as"] = explanation.before.message
                                 ? ordered_json(to_base32(*explanation.before.message))
                                 : ordered_json();
    json["state"] = std::string(study::to_string(explanation.outcome.state));
    json["answer"] =
        explanation.answer.silent ? "" : std::string(hl7::to_string(explanation.answer.code));
    json["findings"] = ordered_json::array();
    for (const Finding& finding : explanation.outcome.findings) {
        json["findings"].push_back(finding_json(finding));
    }
    json["observations"] = ordered_json::array();
    if (explanation.outcome.state != study::MessageState::refused &&
        explanation.outcome.state != study::MessageState::duplicate) {
        for (const study::ProposedObservation& observation : proposal.observations) {
            json["observations"].push_back(observation_json(explanation, observation));
        }
    }
    json["derived"] = ordered_json::array();
    for (const study::ResultChange& change : explanation.outcome.changes) {
        if (!change.after.key.derived.empty()) {
            json["derived"].push_back(stored_json(
                explanation, Placed{&change.after, &change.after.current_version(), true}));
        }
    }
    json["learned"] = ordered_json::array();
    for (const study::LearnedSpecimen& learned : explanation.outcome.learned) {
        json["learned"].push_back({{"authority", learned.specimen.name.authority},
                                   {"specimen", learned.specimen.name.specimen},
                                   {"subject", owner_of(explanation, learned.specimen)},
                                   {"place", learned.place.text}});
    }
    json["notices"] = ordered_json::array();
    for (const study::Notice& notice : explanation.outcome.notices) {
        json["notices"].push_back(
            {{"rule", std::string(key(notice.code))},
             {"subject", notice.subject.value == 0
                             ? std::string()
                             : label_of(explanation.registry, notice.subject)},
             {"detail", notice.detail}});
    }
    const study::Counts& counts = explanation.outcome.counts;
    json["balance"] = {{"received", counts.received},
                       {"stored", counts.stored},
                       {"held", counts.held},
                       {"ignored", counts.ignored}};
    if (!explanation.with_store) {
        json["not_decided"] = {"duplicates", "earlier versions", "previous draws",
                               "other draws of the visit"};
    }
    json["config_hash"] = proposal.config_hash;
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace labrelay::views
