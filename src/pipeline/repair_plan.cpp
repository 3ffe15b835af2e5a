#include "labrelay/pipeline/repair_plan.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "labrelay/mapping/registry_files.hpp"

namespace labrelay::pipeline {
namespace {

using study::Overlay;
using study::OverlayKind;
using study::RegisteredSpecimen;
using study::Subject;

tl::unexpected<Error> bad(std::string field, std::string why) {
    return fail(Code::body_bad, Place{std::move(field)}, std::move(why));
}

Result<const Subject*> subject_of(const RepairScene& scene, SubjectId id, const char* field) {
    if (!id) {
        return bad(field, "a subject is needed");
    }
    const Subject* subject = scene.registry.subject(id);
    if (subject == nullptr) {
        return fail(Code::not_found, Place{field}, "no such subject");
    }
    return subject;
}

std::vector<ObservationId> all_of(std::span<const RepairItem> held) {
    std::vector<ObservationId> items;
    items.reserve(held.size());
    for (const RepairItem& item : held) {
        items.push_back(item.id);
    }
    return items;
}

/// One decision for each held observation.
template <class Fill>
void decide_on_each(RepairPlan& plan, std::span<const RepairItem> held, OverlayKind kind,
                    const Fill& fill) {
    for (const RepairItem& item : held) {
        PlannedOverlay& planned = plan.overlays.emplace_back();
        planned.message = item.id.message;
        planned.overlay.ordinal = item.id.ordinal;
        planned.overlay.kind = kind;
        fill(planned.overlay, item);
        if (item.subject) {
            plan.subjects.push_back(item.subject);
        }
    }
    plan.items = all_of(held);
}

/// Where the message names a patient the registry learns the identifier, so that later messages
/// pass too. Where it names nobody, or somebody else, only the decision for each of them is kept.
Result<RepairPlan> link_subject(const RepairRequest& request, const RepairScene& scene) {
    const auto subject = subject_of(scene, request.subject, "subject");
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    RepairPlan plan;
    if (request.authority.empty() != request.value.empty()) {
        return bad("authority", "an identifier is an authority and a value");
    }
    if (request.authority.empty()) {
        decide_on_each(
            plan, scene.held, OverlayKind::subject,
            [&](Overlay& overlay, const RepairItem&) { overlay.subject = request.subject; });
        plan.subjects.push_back(request.subject);
        return plan;
    }
    const study::StudyDefinition* study = scene.configuration.rules().study((*subject)->study);
    if (study == nullptr ||
        std::ranges::find(study->authorities, request.authority) == study->authorities.end()) {
        return bad("authority", "the subject's study lets no such authority name its subjects");
    }
    const study::Identifier identifier{request.authority, request.value};
    for (const Subject* owner : scene.registry.subjects_by_identifier(identifier)) {
        if (owner->study == (*subject)->study && owner->id != request.subject) {
            return fail(Code::registry_conflict, Place{"value"},
                        "the identifier is another subject's of the study");
        }
    }
    Subject after = **subject;
    if (std::ranges::find(after.identifiers, identifier) == after.identifiers.end()) {
        after.identifiers.push_back(identifier);
        plan.change.subjects.push_back(std::move(after));
    }
    plan.items = all_of(scene.held);
    plan.subjects.push_back(request.subject);
    return plan;
}

Result<RepairPlan> register_specimen(const RepairRequest& request, const RepairScene& scene) {
    const auto subject = subject_of(scene, request.subject, "subject");
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    if (request.authority.empty() || request.specimen.empty()) {
        return bad("specimen", "a specimen has an authority and a number");
    }
    RepairPlan plan;
    RegisteredSpecimen specimen;
    specimen.name = {request.authority, request.specimen};
    if (const RegisteredSpecimen* known = scene.registry.specimen(specimen.name)) {
        specimen = *known;
        for (const Subject* before : scene.registry.subjects_of(*known)) {
            plan.subjects.push_back(before->id);
        }
    }
    // What it was registered with before must not name a second person.
    const bool named_by_number = !specimen.subject_no.empty();
    if (!(*subject)->identifiers.empty()) {
        specimen.patient = (*subject)->identifiers.front();
    } else if (specimen.patient) {
        return bad("subject", "the specimen is registered by identifier and the subject has none");
    }
    if (!specimen.patient || named_by_number) {
        specimen.subject_no = (*subject)->stable_key();
    }
    if (!request.collected_at.empty()) {
        const Result<Timestamp> time = parse_iso_time(request.collected_at);
        if (!time || time->precision < Precision::day) {
            return bad("collected_at", "a date as 2026-03-01 is needed, with its time where known");
        }
        specimen.collected_at = *time;
    }
    if (!request.visit.empty()) {
        const study::StudyDefinition* study = scene.configuration.rules().study((*subject)->study);
        if (study == nullptr || study->visit(request.visit) == nullptr) {
            return bad("visit", "the subject's study has no such visit");
        }
        specimen.visit = request.visit;
    }
    plan.change.specimens.push_back(std::move(specimen));
    plan.items = all_of(scene.held);
    plan.subjects.push_back(request.subject);
    return plan;
}

Result<RepairPlan> correct_subject(const RepairRequest& request, const RepairScene& scene) {
    const auto subject = subject_of(scene, request.subject, "subject");
    if (!subject) {
        return tl::unexpected(subject.error());
    }
    if (request.fields.empty()) {
        return bad("fields", "something to correct is needed");
    }
    Result<Subject> after =
        mapping::correct_subject(**subject, request.fields, scene.configuration);
    if (!after) {
        return tl::unexpected(after.error());
    }
    RepairPlan plan;
    if (*after != **subject) {
        plan.change.subjects.push_back(std::move(*after));
    }
    plan.items = all_of(scene.held);
    plan.subjects.push_back(request.subject);
    return plan;
}

constexpr std::string_view kUnscheduled = "unscheduled";

Result<RepairPlan> place_visit(const RepairRequest& request, const RepairScene& scene) {
    if (request.visit.empty()) {
        return bad("visit", "a visit is needed, or unscheduled");
    }
    const bool unscheduled = request.visit == kUnscheduled;
    for (const RepairItem& item : scene.held) {
        const Subject* subject = scene.registry.subject(item.subject);
        const study::StudyDefinition* study =
            subject != nullptr ? scene.configuration.rules().study(subject->study) : nullptr;
        if (study == nullptr) {
            return bad("observations", "a draw is placed for a known subject");
        }
        if (!unscheduled && study->visit(request.visit) == nullptr) {
            return bad("visit", "the subject's study has no such visit");
        }
    }
    RepairPlan plan;
    decide_on_each(plan, scene.held, OverlayKind::visit, [&](Overlay& overlay, const RepairItem&) {
        overlay.visit = unscheduled ? std::string() : request.visit;
    });
    return plan;
}

Result<RepairPlan> accept_value(const RepairRequest&, const RepairScene& scene) {
    for (const RepairItem& item : scene.held) {
        if (item.id.ordinal == 0 || !study::may_be_waived(item.rule)) {
            return bad("observations", "not to be accepted against " + std::string(key(item.rule)));
        }
    }
    RepairPlan plan;
    decide_on_each(plan, scene.held, OverlayKind::accept,
                   [](Overlay& overlay, const RepairItem& item) {
                       overlay.rule = item.rule;
                       overlay.value = item.value_reported;
                       overlay.unit = item.unit_reported;
                   });
    return plan;
}

Result<RepairPlan> not_for_study(const RepairRequest& request, const RepairScene& scene) {
    if (request.reason_code.empty()) {
        return bad("reason_code", "one of the coded reasons is needed");
    }
    RepairPlan plan;
    decide_on_each(plan, scene.held, OverlayKind::ignore, [&](Overlay& overlay, const RepairItem&) {
        overlay.reason_code = request.reason_code;
    });
    return plan;
}

bool is_named(const study::SpecimenIdentity& specimen, const std::string& name) {
    return specimen.order == name || specimen.specimen_id == name;
}

/// Everything that is stored of the specimen at `from`, and what the problem holds of it. What the
/// laboratory itself withdrew stays withdrawn there: it was never the other subject's.
Result<RepairPlan> move_specimen(const RepairRequest& request, const RepairScene& scene) {
    const auto from = subject_of(scene, request.from, "from");
    const auto to = subject_of(scene, request.to, "to");
    if (!from || !to) {
        return tl::unexpected((from ? to : from).error());
    }
    if (request.from == request.to) {
        return bad("to", "it is that subject's already");
    }
    if (request.specimen.empty() || scene.from == nullptr) {
        return bad("specimen", "the specimen is needed, as the laboratory names it");
    }
    std::set<ObservationId> moved;
    std::set<std::pair<std::string, study::SpecimenIdentity>> specimens;
    for (const study::ResultRecord& record : scene.from->results) {
        if (!record.key.derived.empty() || !is_named(record.key.specimen, request.specimen)) {
            continue;
        }
        specimens.emplace(record.key.source, record.key.specimen);
        if (!study::stands(record.taken)) {
            continue;
        }
        for (const study::StoredVersion& version : record.versions) {
            if (version.status != study::ObservationStatus::withdrawn) {
                moved.insert(version.id);
            }
        }
    }
    if (specimens.size() > 1) {
        return bad("specimen", "two specimens of the subject have this number");
    }
    for (const RepairItem& item : scene.held) {
        // Held of somebody else, an equal number is another tube.
        if (item.id.ordinal != 0 && (!item.subject || item.subject == request.from) &&
            is_named(item.specimen, request.specimen) &&
            (specimens.empty() || item.specimen == specimens.begin()->second)) {
            moved.insert(item.id);
        }
    }
    if (moved.empty()) {
        return fail(Code::not_found, Place{"specimen"}, "nothing of it is stored of the subject");
    }
    RepairPlan plan;
    for (const ObservationId& id : moved) {
        PlannedOverlay& planned = plan.overlays.emplace_back();
        planned.message = id.message;
        planned.overlay.ordinal = id.ordinal;
        planned.overlay.kind = OverlayKind::subject;
        planned.overlay.subject = request.to;
        planned.overlay.from = request.from;
    }
    plan.items.assign(moved.begin(), moved.end());
    plan.subjects = {request.from, request.to};
    return plan;
}

Result<RepairPlan> reprocess(const RepairRequest&, const RepairScene& scene) {
    RepairPlan plan;
    plan.items = all_of(scene.held);
    for (const RepairItem& item : scene.held) {
        if (item.subject) {
            plan.subjects.push_back(item.subject);
        }
    }
    return plan;
}

using Plan = Result<RepairPlan> (*)(const RepairRequest&, const RepairScene&);
constexpr std::array<std::pair<std::string_view, Plan>, 8> kPlans{{
    {"link-subject", link_subject},
    {"register-specimen", register_specimen},
    {"correct-subject", correct_subject},
    {"place-visit", place_visit},
    {"accept-value", accept_value},
    {"not-for-study", not_for_study},
    {"move-specimen", move_specimen},
    {"reprocess", reprocess},
}};

}  // namespace

Result<RepairPlan> plan_repair(const RepairRequest& request, const RepairScene& scene) {
    const auto* const found = std::ranges::find(kPlans, std::string_view(request.kind),
                                                &std::pair<std::string_view, Plan>::first);
    if (found == kPlans.end()) {
        return bad("kind", "no such repair");
    }
    Result<RepairPlan> plan = found->second(request, scene);
    if (plan) {
        std::ranges::sort(plan->subjects);
        const auto [first, last] = std::ranges::unique(plan->subjects);
        plan->subjects.erase(first, last);
    }
    return plan;
}

study::Registry registry_after(const study::Registry& registry, const RegistryChange& change) {
    if (change.subjects.empty() && change.specimens.empty()) {
        return registry;
    }
    return registry.with(change.subjects, change.specimens).at_version(registry.version() + 1);
}

}  // namespace labrelay::pipeline
