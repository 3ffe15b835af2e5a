#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

// Incidents and what people were told of them. An incident is open once for a kind and an object;
// each channel is told when it begins and when it is over, in this order.

enum class NoticeState : std::uint8_t { waiting, sent, failed };
std::string_view to_string(NoticeState state);

struct NoticeRow {
    std::int64_t incident = 0;
    std::string channel;
    bool over = false;
    NoticeState state = NoticeState::waiting;
    std::int64_t attempts = 0;
    Instant at;       ///< when it was sent or given up; while it waits: when it is due
    std::string why;  ///< of the last failure
};

struct IncidentRow {
    std::int64_t id = 0;
    std::string kind;
    std::string object;
    std::string text;
    std::string advice;
    Instant opened;
    std::optional<Instant> closed;
    std::vector<NoticeRow> notices;
};

/// Those that are open, oldest first, without their notices.
std::vector<IncidentRow> open_incidents(Desk& desk);
/// The newest first, before `before` (0: the newest), with their notices.
std::vector<IncidentRow> incidents(ReadSession& session, std::int64_t before, std::size_t limit);
/// 0 where it is open already; else its id. A waiting notice for each of `channels`; what they were
/// not told yet of the same kind and object is due at once and is tried as long as a new one.
std::int64_t open_incident(Desk& desk, const IncidentRow& incident,
                           const std::vector<std::string>& channels);
/// Whoever was told, or is to be told, that it began is told that it is over.
void close_incident(Desk& desk, std::int64_t id);

struct DueNotice {
    IncidentRow incident;
    NoticeRow notice;
};
/// Notices whose time has come, oldest incident first, so many of each channel: one that takes none
/// keeps nothing from the others. Of one kind and object a channel gets one at a time, in their
/// order: the end of an incident, and the next one's beginning, only after what was before it was
/// sent or given up.
std::vector<DueNotice> due_notices(Desk& desk, std::size_t of_each);
/// What became of an attempt: the state, the time and the reason of `notice`.
void note_attempt(Desk& desk, const NoticeRow& notice);

/// Whether this process is the one that does such work; on a shared store one node is, until it
/// ends.
bool leads(Desk& desk, std::string_view work);

}  // namespace labrelay::store
