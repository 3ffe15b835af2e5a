#include "labrelay/api/repairs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/registry_undo.hpp"
#include "labrelay/store/repair_desk.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/store/state_query.hpp"
#include "labrelay/views/masking.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/repair.hpp"
#include "repair_request.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using Json = nlohmann::ordered_json;
using pipeline::RepairPlan;
using security::Permission;

/// So many are tried for a preview, so many one repair may change.
constexpr std::size_t kMostTried = 5'000;
constexpr std::size_t kMostChanged = 100'000;
constexpr std::size_t kMostCandidates = 8;
/// Results that are looked through for one that the person may see.
constexpr std::size_t kMostLookedAt = 500;

constexpr std::string_view kReassignment = "subject.reassign";

template <std::size_t Count>
std::function<bool(Code)> one_of(const std::array<Code, Count>& rules) {
    return [rules](Code rule) { return std::ranges::find(rules, rule) != rules.end(); };
}

bool always(Code) {
    return true;
}
bool never(Code) {
    return false;
}

constexpr std::array kWhose{Code::unknown_subject,      Code::no_identifier,
                            Code::identifiers_disagree, Code::birth_date_contradicts,
                            Code::sex_contradicts,      Code::unknown_specimen,
                            Code::specimen_conflict,    Code::moved_from_subject};
constexpr std::array kUnknown{Code::unknown_subject, Code::no_identifier,
                              Code::identifiers_disagree};
constexpr std::array kSpecimens{Code::unknown_specimen, Code::specimen_conflict,
                                Code::unknown_subject, Code::collection_time_missing,
                                Code::visit_contradicts};
constexpr std::array kUnregistered{Code::unknown_specimen, Code::collection_time_missing};
constexpr std::array kRegistryFacts{Code::birth_date_contradicts, Code::sex_contradicts,
                                    Code::visit_anchor_unknown,   Code::visit_time_needed,
                                    Code::visit_contradicts,      Code::screening_unknown,
                                    Code::visit_ambiguous};
constexpr std::array kMissingFacts{Code::visit_anchor_unknown, Code::screening_unknown,
                                   Code::birth_date_contradicts, Code::sex_contradicts};
constexpr std::array kVisits{Code::visit_anchor_unknown, Code::visit_time_needed,
                             Code::visit_ambiguous, Code::visit_contradicts};
constexpr std::array kWhichVisit{Code::visit_time_needed, Code::visit_ambiguous,
                                 Code::visit_contradicts};
constexpr std::array kMoves{Code::withdrawn_whole_specimen, Code::moved_from_subject,
                            Code::specimen_conflict,        Code::delta_exceeded,
                            Code::specimen_suspect,         Code::correction_differs};
constexpr std::array kSurelyMoves{Code::withdrawn_whole_specimen, Code::moved_from_subject};

RepairKind built_in(const char* name, Permission permission, std::function<bool(Code)> fits,
                    std::function<bool(Code)> likely) {
    RepairKind kind;
    kind.name = name;
    kind.permission = permission;
    kind.fits = std::move(fits);
    kind.likely = std::move(likely);
    kind.plan = [](const json& body, const pipeline::RepairScene& scene) -> Result<RepairPlan> {
        const Result<pipeline::RepairRequest> request = repair_request_from(body);
        if (!request) return tl::unexpected(request.error());
        return pipeline::plan_repair(*request, scene);
    };
    return kind;
}

bool is_about_patient(Code rule) {
    return std::ranges::find(kWhose, rule) != kWhose.end();
}

/// `QILU-MRN:00481523`: what the problem is about, where that is one identifier.
void fill_identifier(const store::ProblemRow& problem, Json& fields) {
    const std::size_t colon = problem.object.find(':');
    if (colon == std::string::npos || problem.object.find(", ") != std::string::npos) return;
    const std::string name = problem.object.substr(0, colon);
    const std::string value = problem.object.substr(colon + 1);
    if (problem.rule == Code::unknown_subject) {
        fields["authority"] = name;
        fields["value"] = value;
    } else if (problem.rule == Code::unknown_specimen || problem.rule == Code::specimen_conflict) {
        fields["authority"] = name;
        fields["specimen"] = value;
    }
}

/// Who has not revealed the problem's identity is shown its form; unmask() knows it again.
void mask_identifier(Json& fields) {
    if (const auto value = fields.find("value"); value != fields.end()) {
        *value = views::masked(value->get<std::string>());
    }
}

