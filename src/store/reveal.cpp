#include "labrelay/store/reveal.hpp"

#include "desk_open.hpp"
#include "read_core.hpp"

namespace labrelay::store {

void reveal(Desk& desk, const Act& act, std::string_view object, Instant until) {
    desk.open()
        .db()
        .prepare(
            "INSERT INTO reveal(session_id, object, until_us) VALUES (?, ?, ?) "
            "ON CONFLICT(session_id, object) DO UPDATE SET until_us = excluded.until_us")
        .bind(act.session, object, until.microseconds)
        .run();
    const std::size_t colon = object.find(':');
    desk.audit(act, {"identity",
                     "identity was revealed",
                     object.substr(0, colon),
                     object.substr(colon + 1),
                     {},
                     {}});
}

bool is_revealed(ReadSession& session, std::string_view session_id, std::string_view object,
                 Instant now) {
    if (session_id.empty()) return false;
    ReadSession::Core& core = session.core();
    const ReadTransaction transaction(core.database);
    auto query = core.database.prepare(
        "SELECT 1 FROM reveal WHERE session_id = ? AND object = ? AND until_us > ?");
    query.bind(session_id, object, now.microseconds);
    return query.step();
}

}  // namespace labrelay::store
