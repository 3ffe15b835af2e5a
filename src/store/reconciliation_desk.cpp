#include "labrelay/store/reconciliation_desk.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::array<std::string_view, 3> kStates{"running", "done", "failed"};
constexpr std::int64_t kBeyondAll = 0x7fffffffffffffff;

ReconciliationState state_from(std::string_view text) {
    for (std::size_t index = 0; index < kStates.size(); ++index)
        if (kStates[index] == text) return static_cast<ReconciliationState>(index);
    throw pipeline::unreadable("a reconciliation's state cannot be read");
}

std::string selecting(std::string_view more, std::string_view which) {
    return fmt::format(
        "SELECT r.reconciliation_id, r.study, r.target, r.list_name, r.state, r.asked_by, "
        "r.asked_us, r.ended_us, r.differences, r.opened, r.resolved, r.why, r.finding, "
        "coalesce(r.signature_id, 0), coalesce(s.name, ''), coalesce(s.meaning, ''), s.at_us{} "
        "FROM reconciliation r LEFT JOIN signature s ON s.signature_id = r.signature_id {}",
        more, which);
}

ReconciliationRow row_of(const Query& row) {
    ReconciliationRow read;
    read.id = row.integer(0);
    read.study = row.string(1);
    read.target = row.string(2);
    read.list_name = row.string(3);
    read.state = state_from(row.text(4));
    read.asked_by = row.string(5);
    read.asked = Instant{row.integer(6)};
    if (const auto ended = row.optional_integer(7)) read.ended = Instant{*ended};
    read.differences = row.integer(8);
    read.opened = row.integer(9);
    read.resolved = row.integer(10);
    read.why = row.string(11);
    read.finding = row.string(12);
    read.signature = row.integer(13);
    read.signed_by = row.string(14);
    read.meaning = row.string(15);
    if (const auto at = row.optional_integer(16)) read.signed_at = Instant{*at};
    return read;
}

std::optional<ReconciliationReport> read_report(Connection& database, std::int64_t id) {
    static const std::string sql = selecting(", r.report, r.text", "WHERE r.reconciliation_id = ?");
    auto query = database.prepare(sql.c_str());
    query.bind(id);
    if (!query.step()) return std::nullopt;
    return ReconciliationReport{row_of(query), query.string(17), query.string(18)};
}

void audit(Desk& desk, const Act& act, std::int64_t id, std::string_view what,
           const nlohmann::ordered_json& after) {
    desk.audit(act, {"reconcile", what, "reconciliation", std::to_string(id), {}, after.dump()});
}

}  // namespace

std::string_view to_string(ReconciliationState state) {
    return kStates[static_cast<std::size_t>(state)];
}

std::int64_t begin_reconciliation(Desk& desk, const Act& act, const NewReconciliation& asked) {
    std::int64_t id = 0;
    {
        auto insert = desk.open().db().prepare(
            "INSERT INTO reconciliation(study, target, list_name, state, node, asked_by, asked_us) "
            "VALUES (?, ?, ?, 'running', ?, ?, ?) RETURNING reconciliation_id");
        insert.bind(asked.study, asked.target, asked.list_name, asked.node, act.actor,
                    desk.now().microseconds);
        insert.step();
        id = insert.integer(0);
        insert.step();
    }
    audit(desk, act, id, "a reconciliation was asked for",
          {{"study", asked.study}, {"target", asked.target}, {"list", !asked.list_name.empty()}});
    return id;
}

void end_reconciliation(Desk& desk, const Act& act, std::int64_t id,
                        const EndedReconciliation& ended) {
    desk.open()
        .db()
        .prepare(
            "UPDATE reconciliation SET state = 'done', ended_us = ?, differences = ?, opened = ?, "
            "resolved = ?, report = ?, text = ? WHERE reconciliation_id = ?")
        .bind(desk.now().microseconds, ended.differences, ended.opened, ended.resolved,
              ended.report, ended.text, id)
        .run();
    audit(desk, act, id, "a reconciliation is done",
          {{"differences", ended.differences},
           {"problems_opened", ended.opened},
           {"problems_resolved", ended.resolved}});
}

void fail_reconciliation(Desk& desk, const Act& act, std::int64_t id, std::string_view why) {
    desk.open()
        .db()
        .prepare(
            "UPDATE reconciliation SET state = 'failed', ended_us = ?, why = ? "
            "WHERE reconciliation_id = ? AND state = 'running'")
        .bind(desk.now().microseconds, why, id)
        .run();
    audit(desk, act, id, "a reconciliation failed", {{"why", std::string(why)}});
}

std::int64_t fail_broken_reconciliations(Desk& desk, std::int64_t node) {
    std::vector<std::int64_t> broken;
    {
        auto query = desk.open().db().prepare(
            "SELECT reconciliation_id FROM reconciliation WHERE state = 'running' AND node = ?");
        query.bind(node);
        while (query.step()) broken.push_back(query.integer(0));
    }
    Act engine;
    engine.actor = "engine";
    for (const std::int64_t id : broken)
        fail_reconciliation(desk, engine, id, "The server ended before it was done.");
    return static_cast<std::int64_t>(broken.size());
}

Result<void> sign_reconciliation(Desk& desk, const Act& act, std::int64_t id,
                                 std::string_view finding, std::int64_t signature) {
    const Place place{fmt::format("reconciliation:{}", id)};
    const auto found = read_report(desk.open().db(), id);
    if (!found) return fail(Code::not_found, place);
    if (found->row.state != ReconciliationState::done)
        return fail(Code::state_change_bad, place, "it has no report");
    if (found->row.signature != 0) return fail(Code::state_change_bad, place, "it is signed");
    desk.open()
        .db()
        .prepare(
            "UPDATE reconciliation SET finding = ?, signature_id = ? WHERE reconciliation_id = ?")
        .bind(finding, signature, id)
        .run();
    audit(desk, act, id, "the report of a reconciliation was signed",
          {{"signature", signature}, {"finding", std::string(finding)}});
    return {};
}

std::vector<ReconciliationRow> reconciliations(ReadSession& session, std::string_view study,
                                               std::int64_t before, std::size_t limit) {
    static const std::string sql =
        selecting("",
                  "WHERE r.reconciliation_id < ? AND (? = '' OR r.study = ?) "
                  "ORDER BY r.reconciliation_id DESC LIMIT ?");
    Connection& database = session.core().database;
    const ReadTransaction transaction(database);
    auto query = database.prepare(sql.c_str());
    query.bind(before == 0 ? kBeyondAll : before, study, study, static_cast<std::int64_t>(limit));
    std::vector<ReconciliationRow> rows;
    while (query.step()) rows.push_back(row_of(query));
    return rows;
}

std::optional<ReconciliationReport> reconciliation(ReadSession& session, std::int64_t id) {
    const ReadTransaction transaction(session.core().database);
    return read_report(session.core().database, id);
}

std::optional<ReconciliationReport> reconciliation(Desk& desk, std::int64_t id) {
    return read_report(desk.open().db(), id);
}

}  // namespace labrelay::store
