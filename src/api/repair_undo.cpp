#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "labrelay/store/held_query.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/registry_undo.hpp"
#include "labrelay/store/repair_desk.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/store/state_query.hpp"
#include "labrelay/views/repair.hpp"
#include "prepared_repair.hpp"
#include "repair_transaction.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using Json = nlohmann::ordered_json;
using pipeline::RepairPlan;

/// A fact that goes was one for every result of the subject: each is asked anew, as if a decision
/// for it had ended.
std::vector<store::NewOverlay> ask_anew(const study::SubjectState& state, SubjectId subject) {
    std::vector<store::NewOverlay> over;
    for (const study::ResultRecord& record : state.results) {
        if (!record.key.derived.empty()) continue;
        for (const study::StoredVersion& version : record.versions) {
            store::NewOverlay& one = over.emplace_back();
            one.message = version.id.message;
            one.overlay.ordinal = version.id.ordinal;
            one.overlay.kind = study::OverlayKind::subject;
            one.overlay.subject = subject;
            one.overlay.ended = true;
        }
    }
    return over;
}

bool has_closed(const study::SubjectState& state, const views::Sight& sight) {
    return std::ranges::any_of(state.results, [&](const study::ResultRecord& record) {
        return !sight.counts(record.current_version().analyte);
    });
}

void sort_items(std::vector<ObservationId>& items) {
    std::ranges::sort(items);
    const auto [first, last] = std::ranges::unique(items);
    items.erase(first, last);
}

}  // namespace

/// What takes a repair back, read and not yet allowed.
struct Repairs::Undoing {
    store::RepairRow row;
    const RepairKind* kind = nullptr;
    RepairPlan plan;  ///< facts that go, decisions that are over, whose results are asked anew
    std::vector<pipeline::RepairItem> held;
    bool told = false;  ///< some target knows of a result that it touches
    std::shared_ptr<const mapping::Configuration> configuration;
    study::Registry registry;
};

/// Errors: not-found, forbidden, state-change-bad with why it cannot be taken back.
Result<Repairs::Undoing> Repairs::prepare_undo(std::int64_t job,
                                               const security::Principal& who) const {
    Undoing undoing;
    undoing.configuration = services_.snapshots.configuration();
    undoing.registry = services_.snapshots.registry();
    Result<store::ReadPool::Borrowed> session = services_.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const auto row = store::repair(**session, job);
    if (!row) return fail(Code::not_found, Place{fmt::format("job {}", job)});
    undoing.row = *row;
    undoing.kind = kind(row->kind);
    if (undoing.kind == nullptr) return fail(Code::state_change_bad, {}, "it cannot be undone");
    if (!who.may(undoing.kind->permission)) return fail(Code::forbidden);
    Result<store::RegistryUndo> facts = store::registry_undo(**session, job);
    if (!facts) return tl::unexpected(facts.error());
    const views::Sight sight(who, undoing.kind->permission, undoing.configuration,
                             undoing.registry);
    bool closed = std::ranges::any_of(
        store::repair_shares(**session, job),
        [&](const store::RepairShare& share) { return !sight.counts(share.analyte); });
    RepairPlan& plan = undoing.plan;
    plan.change = std::move(facts->change);
    plan.subjects = store::subjects_of_repair(**session, job);
    for (const store::RepairOverlay& made : store::overlays_of_repair(**session, job)) {
        pipeline::PlannedOverlay& ended = plan.overlays.emplace_back();
        ended.message = made.message;
        ended.overlay = made.overlay;
        ended.overlay.ended = true;
        plan.items.push_back({made.message, made.overlay.ordinal});
    }
    for (const SubjectId subject : facts->subjects) {
        study::StateView state;
        store::load_subject(**session, subject, state);
        closed = closed || has_closed(state.subjects.at(subject), sight);
        for (store::NewOverlay& over : ask_anew(state.subjects.at(subject), subject)) {
            plan.items.push_back({over.message, over.overlay.ordinal});
            plan.overlays.push_back({over.message, std::move(over.overlay)});
        }
        for (const store::HeldOfSubject& held : store::held_of_subject(**session, subject)) {
            undoing.held.push_back({held.id, held.rule, {}, {}, subject, {}, {}});
            plan.items.push_back(held.id);
        }
        plan.subjects.push_back(subject);
    }
    if (closed) {
        return fail(Code::forbidden, Place{"job"},
                    "it holds results that are closed to you: somebody else takes it back");
    }
    sort_items(plan.items);
    if (plan.items.empty() && plan.change.subjects.empty() && plan.change.specimens.empty()) {
        return fail(Code::state_change_bad, {fmt::format("job {}", job)},
                    "nothing that it decided or entered holds any more");
    }
    undoing.told = std::ranges::any_of(plan.subjects, [&](SubjectId subject) {
        return store::anything_delivered(**session, subject);
    });
    if (const Result<void> allowed = may(*undoing.kind, plan, undoing.registry, who); !allowed) {
        return tl::unexpected(allowed.error());
    }
    return undoing;
}