/// The masked identifier of this problem stands for the identifier.
json unmasked(const json& body, const store::ProblemRow& problem) {
    Json whole = Json::object();
    fill_identifier(problem, whole);
    const auto known = whole.find("value");
    const auto given = body.find("value");
    if (known == whole.end() || given == body.end() || !given->is_string() ||
        given->get<std::string>() != views::masked(known->get<std::string>())) {
        return body;
    }
    json made = body;
    made["value"] = known->get<std::string>();
    return made;
}

}  // namespace

/// A repair that was read, planned and not yet allowed.
struct Repairs::Prepared {
    const RepairKind* kind = nullptr;
    store::ProblemRow problem;
    json body;
    pipeline::RepairRequest request;
    std::vector<pipeline::RepairItem> held;
    study::StateView state;
    std::shared_ptr<const mapping::Configuration> configuration;
    study::Registry registry;
    bool keeps_values_back = false;  ///< from a person to whom a site or an analyte is closed
    std::int64_t counted = 0;        ///< that the problem holds, as the person sees it
    bool delivered = false;  ///< a target was told of a subject that it takes something from
    RepairPlan plan;

    pipeline::RepairScene scene(const study::Registry& known) const {
        pipeline::RepairScene scene{*configuration, known, held};
        const auto from = state.subjects.find(request.from);
        if (from != state.subjects.end()) scene.from = &from->second;
        return scene;
    }
};

Repairs::Repairs(const Services& services, pipeline::Committer& committer,
                 SecondPerson* second_person)
    : services_(services), committer_(committer), second_person_(second_person) {
    add(built_in("link-subject", Permission::repair_subject, one_of(kWhose), one_of(kUnknown)));
    add(built_in("register-specimen", Permission::repair_subject, one_of(kSpecimens),
                 one_of(kUnregistered)));
    add(built_in("correct-subject", Permission::repair_subject, one_of(kRegistryFacts),
                 one_of(kMissingFacts)));
    add(built_in("place-visit", Permission::repair_visit, one_of(kVisits), one_of(kWhichVisit)));
    add(built_in("accept-value", Permission::repair_value, study::may_be_waived,
                 study::may_be_waived));
    add(built_in("move-specimen", Permission::repair_subject, one_of(kMoves),
                 one_of(kSurelyMoves)));
    add(built_in("not-for-study", Permission::problems_dismiss, always, never));
    add(built_in("reprocess", Permission::reprocess, always, never));
}

void Repairs::add(RepairKind kind) {
    kinds_.push_back(std::move(kind));
}

const RepairKind* Repairs::kind(std::string_view name) const {
    const auto found = std::ranges::find(kinds_, name, &RepairKind::name);
    return found == kinds_.end() ? nullptr : &*found;
}

/// Something that would be moved is closed to the person.
bool Repairs::holds_closed(const Prepared& prepared, const views::Sight& sight) {
    std::set<ObservationId> closed;
    for (const pipeline::RepairItem& item : prepared.held) {
        if (!sight.counts(item.analyte)) closed.insert(item.id);
    }
    const auto from = prepared.state.subjects.find(prepared.request.from);
    if (from != prepared.state.subjects.end()) {
        for (const study::ResultRecord& record : from->second.results) {
            for (const study::StoredVersion& version : record.versions) {
                if (!sight.counts(version.analyte)) closed.insert(version.id);
            }
        }
    }
    return std::ranges::any_of(prepared.plan.items,
                               [&](const ObservationId& id) { return closed.contains(id); });
}

