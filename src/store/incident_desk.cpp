#include "labrelay/store/incident_desk.hpp"

#include <algorithm>
#include <array>

#include "desk_open.hpp"
#include "labrelay/pipeline/commit_store.hpp"
#include "read_core.hpp"

namespace labrelay::store {
namespace {

constexpr std::array<std::string_view, 3> kNoticeStates{"waiting", "sent", "failed"};

NoticeState notice_state_from(std::string_view text) {
    const auto* const found = std::ranges::find(kNoticeStates, text);
    if (found == kNoticeStates.end()) throw pipeline::unreadable("a notice's state cannot be read");
    return static_cast<NoticeState>(found - kNoticeStates.begin());
}

IncidentRow read_incident(const Query& row) {
    IncidentRow incident;
    incident.id = row.integer(0);
    incident.kind = row.string(1);
    incident.object = row.string(2);
    incident.text = row.string(3);
    incident.advice = row.string(4);
    incident.opened = Instant{row.integer(5)};
    if (const auto closed = row.optional_integer(6)) incident.closed = Instant{*closed};
    return incident;
}

NoticeRow read_notice(const Query& row, int from) {
    NoticeRow notice;
    notice.incident = row.integer(from);
    notice.channel = row.string(from + 1);
    notice.over = row.integer(from + 2) != 0;
    notice.state = notice_state_from(row.text(from + 3));
    notice.attempts = row.integer(from + 4);
    notice.at = Instant{row.integer(from + 5)};
    notice.why = row.string(from + 6);
    return notice;
}

}  // namespace

std::string_view to_string(NoticeState state) {
    return kNoticeStates[static_cast<std::size_t>(state)];
}

std::vector<IncidentRow> open_incidents(Desk& desk) {
    auto query = desk.open().db().prepare(
        "SELECT incident_id, kind, object, text, advice, opened_us, closed_us FROM incident "
        "WHERE closed_us IS NULL ORDER BY incident_id");
    std::vector<IncidentRow> rows;
    while (query.step()) rows.push_back(read_incident(query));
    return rows;
}

std::vector<IncidentRow> incidents(ReadSession& session, std::int64_t before, std::size_t limit) {
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    std::vector<IncidentRow> rows;
    {
        auto query = core.database.prepare(
            "SELECT incident_id, kind, object, text, advice, opened_us, closed_us FROM incident "
            "WHERE incident_id < ? ORDER BY incident_id DESC LIMIT ?");
        query.bind(before == 0 ? std::int64_t{0x7fffffffffffffff} : before,
                   static_cast<std::int64_t>(limit));
        while (query.step()) rows.push_back(read_incident(query));
    }
    for (IncidentRow& incident : rows) {
        auto query = core.database.prepare(
            "SELECT incident_id, channel, over, state, attempts, at_us, why FROM incident_notice "
            "WHERE incident_id = ? ORDER BY over, channel");
        query.bind(incident.id);
        while (query.step()) incident.notices.push_back(read_notice(query, 0));
    }
    return rows;
}

std::int64_t open_incident(Desk& desk, const IncidentRow& incident,
                           const std::vector<std::string>& channels) {
    Connection& database = desk.open().db();
    std::int64_t id = 0;
    {
        auto insert = database.prepare(
            "INSERT INTO incident(kind, object, text, advice, opened_us) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT(kind, object) WHERE closed_us IS NULL DO NOTHING RETURNING incident_id");
        insert.bind(incident.kind, incident.object, incident.text, incident.advice,
                    incident.opened.microseconds);
        if (!insert.step()) return 0;
        id = insert.integer(0);
    }
    // What a channel was not told of the object yet goes before this one, which must not wait as
    // long as that would.
    database
        .prepare(
            "UPDATE incident_notice SET at_us = ?, attempts = 0 WHERE state = 'waiting' AND EXISTS "
            "(SELECT 1 FROM incident o WHERE o.incident_id = incident_notice.incident_id AND "
            "o.kind = ? AND o.object = ?)")
        .bind(desk.now().microseconds, incident.kind, incident.object)
        .run();
    for (const std::string& channel : channels) {
        database
            .prepare(
                "INSERT INTO incident_notice(incident_id, channel, over, state, at_us) "
                "VALUES (?, ?, 0, 'waiting', ?)")
            .bind(id, channel, desk.now().microseconds)
            .run();
    }
    return id;
}

void close_incident(Desk& desk, std::int64_t id) {
    Connection& database = desk.open().db();
    const std::int64_t now = desk.now().microseconds;
    database
        .prepare("UPDATE incident SET closed_us = ? WHERE incident_id = ? AND closed_us IS NULL")
        .bind(now, id)
        .run();
    database
        .prepare(
            "INSERT INTO incident_notice(incident_id, channel, over, state, at_us) "
            "SELECT incident_id, channel, 1, 'waiting', CAST(? AS BIGINT) FROM incident_notice "
            "WHERE incident_id = ? AND over = 0 AND state <> 'failed' "
            "ON CONFLICT(incident_id, channel, over) DO NOTHING")
        .bind(now, id)
        .run();
}

std::vector<DueNotice> due_notices(Desk& desk, std::size_t of_each) {
    auto query = desk.open().db().prepare(
        "SELECT i.incident_id, i.kind, i.object, i.text, i.advice, i.opened_us, i.closed_us, "
        "n.incident_id, n.channel, n.over, n.state, n.attempts, n.at_us, n.why FROM "
        "(SELECT q.*, row_number() OVER (PARTITION BY q.channel ORDER BY q.incident_id, q.over) "
        "AS turn FROM (SELECT w.incident_id, w.channel, w.over, w.state, w.attempts, w.at_us, "
        "w.why, row_number() OVER (PARTITION BY w.channel, o.kind, o.object ORDER BY "
        "w.incident_id, w.over) AS place FROM incident_notice w JOIN incident o ON o.incident_id = "
        "w.incident_id WHERE w.state = 'waiting') q WHERE q.place = 1 AND q.at_us <= ?) n "
        "JOIN incident i ON i.incident_id = n.incident_id WHERE n.turn <= ? "
        "ORDER BY n.incident_id, n.over, n.channel");
    query.bind(desk.now().microseconds, static_cast<std::int64_t>(of_each));
    std::vector<DueNotice> due;
    while (query.step()) due.push_back({read_incident(query), read_notice(query, 7)});
    return due;
}

void note_attempt(Desk& desk, const NoticeRow& notice) {
    desk.open()
        .db()
        .prepare(
            "UPDATE incident_notice SET state = ?, attempts = ?, at_us = ?, why = ? "
            "WHERE incident_id = ? AND channel = ? AND over = ?")
        .bind(to_string(notice.state), notice.attempts, notice.at.microseconds, notice.why,
              notice.incident, notice.channel, notice.over ? 1 : 0)
        .run();
}

bool leads(Desk& desk, std::string_view work) {
    return desk.open().core.leads(work);
}

}  // namespace labrelay::store
