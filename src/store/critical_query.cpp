#include "labrelay/store/critical_query.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "desk_open.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

std::string selecting(std::string_view which) {
    return fmt::format(
        "SELECT c.message_id, c.ordinal, c.rule, c.subject_id, c.analyte, c.value_text, c.unit, "
        "c.source, c.at_us, coalesce(c.acknowledged_by, ''), c.acknowledged_us, "
        "coalesce(c.note, ''), r.visit_id FROM critical_value c "
        "LEFT JOIN observation o ON o.message_id = c.message_id AND o.ordinal = c.ordinal "
        "LEFT JOIN result r ON r.subject_id = o.subject_id AND r.number = o.number {}",
        which);
}

CriticalRow read_row(ReadSession::Core& core, const Query& row) {
    CriticalRow critical;
    critical.id = {MessageId{row.integer(0)}, row.small(1)};
    critical.rule = row.string(2);
    if (const auto subject = row.optional_integer(3)) critical.subject = SubjectId{*subject};
    critical.analyte = row.string(4);
    critical.value_text = row.string(5);
    critical.unit = row.string(6);
    critical.source = row.string(7);
    critical.at = Instant{row.integer(8)};
    critical.acknowledged_by = row.string(9);
    if (const auto at = row.optional_integer(10)) critical.acknowledged = Instant{*at};
    critical.note = row.string(11);
    if (const auto visit = row.optional_integer(12)) critical.visit = core.term(*visit);
    return critical;
}

constexpr std::int64_t kBeyondAll = 0x7fffffffffffffff;

}  // namespace

std::vector<CriticalRow> critical_values(ReadSession& session, const CriticalFilter& filter) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    const bool first = filter.after.message.value == 0;
    const std::int64_t message = first ? kBeyondAll : filter.after.message.value;
    const auto limit = static_cast<std::int64_t>(filter.limit);
    static const std::string open_ones = selecting(
        "WHERE c.acknowledged_us IS NULL "
        "AND (c.message_id < ?1 OR (c.message_id = ?1 AND c.ordinal < ?2)) "
        "ORDER BY c.message_id DESC, c.ordinal DESC LIMIT ?3");
    static const std::string all = selecting(
        "WHERE c.message_id < ?1 OR (c.message_id = ?1 AND c.ordinal < ?2) "
        "ORDER BY c.message_id DESC, c.ordinal DESC LIMIT ?3");
    auto query = core.database.prepare(filter.open_only ? open_ones.c_str() : all.c_str());
    query.bind(message, filter.after.ordinal, limit);
    std::vector<CriticalRow> rows;
    while (query.step()) rows.push_back(read_row(core, query));
    return rows;
}

std::optional<CriticalRow> critical_value(ReadSession& session, ObservationId id) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    static const std::string one = selecting("WHERE c.message_id = ? AND c.ordinal = ?");
    auto query = core.database.prepare(one.c_str());
    query.bind(id.message.value, id.ordinal);
    if (!query.step()) return std::nullopt;
    return read_row(core, query);
}

Result<void> acknowledge_critical(Desk& desk, ObservationId id, const Act& act,
                                  std::string_view note) {
    const std::string object = fmt::format("{}.{}", to_base32(id.message), id.ordinal);
    auto update = desk.open().db().prepare(
        "UPDATE critical_value SET acknowledged_by = ?, acknowledged_us = ?, note = ? "
        "WHERE message_id = ? AND ordinal = ? AND acknowledged_us IS NULL RETURNING 1");
    update.bind(act.actor, desk.now().microseconds, note, id.message.value, id.ordinal);
    if (!update.step()) {
        auto there = desk.open().db().prepare(
            "SELECT 1 FROM critical_value WHERE message_id = ? AND ordinal = ?");
        there.bind(id.message.value, id.ordinal);
        return there.step()
                   ? fail(Code::state_change_bad, Place{object}, "It is acknowledged already.")
                   : fail(Code::not_found, Place{object});
    }
    const nlohmann::json after = {{"acknowledged_by", act.actor}, {"note", note}};
    desk.audit(act, {"critical",
                     fmt::format("critical value {} acknowledged", object),
                     "message",
                     object,
                     {},
                     after.dump()});
    return {};
}

}  // namespace labrelay::store