Result<Repairs::Prepared> Repairs::prepare(ProblemId problem, const json& body, std::size_t most,
                                           const security::Principal& who) const {
    Prepared prepared;
    Result<store::ReadPool::Borrowed> session = services_.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    const auto row = store::problem(**session, problem);
    if (!row) return fail(Code::not_found, Place{fmt::format("problem {}", problem.value)});
    prepared.problem = *row;
    prepared.body = unmasked(body, *row);
    Result<pipeline::RepairRequest> request = repair_request_from(prepared.body);
    if (!request) return tl::unexpected(request.error());
    prepared.request = std::move(*request);
    prepared.kind = kind(prepared.request.kind);
    if (prepared.kind == nullptr) {
        return fail(Code::body_bad, Place{"kind"}, "no such repair");
    }
    // Before anything is planned: what a plan says of the registry is not for everybody.
    if (!who.may(prepared.kind->permission)) return fail(Code::forbidden);
    prepared.configuration = services_.snapshots.configuration();
    prepared.registry = services_.snapshots.registry();
    const views::Sight sight(who, prepared.kind->permission, prepared.configuration,
                             prepared.registry);
    auto read = store::board_problem(**session, problem);
    const auto board = read ? views::seen(std::move(*read), sight) : std::nullopt;
    if (!board) return fail(Code::not_found, Place{fmt::format("problem {}", problem.value)});
    prepared.counted = board->held;
    prepared.keeps_values_back = sight.blinded() || !sight.everywhere();
    if (prepared.kind->teaches && prepared.body.value("source", "") != row->source) {
        return fail(Code::body_bad, Place{"source"}, "the problem is of another source");
    }
    prepared.held = store::held_by(**session, problem, most);
    // What is closed to the person neither counts for them nor is decided by them; a specimen is
    // never divided.
    const bool whole = prepared.request.kind == "move-specimen";
    std::erase_if(prepared.held, [&](const pipeline::RepairItem& item) {
        return (!whole && !sight.counts(item.analyte)) ||
               (item.subject ? !sight.sees(item.subject) : !sight.sees_unplaced(row->source));
    });
    if (!prepared.request.observations.empty()) {
        const std::set<ObservationId> chosen(prepared.request.observations.begin(),
                                             prepared.request.observations.end());
        std::erase_if(prepared.held,
                      [&](const pipeline::RepairItem& item) { return !chosen.contains(item.id); });
        if (prepared.held.size() != chosen.size()) {
            return fail(Code::body_bad, Place{"observations"},
                        "the problem does not hold all of them");
        }
    }
    if (prepared.request.from) {
        store::load_subject(**session, prepared.request.from, prepared.state);
        prepared.delivered = store::anything_delivered(**session, prepared.request.from);
    }
    Result<RepairPlan> plan = prepared.kind->plan(prepared.body, prepared.scene(prepared.registry));
    if (!plan) return tl::unexpected(plan.error());
    prepared.plan = std::move(*plan);
    if (whole && sight.blinded() && holds_closed(prepared, sight)) {
        return fail(Code::forbidden, Place{"specimen"},
                    "it holds results that are closed to you: somebody else moves it");
    }
    return prepared;
}

Result<void> Repairs::may(const RepairKind& kind, const RepairPlan& plan,
                          const study::Registry& registry, const security::Principal& who) const {
    if (!who.may(kind.permission)) return fail(Code::forbidden);
    for (const SubjectId id : plan.subjects) {
        const study::Subject* subject = registry.subject(id);
        if (subject != nullptr && !who.may(kind.permission, subject->study, subject->site)) {
            return fail(Code::forbidden);
        }
    }
    for (const study::Subject& changed : plan.change.subjects) {
        if (!who.may(kind.permission, changed.study, changed.site)) return fail(Code::forbidden);
    }
    return {};
}

Result<Json> Repairs::preview(ProblemId problem, const json& body, const security::Principal& who) {
    Result<Prepared> prepared = prepare(problem, body, kMostTried, who);
    if (!prepared) return tl::unexpected(prepared.error());
    if (const Result<void> allowed = may(*prepared->kind, prepared->plan, prepared->registry, who);
        !allowed) {
        return tl::unexpected(allowed.error());
    }
    Result<store::ReadPool::Borrowed> session = services_.reads.borrow();
    if (!session) return tl::unexpected(session.error());
    pipeline::RepairPreview preview = store::try_repair(
        **session, prepared->plan, prepared->scene(prepared->registry), kMostTried);
    // The rest is counted and was not looked at.
    if (prepared->held.size() == kMostTried && prepared->request.observations.empty()) {
        preview.total = std::max(preview.total, static_cast<std::size_t>(prepared->counted));
    }
    const views::Sight sight(who, prepared->kind->permission, prepared->configuration,
                             prepared->registry);
    std::erase_if(preview.delivered_changes, [&](const pipeline::DeliveredChange& change) {
        return !sight.counts(change.analyte) || !sight.sees(change.subject);
    });
    Json shown = views::preview_json(preview, prepared->registry);
    if (prepared->keeps_values_back) views::keep_values_back(shown);
    shown["four_eyes"] = !second_person_for(*prepared).empty();
    return shown;
}