Result<std::int64_t> Repairs::undo_approved(const json& asked, const store::Act& act,
                                            const security::Principal& asker,
                                            const security::Principal& decider,
                                            const Settle& settle) {
    const Result<Undoing> undoing = prepare_undo(asked["undo"].get<std::int64_t>(), asker);
    if (!undoing) return tl::unexpected(undoing.error());
    if (const auto allowed = may(*undoing->kind, undoing->plan, undoing->registry, decider);
        !allowed) {
        return tl::unexpected(allowed.error());
    }
    if (asked.value("plan", "") != fingerprint(undoing->plan.items)) {
        return fail(Code::approval_stale);
    }
    return apply_undo(*undoing, act, settle);
}

Result<Json> Repairs::preview_undo(std::int64_t job, const security::Principal& who) {
    Result<Undoing> undoing = prepare_undo(job, who);
    if (!undoing) return tl::unexpected(undoing.error());
    Result<store::ReadPool::Borrowed> session = services_.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    pipeline::RepairPreview preview =
        store::try_repair(**session, undoing->plan,
                          {*undoing->configuration, undoing->registry, undoing->held}, kMostTried);
    const views::Sight sight(who, undoing->kind->permission, undoing->configuration,
                             undoing->registry);
    std::erase_if(preview.delivered_changes, [&](const pipeline::DeliveredChange& change) {
        return !sight.counts(change.analyte) || !sight.sees(change.subject);
    });
    const auto again = std::ranges::count_if(preview.ends, [](const pipeline::TrialEnd& end) {
        return end.held_by == Code::none && end.disposition == study::Disposition::held;
    });
    Json shown = views::preview_json(preview, undoing->registry);
    shown["held_again"] = again;
    if (sight.blinded() || !sight.everywhere()) views::keep_values_back(shown);
    shown["four_eyes"] = !second_person_for(*undoing->kind, undoing->told).empty();
    return shown;
}

Result<Repairs::Enacted> Repairs::undo(std::int64_t job, const security::Principal& who,
                                       const store::Act& act) {
    if (act.reason.empty() && act.reason_code.empty()) return fail(Code::reason_needed);
    Result<Undoing> undoing = prepare_undo(job, who);
    if (!undoing) return tl::unexpected(undoing.error());
    if (undoing->plan.items.size() > kMostChanged) return fail(Code::too_many_items);
    Enacted enacted;
    const std::string_view action = second_person_for(*undoing->kind, undoing->told);
    if (action.empty()) {
        const Result<std::int64_t> undone = apply_undo(*undoing, act, {});
        if (!undone) return tl::unexpected(undone.error());
        enacted.job = *undone;
        return enacted;
    }
    const ProblemId problem = undoing->row.problem.value_or(ProblemId{});
    return ask_second_person(
        action, problem,
        {{"problem", problem.value}, {"undo", job}, {"plan", fingerprint(undoing->plan.items)}},
        [&] { return preview_undo(job, who); }, act, who);
}

Result<std::int64_t> Repairs::apply_undo(const Undoing& undoing, const store::Act& act,
                                         const Settle& settle) {
    const std::int64_t job = undoing.row.id;
    std::int64_t made = 0;
    try {
        committer_.change(
            [&](pipeline::CommitStore& store, study::StateView&, study::Registry& registry) {
                store::Desk desk(services_.writer, store::Desk::Joined{});
                if (settle) or_refused(settle(desk));
                // Against what is known now: a later fact may stand on it meanwhile.
                store::RegistryUndo facts = or_refused(store::registry_undo(desk, job));
                facts.change.actor = act.actor;
                store::AskedAnew anew{{}, undoing.plan.items};
                for (const SubjectId subject : facts.subjects) {
                    study::StateView state;
                    store.load_subject(subject, state);
                    for (store::NewOverlay& over : ask_anew(state.subjects.at(subject), subject)) {
                        anew.items.push_back({over.message, over.overlay.ordinal});
                        anew.over.push_back(std::move(over));
                    }
                }
                sort_items(anew.items);
                audit_facts(desk, act, registry, facts.change);
                registry = store.write_registry(registry, facts.change);
                if (undoing.row.problem) {
                    store::note_problem(
                        desk, act, *undoing.row.problem, "repair",
                        fmt::format("undo of {}: {} results", undoing.row.kind, anew.items.size()));
                }
                made = or_refused(store::undo_repair(desk, act, job, anew));
            });
    } catch (const Refused& refused) {
        return tl::unexpected(refused.error);
    }
    return made;
}

}  // namespace labrelay::api
