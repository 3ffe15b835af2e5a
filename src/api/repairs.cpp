#include "labrelay/api/repairs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "labrelay/crypto/digest.hpp"
#include "labrelay/store/held_query.hpp"
#include "labrelay/store/problem_board.hpp"
#include "labrelay/store/repair_query.hpp"
#include "labrelay/store/state_query.hpp"
#include "labrelay/views/problem_page.hpp"
#include "labrelay/views/repair.hpp"
#include "prepared_repair.hpp"
#include "repair_identifier.hpp"
#include "repair_kinds.hpp"
#include "repair_request.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using Json = nlohmann::ordered_json;
using pipeline::RepairPlan;

constexpr std::string_view kReassignment = "subject.reassign";

/// What is closed to the person neither counts for them nor is decided by them. `whole`: that of
/// an analyte that is closed stays.
void keep_seen(std::vector<pipeline::RepairItem>& held, const views::Sight& sight,
               const std::string& source, bool whole) {
    std::erase_if(held, [&](const pipeline::RepairItem& item) {
        return (!whole && !sight.counts(item.analyte)) ||
               (item.subject ? !sight.sees(item.subject) : !sight.sees_unplaced(source));
    });
}

/// What of a request the second person decides on. The reason is the approval's own, where it can
/// be erased; a password is nobody's to keep.
json to_decide(json body) {
    for (const char* name : {"reason", "signature"}) {
        body.erase(name);
    }
    return body;
}

/// Of what is held those that the request names; all where it names none. Errors: body-bad.
Result<void> keep_chosen(std::vector<pipeline::RepairItem>& held,
                         const std::vector<ObservationId>& named) {
    if (named.empty()) return {};
    const std::set<ObservationId> chosen(named.begin(), named.end());
    std::erase_if(held,
                  [&](const pipeline::RepairItem& item) { return !chosen.contains(item.id); });
    if (held.size() != chosen.size()) {
        return fail(Code::body_bad, Place{"observations"}, "the problem does not hold all of them");
    }
    return {};
}

}  // namespace

Repairs::Repairs(const Services& services, pipeline::Committer& committer,
                 SecondPerson* second_person)
    : services_(services),
      committer_(committer),
      second_person_(second_person),
      kinds_(built_in_repairs()) {}

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
    const bool whole = prepared.request.kind == "move-specimen";  // a specimen is never divided
    keep_seen(prepared.held, sight, row->source, whole);
    if (const Result<void> chosen = keep_chosen(prepared.held, prepared.request.observations);
        !chosen) {
        return tl::unexpected(chosen.error());
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
    if (!kind.is_open_to(who)) return fail(Code::forbidden);
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
    shown["four_eyes"] = !second_person_for(*prepared->kind, prepared->delivered).empty();
    return shown;
}

std::string_view Repairs::second_person_for(const RepairKind& kind, bool told) const {
    const std::string_view action =
        told && kind.name == "move-specimen" ? kReassignment : std::string_view(kind.second_person);
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
    const std::string_view action = second_person_for(*prepared->kind, prepared->delivered);
    if (action.empty()) {
        const Result<std::int64_t> job = apply(*prepared, act);
        if (!job) return tl::unexpected(job.error());
        enacted.job = *job;
        return enacted;
    }
    return ask_second_person(
        action, problem,
        {{"problem", problem.value}, {"repair", to_decide(body)}, {"plan", fingerprint(*prepared)}},
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

}  // namespace labrelay::api