std::string_view Repairs::second_person_for(const Prepared& prepared) const {
    std::string_view action = prepared.kind->second_person;
    if (prepared.request.kind == "move-specimen" && prepared.delivered) action = kReassignment;
    if (action.empty()) return {};
    return second_person_ == nullptr || second_person_->needed(action) ? action
                                                                       : std::string_view();
}

/// What was decided about: of a lesson the configuration that it changes, of everything else the
/// results that it touches.
std::string Repairs::fingerprint(const Prepared& prepared) {
    return prepared.kind->teaches ? prepared.configuration->hash()
                                  : fingerprint(prepared.plan.items);
}

std::string Repairs::fingerprint(const std::vector<ObservationId>& items) {
    std::vector<std::string> names;
    for (const ObservationId& id : items) {
        names.push_back(views::observation_name(id));
    }
    std::ranges::sort(names);
    return crypto::to_hex(crypto::sha256(fmt::format("{}", fmt::join(names, " "))));
}

Result<Repairs::Enacted> Repairs::enact(ProblemId problem, const json& body,
                                        const security::Principal& who, const store::Act& act) {
    if (act.reason.empty() && act.reason_code.empty()) return fail(Code::reason_needed);
    Result<Prepared> prepared = prepare(problem, body, kMostChanged + 1, who);
    if (!prepared) return tl::unexpected(prepared.error());
    if (const Result<void> allowed = may(*prepared->kind, prepared->plan, prepared->registry, who);
        !allowed) {
        return tl::unexpected(allowed.error());
    }
    if (prepared->plan.items.size() > kMostChanged) return fail(Code::too_many_items);
    Enacted enacted;
    const std::string_view action = second_person_for(*prepared);
    if (action.empty()) {
        const Result<std::int64_t> job = apply(*prepared, act);
        if (!job) return tl::unexpected(job.error());
        enacted.job = *job;
        return enacted;
    }
    return ask_second_person(
        action, problem,
        {{"problem", problem.value}, {"repair", body}, {"plan", fingerprint(*prepared)}},
        [&] { return preview(problem, body, who); }, act, who);
}

Result<Repairs::Enacted> Repairs::ask_second_person(std::string_view action, ProblemId problem,
                                                    const json& asked,
                                                    const std::function<Result<Json>()>& shown,
                                                    const store::Act& act,
                                                    const security::Principal& who) {
    if (second_person_ == nullptr) {
        return fail(Code::state_change_bad, {},
                    "it needs a second person, and nobody can be asked");
    }
    Result<Json> seen = shown();
    if (!seen) return tl::unexpected(seen.error());
    views::keep_values_back(*seen);  // others read it who see other sites
    const std::string object = fmt::format("problem {}", problem.value);
    const std::string content = asked.dump();
    const std::string preview_text = seen->dump();
    store::Desk desk(services_.writer);
    const Result<std::int64_t> approval =
        second_person_->ask(desk, act, {action, object, content, preview_text, who.account});
    if (!approval) return tl::unexpected(approval.error());
    desk.commit();
    Enacted enacted;
    enacted.approval = *approval;
    return enacted;
}

Result<std::int64_t> Repairs::apply_approved(const std::string& content, const store::Act& act,
                                             const security::Principal& asker,
                                             const security::Principal& decider,
                                             const Settle& settle) {
    const json asked = json::parse(content, nullptr, false);
    if (asked.is_object() && asked.contains("undo") && asked["undo"].is_number_integer()) {
        return undo_approved(asked, act, asker, decider, settle);
    }
    if (!asked.is_object() || !asked.contains("problem") || !asked.contains("repair") ||
        !asked["problem"].is_number_integer() || !asked["repair"].is_object()) {
        return fail(Code::body_bad, {}, "not the content of a repair");
    }
    Result<Prepared> prepared = prepare(ProblemId{asked["problem"].get<std::int64_t>()},
                                        asked["repair"], kMostChanged + 1, asker);
    if (!prepared) return tl::unexpected(prepared.error());
    for (const security::Principal* person : {&asker, &decider}) {
        if (const auto allowed = may(*prepared->kind, prepared->plan, prepared->registry, *person);
            !allowed) {
            return tl::unexpected(allowed.error());
        }
    }
    if (prepared->plan.items.size() > kMostChanged) return fail(Code::too_many_items);
    if (asked.value("plan", "") != fingerprint(*prepared)) return fail(Code::approval_stale);
    return apply(*prepared, act, settle);
}

