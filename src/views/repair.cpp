#include "labrelay/views/repair.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace labrelay::views {
namespace {

using Json = nlohmann::ordered_json;
using study::Disposition;

constexpr std::size_t kExamples = 5;

std::string sentence(Code code) {
    return code == Code::none ? std::string() : std::string(entry(code).text);
}

std::string rule(Code code) {
    return code == Code::none ? std::string() : std::string(key(code));
}

std::string label(SubjectId id, const study::Registry& registry) {
    const study::Subject* subject = registry.subject(id);
    return subject != nullptr ? subject->label() : std::to_string(id.value);
}

Json time_or_null(const std::optional<Instant>& at) {
    return at ? Json(to_iso(*at)) : Json();
}

Json example(const pipeline::TrialEnd& end) {
    const bool was_held = end.held_by != Code::none;
    return {{"observation", observation_name(end.id)},
            {"control_id", end.control_id},
            {"before",
             {{"disposition", was_held ? "held" : "stored"},
              {"rule", rule(end.held_by)},
              {"text", sentence(end.held_by)}}},
            {"after",
             {{"disposition", std::string(to_string(end.disposition))},
              {"rule", rule(end.rule)},
              {"text", end.text.empty() ? sentence(end.rule) : end.text}}}};
}

/// A few of each end, so that what goes wrong is among them.
Json examples(const pipeline::RepairPreview& preview) {
    Json list = Json::array();
    for (const Disposition wanted :
         {Disposition::held, Disposition::stored, Disposition::ignored}) {
        std::size_t shown = 0;
        for (const pipeline::TrialEnd& end : preview.ends) {
            if (end.disposition != wanted || shown == kExamples) {
                continue;
            }
            list.push_back(example(end));
            ++shown;
        }
    }
    return list;
}

}  // namespace

void keep_values_back(Json& preview) {
    for (Json& shown : preview["examples"]) {
        if (shown.contains("after")) {
            shown["after"]["text"] = "";
        }
        if (shown.contains("before")) {
            shown["before"]["text"] = "";
        }
    }
    preview["delivered_changes"] = Json::array();
    preview["values_kept_back"] = true;
}

std::string observation_name(ObservationId id) {
    return fmt::format("{}.{}", to_base32(id.message), id.ordinal);
}

std::optional<ObservationId> observation_from(std::string_view name) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto message = parse_message_id(name.substr(0, dot));
    std::int32_t ordinal = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + dot + 1, end, ordinal);
    if (!message || read.ec != std::errc() || read.ptr != end || ordinal < 0) {
        return std::nullopt;
    }
    return ObservationId{*message, ordinal};
}

Json preview_json(const pipeline::RepairPreview& preview, const study::Registry& registry) {
    Json still = Json::array();
    for (const auto& [code, count] : preview.still) {
        still.push_back({{"rule", rule(code)}, {"sentence", sentence(code)}, {"count", count}});
    }
    Json changes = Json::array();
    for (const pipeline::DeliveredChange& change : preview.delivered_changes) {
        changes.push_back({{"result_id", change.result_id},
                           {"subject", label(change.subject, registry)},
                           {"visit", change.visit},
                           {"analyte", change.analyte},
                           {"from", change.from},
                           {"to", change.to}});
    }
    return {{"total", preview.total},
            {"sampled", preview.tried},
            {"not_looked_at", preview.total - preview.tried},
            {"unreadable", preview.unreadable},
            {"would_store", preview.would_store},
            {"still_held", preview.still_held},
            {"ignored", preview.ignored},
            {"changes_delivered", preview.delivered_changes.size()},
            {"examples", examples(preview)},
            {"still", std::move(still)},
            {"delivered_changes", std::move(changes)}};
}

Json repair_job_json(const store::RepairRow& repair) {
    return {{"id", repair.id},
            {"kind", repair.kind},
            {"state", std::string(to_string(repair.state))},
            {"problem", repair.problem ? Json(repair.problem->value) : Json()},
            {"total", repair.total},
            {"done", repair.done()},
            {"stored", repair.stored},
            {"held", repair.held},
            {"ignored", repair.ignored},
            {"failed", repair.failed},
            {"created", to_iso(repair.created)},
            {"started", time_or_null(repair.started)},
            {"ended", time_or_null(repair.ended)},
            {"actor", repair.actor},
            {"reason", repair.reason},
            {"etag", std::to_string(repair.version)}};
}

Json repair_end_json(const store::RepairEnd& end) {
    Json outcome;
    if (end.disposition == "S") {
        outcome = "stored";
    } else if (end.disposition == "H") {
        outcome = "held";
    } else if (end.disposition == "I") {
        outcome = "ignored";
    } else if (end.disposition == "F") {
        outcome = "failed";
    }
    return {{"observation", observation_name(end.id)},
            {"control_id", end.control_id},
            {"outcome", std::move(outcome)},
            {"rule", rule(end.rule)},
            {"sentence", sentence(end.rule)}};
}

Json subject_candidates_json(std::span<const pipeline::SubjectCandidate> candidates,
                             const study::Registry& registry) {
    Json list = Json::array();
    for (const pipeline::SubjectCandidate& candidate : candidates) {
        const study::Subject* subject = registry.subject(candidate.subject);
        if (subject == nullptr) {
            continue;
        }
        const char* status = subject->withdrawn_at       ? "withdrawn"
                             : subject->screen_failed_at ? "screen failure"
                             : subject->first_infusion   ? "dosed"
                                                         : "screening";
        list.push_back({{"subject",
                         {{"id", candidate.subject.value},
                          {"label", subject->label()},
                          {"study", subject->study},
                          {"site", subject->site},
                          {"status", status}}},
                        {"score", candidate.score},
                        {"strong", candidate.strong},
                        {"evidence", candidate.evidence},
                        {"contradictions", candidate.contradictions}});
    }
    return list;
}

Json visit_candidates_json(std::span<const pipeline::VisitCandidate> candidates) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? Json() : Json(text);
    };
    Json list = Json::array();
    for (const pipeline::VisitCandidate& candidate : candidates) {
        list.push_back({{"visit", candidate.visit},
                        {"name", candidate.name},
                        {"open", text_or_null(candidate.open)},
                        {"target", text_or_null(candidate.target)},
                        {"close", text_or_null(candidate.close)},
                        {"contains", candidate.contains},
                        {"days_from_target",
                         candidate.days_from_target ? Json(*candidate.days_from_target) : Json()}});
    }
    return list;
}

}  // namespace labrelay::views
