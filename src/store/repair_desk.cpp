#include "labrelay/store/repair_desk.hpp"

#include <fmt/format.h>

#include <set>

#include "desk_open.hpp"
#include "job_queue.hpp"
#include "overlay_tables.hpp"
#include "registry_json.hpp"

namespace labrelay::store {
namespace {

std::string reason_of(const Act& act) {
    if (act.reason_code.empty()) return act.reason;
    return act.reason.empty() ? act.reason_code
                              : fmt::format("{}: {}", act.reason_code, act.reason);
}

std::int64_t insert_repair(Desk& desk, const Act& act, const NewRepair& repair) {
    std::optional<std::int64_t> problem;
    if (repair.problem) problem = repair.problem->value;
    const std::string reason = reason_of(act);
    auto insert = desk.open().db().prepare(
        "INSERT INTO repair_job(problem_id, kind, request, state, total, actor, reason, "
        "created_us) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?) RETURNING repair_id");
    insert.bind(problem, repair.kind, repair.request,
                static_cast<std::int64_t>(repair.items.size()), act.actor, reason,
                desk.now().microseconds);
    insert.step();
    const std::int64_t id = insert.integer(0);
    insert.step();
    return id;
}

void insert_overlay(Desk& desk, const Act& act, const NewRepair& repair, std::int64_t id,
                    const NewOverlay& planned) {
    std::optional<std::int64_t> problem;
    if (repair.problem) problem = repair.problem->value;
    const std::string value = overlay_value(planned.overlay);
    const std::string reason = reason_of(act);
    std::optional<std::int64_t> ended;
    if (planned.overlay.ended) ended = desk.now().microseconds;
    desk.open()
        .db()
        .prepare(
            "INSERT INTO overlay(message_id, ordinal, kind, value, problem_id, at_us, actor, "
            "reason, repair_id, ended_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(planned.message.value, planned.overlay.ordinal,
              study::to_string(planned.overlay.kind), value, problem, desk.now().microseconds,
              act.actor, reason, id, ended)
        .run();
    const std::string object =
        fmt::format("{}.{}", to_base32(planned.message), planned.overlay.ordinal);
    const std::string what =
        planned.overlay.ended
            ? std::string("took back a fact that decided one observation")
            : fmt::format("decided on one observation: {}", study::to_string(planned.overlay.kind));
    desk.audit(act, {"overlay", what, "observation", object, {}, value});
}

void queue_messages(Desk& desk, const Act& act, std::int64_t repair,
                    const std::set<std::int64_t>& messages) {
    queue_jobs(desk.open().db(), desk.now(), act.actor, {messages, {}, repair});
    if (messages.empty())
        desk.open()
            .db()
            .prepare("UPDATE repair_job SET state = 'done', ended_us = ? WHERE repair_id = ?")
            .bind(desk.now().microseconds, repair)
            .run();
}

std::optional<std::string> state_of(Desk& desk, std::int64_t repair) {
    auto query = desk.open().db().prepare("SELECT state FROM repair_job WHERE repair_id = ?");
    query.bind(repair);
    if (!query.step()) return std::nullopt;
    return query.string(0);
}

}  // namespace

std::int64_t queue_repair(Desk& desk, const Act& act, const NewRepair& repair) {
    const std::int64_t id = insert_repair(desk, act, repair);
    for (const NewOverlay& planned : repair.overlays)
        insert_overlay(desk, act, repair, id, planned);
    std::set<std::int64_t> messages;
    for (const ObservationId& item : repair.items) {
        messages.insert(item.message.value);
        desk.open()
            .db()
            .prepare(
                "INSERT INTO repair_item(repair_id, message_id, ordinal) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING")
            .bind(id, item.message.value, item.ordinal)
            .run();
    }
    queue_messages(desk, act, id, messages);
    const std::string what =
        fmt::format("asked for a repair ({}) of {} results", repair.kind, repair.items.size());
    const std::string object = std::to_string(id);
    desk.audit(act, {"repair", what, "repair", object, {}, repair.request});
    return id;
}

Result<void> stop_repair(Desk& desk, const Act& act, std::int64_t repair) {
    const auto state = state_of(desk, repair);
    if (!state) return fail(Code::not_found, {fmt::format("job {}", repair)});
    if (*state != "queued" && *state != "running")
        return fail(Code::state_change_bad, {fmt::format("job {}", repair)}, *state);
    Connection& db = desk.open().db();
    const std::int64_t now = desk.now().microseconds;
    db.prepare("UPDATE job SET done_us = ? WHERE repair_id = ? AND done_us IS NULL")
        .bind(now, repair)
        .run();
    db.prepare("UPDATE repair_item SET done_us = ? WHERE repair_id = ? AND done_us IS NULL")
        .bind(now, repair)
        .run();
    db.prepare(
          "UPDATE repair_job SET state = 'stopped', ended_us = ?, version = version + 1 "
          "WHERE repair_id = ?")
        .bind(now, repair)
        .run();
    const std::string object = std::to_string(repair);
    desk.audit(act, {"repair", "stopped a repair", "repair", object, *state, "stopped"});
    return {};
}

Result<std::int64_t> undo_repair(Desk& desk, const Act& act, std::int64_t repair,
                                 const AskedAnew& anew) {
    const auto state = state_of(desk, repair);
    if (!state) return fail(Code::not_found, {fmt::format("job {}", repair)});
    Connection& db = desk.open().db();
    NewRepair undo;
    undo.kind = "undo";
    undo.request = fmt::format("{{\"undo\":{}}}", repair);
    {
        auto query = db.prepare("SELECT problem_id FROM repair_job WHERE repair_id = ?");
        query.bind(repair);
        if (query.step())
            if (const auto problem = query.optional_integer(0)) undo.problem = ProblemId{*problem};
    }
    {
        auto query = db.prepare(
            "SELECT message_id, ordinal FROM overlay WHERE repair_id = ? AND ended_us IS NULL "
            "ORDER BY overlay_id");
        query.bind(repair);
        while (query.step())
            undo.items.push_back(
                {MessageId{query.integer(0)}, static_cast<std::int32_t>(query.integer(1))});
    }
    const std::vector<ObservationId> ended = undo.items;
    undo.items.insert(undo.items.end(), anew.items.begin(), anew.items.end());
    undo.overlays = anew.over;
    if (undo.items.empty())
        return fail(Code::state_change_bad, {fmt::format("job {}", repair)},
                    "nothing that it decided holds any more");
    db.prepare(
          "UPDATE overlay SET ended_us = ?, settled = 0 WHERE repair_id = ? AND ended_us IS NULL")
        .bind(desk.now().microseconds, repair)
        .run();
    for (const ObservationId& item : ended) {
        const std::string object = fmt::format("{}.{}", to_base32(item.message), item.ordinal);
        desk.audit(
            act, {"overlay", "ended a decision on one observation", "observation", object, {}, {}});
    }
    return queue_repair(desk, act, undo);
}

std::string subject_record(const study::Subject& subject) {
    return to_json(subject);
}

std::string specimen_record(const study::RegisteredSpecimen& specimen) {
    return to_json(specimen);
}

}  // namespace labrelay::store