namespace {

/// Leaves the transaction: nothing of what was written in it stays.
struct Refused {
    Error error;
};

template <class Value>
Value or_refused(Result<Value> made) {
    if (!made) throw Refused{made.error()};
    if constexpr (!std::is_void_v<Value>) return std::move(*made);
}

/// What of the request is kept with the job: what was decided, not which results; and which facts
/// the registry got by it, so that they can be taken back.
std::string kept_request(const json& body, std::int64_t known, std::int64_t known_now) {
    json kept = body;
    for (const char* name : {"observations", "signature", "reason", "reason_code", "value"}) {
        kept.erase(name);
    }
    if (known_now != known) kept["registry"] = {{"above", known}, {"until", known_now}};
    return kept.dump();
}

void audit_facts(store::Desk& desk, const store::Act& act, const study::Registry& before,
                 const pipeline::RegistryChange& change) {
    for (const study::Subject& subject : change.subjects) {
        const study::Subject* known = before.subject(subject.id);
        const std::string object = std::to_string(subject.id.value);
        const std::string was = known != nullptr ? store::subject_record(*known) : std::string();
        const std::string is = store::subject_record(subject);
        desk.audit(act,
                   {"registry", "changed what is known of a subject", "subject", object, was, is});
    }
    for (const study::RegisteredSpecimen& specimen : change.specimens) {
        const study::RegisteredSpecimen* known = before.specimen(specimen.name);
        const std::string object =
            fmt::format("{}:{}", specimen.name.authority, specimen.name.specimen);
        const std::string was = known != nullptr ? store::specimen_record(*known) : std::string();
        const std::string is = store::specimen_record(specimen);
        desk.audit(act, {"registry", "registered a specimen", "specimen", object, was, is});
    }
}

}  // namespace

Result<std::int64_t> Repairs::apply(Prepared& prepared, const store::Act& act,
                                    const Settle& settle) {
    const json& body = prepared.body;
    const RepairKind& kind = *prepared.kind;
    const std::string agreed = fingerprint(prepared);
    std::int64_t job = 0;
    const auto work = [&](pipeline::CommitStore& store, study::StateView&,
                          study::Registry& registry) {
        store::Desk desk(services_.writer, store::Desk::Joined{});
        if (settle) or_refused(settle(desk));
        if (prepared.request.from) {
            prepared.state = {};
            store.load_subject(prepared.request.from, prepared.state);
        }
        // Against what is known now: between reading and this turn others may have changed it.
        RepairPlan plan =
            kind.teaches ? prepared.plan : or_refused(kind.plan(body, prepared.scene(registry)));
        const std::string now =
            kind.teaches ? services_.snapshots.configuration()->hash() : fingerprint(plan.items);
        if (settle && now != agreed) throw Refused{Error{Code::approval_stale, {}, {}}};
        if (kind.enact) or_refused(kind.enact(desk, body, act));
        plan.change.actor = act.actor;
        audit_facts(desk, act, registry, plan.change);
        const std::int64_t known = registry.version();
        registry = store.write_registry(registry, plan.change);
        store::NewRepair repair;
        repair.problem = prepared.problem.id;
        repair.kind = kind.name;
        repair.request = kept_request(body, known, registry.version());
        for (pipeline::PlannedOverlay& planned : plan.overlays) {
            repair.overlays.push_back({planned.message, std::move(planned.overlay)});
        }
        repair.items = std::move(plan.items);
        store::note_problem(desk, act, prepared.problem.id, "repair",
                            fmt::format("{}: {} results", repair.kind, repair.items.size()));
        job = store::queue_repair(desk, act, repair);
    };
    try {
        committer_.change(work);
    } catch (const Refused& refused) {
        return tl::unexpected(refused.error);
    }
    if (kind.enacted) kind.enacted();
    return job;
}

Result<void> Repairs::stop(std::int64_t job, const store::Act& act) {
    Result<void> stopped;
    committer_.change([&](pipeline::CommitStore&, study::StateView&, study::Registry&) {
        store::Desk desk(services_.writer, store::Desk::Joined{});
        stopped = store::stop_repair(desk, act, job);
    });
    return stopped;
}

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

