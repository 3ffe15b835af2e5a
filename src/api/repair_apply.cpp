#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "labrelay/store/problem_work.hpp"
#include "labrelay/store/repair_desk.hpp"
#include "prepared_repair.hpp"
#include "repair_transaction.hpp"

namespace labrelay::api {
namespace {

using nlohmann::json;
using pipeline::RepairPlan;

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

}  // namespace

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

}  // namespace labrelay::api