namespace {

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

/// As for what it takes back.
std::string_view Repairs::second_person_for(const Undoing& undoing) const {
    std::string_view action = undoing.kind->second_person;
    if (undoing.row.kind == "move-specimen" && undoing.told) action = kReassignment;
    if (action.empty()) return {};
    return second_person_ == nullptr || second_person_->needed(action) ? action
                                                                       : std::string_view();
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
    shown["four_eyes"] = !second_person_for(*undoing).empty();
    return shown;
}

Result<Repairs::Enacted> Repairs::undo(std::int64_t job, const security::Principal& who,
                                       const store::Act& act) {
    if (act.reason.empty() && act.reason_code.empty()) return fail(Code::reason_needed);
    Result<Undoing> undoing = prepare_undo(job, who);
    if (!undoing) return tl::unexpected(undoing.error());
    if (undoing->plan.items.size() > kMostChanged) return fail(Code::too_many_items);
    Enacted enacted;
    const std::string_view action = second_person_for(*undoing);
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

/// Of a kind, before it is known what it would change.
bool Repairs::asks_second_person(const RepairKind& kind) const {
    const std::string_view action =
        kind.name == "move-specimen" ? kReassignment : std::string_view(kind.second_person);
    return !action.empty() && (second_person_ == nullptr || second_person_->needed(action));
}

Json Repairs::options(store::ReadSession& session, const store::ProblemRow& problem,
                      const security::Principal& who, bool revealed) {
    const std::shared_ptr<const mapping::Configuration> configuration =
        services_.snapshots.configuration();
    const study::Registry registry = services_.snapshots.registry();
    const views::Sight sight(who, Permission::problems_view, configuration, registry);
    // The first that is for the person: another's, or one that is closed to them, tells nothing.
    std::vector<pipeline::RepairItem> held = store::held_by(session, problem.id, kMostLookedAt);
    std::erase_if(held, [&](const pipeline::RepairItem& item) {
        return sight.is_closed(item.analyte) ||
               (item.subject ? !sight.sees(item.subject) : !sight.sees_unplaced(problem.source));
    });
    std::vector<store::ProblemItem> examples =
        store::problem_items(session, problem.id, {}, kMostLookedAt);
    std::erase_if(examples,
                  [&](const store::ProblemItem& item) { return !views::seen(item, sight); });
    // Of what nobody mapped nobody can say whether it is closed: its code is shown, no value.
    for (store::ProblemItem& item : examples) {
        if (sight.is_closed(item.analyte)) item.value_reported.clear();
    }
    std::optional<pipeline::StoredMessage> message;
    if (!held.empty()) message = store::stored_message(session, held.front().id.message);
    std::vector<Json> likely;
    std::vector<Json> others;
    for (const RepairKind& kind : kinds_) {
        if (!kind.fits(problem.rule)) continue;
        Json option = {
            {"kind", kind.name},
            {"title_key", "repair." + kind.name},
            {"likely", kind.likely(problem.rule)},
            {"permission", std::string(security::row(kind.permission).key)},
            {"allowed", who.may(kind.permission)},
            {"four_eyes", asks_second_person(kind)},
            {"fields", kind.fields && !examples.empty() ? kind.fields(problem, examples.front())
                                                        : Json::object()}};
        fill_identifier(problem, option["fields"]);
        if (!revealed) mask_identifier(option["fields"]);
        if (message && kind.name == "link-subject" && is_about_patient(problem.rule)) {
            auto candidates = pipeline::subject_candidates(
                *message, held.front().id.ordinal, *configuration, registry, kMostCandidates);
            std::erase_if(candidates, [&](const pipeline::SubjectCandidate& candidate) {
                const study::Subject* subject = registry.subject(candidate.subject);
                return subject == nullptr ||
                       !who.may(kind.permission, subject->study, subject->site);
            });
            option["candidates"] = views::subject_candidates_json(candidates, registry);
        }
        if (message && kind.name == "place-visit" && held.front().subject) {
            option["candidates"] = views::visit_candidates_json(pipeline::visit_candidates(
                *message, held.front().id.ordinal, held.front().subject, *configuration, registry));
        }
        (kind.likely(problem.rule) ? likely : others).push_back(std::move(option));
    }
    Json options = Json::array();
    for (std::vector<Json>* list : {&likely, &others}) {
        for (Json& option : *list) options.push_back(std::move(option));
    }
    return options;
}

}  // namespace labrelay::api
