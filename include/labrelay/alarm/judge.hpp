#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/alarm/incident.hpp"
#include "labrelay/core/time.hpp"

namespace labrelay::alarm {

// Which incidents hold, from facts of one moment. Pure. What was not looked at, or cannot be told
// from here, is left as it stands.

struct Share {
    std::int64_t results = 0;
    std::int64_t held = 0;
};

struct SourceFact {
    std::string id;
    bool silent = false;
    std::chrono::minutes silence{0};  ///< 0: nothing of it is stored
    bool clock_off = false;
    std::optional<Instant> last_gap;  ///< when a number in MSH-13 was last missing
    Share recent;                     ///< of the last hour
    Share usual;                      ///< of the time before it
};

struct TargetFact {
    std::string name;
    bool paused = false;
    bool failing = false;      ///< its worker's incident is open
    bool failed_here = false;  ///< its worker on this node had one since it started
    std::int64_t waiting = 0;
    std::int64_t rejected = 0;
    std::optional<Instant> oldest;  ///< of what waits
};

struct DiskFact {
    std::string node;
    std::uint64_t free = 0;  ///< bytes
    std::uint64_t size = 0;
};

struct ConfigurationFact {
    std::string node;
    std::string running;           ///< hash
    std::string active;            ///< hash of what was activated last
    std::optional<Instant> since;  ///< they differ
};

struct ProblemsFact {
    std::string source;
    std::int64_t count = 0;
    std::int64_t oldest = 0;
};

/// What the last finished check of the audit trail found.
struct AuditFact {
    bool whole = true;
    std::int64_t row = 0;  ///< the first bad one; 0: what is wrong is that rows are missing
    std::string why;
};

struct CriticalFact {
    std::string id;       ///< `<message>.<ordinal>`
    std::string subject;  ///< study label; empty: nobody found for it yet
    std::string study;
    std::string source;
    Instant at;
};

struct AccessFact {
    std::optional<Instant> since;  ///< the last review, else the first account; nothing: no account
};

/// Nothing in a member: it was not looked at.
struct Facts {
    Instant now;
    std::optional<std::vector<SourceFact>> sources;
    std::optional<std::vector<TargetFact>> targets;
    std::optional<DiskFact> disk;
    std::optional<ConfigurationFact> configuration;
    std::optional<std::vector<ProblemsFact>> problems;  ///< above the age
    std::optional<AuditFact> audit;
    std::optional<std::vector<CriticalFact>> criticals;  ///< unacknowledged
    std::optional<AccessFact> access;
};

struct Limits {
    std::chrono::minutes lag{30};              ///< a delivery may wait
    std::chrono::hours problem_age{72};        ///< a problem may stay open
    std::chrono::minutes acknowledgement{30};  ///< a critical value may stay unacknowledged
    std::chrono::days access_review{180};      ///< between two reviews of access; 0: no reminder
    std::int64_t disk_free_percent = 5;
    std::int64_t held_share_points = 20;  ///< the held share may rise above its usual
};

struct Judgement {
    using Which = std::pair<IncidentKind, std::string>;
    std::vector<Incident> holding;
    std::set<IncidentKind> looked_at;
    std::set<Which> undecided;  ///< of what was looked at

    bool decides(IncidentKind kind, const std::string& object) const {
        return looked_at.contains(kind) && !undecided.contains({kind, object});
    }
};
Judgement judge(const Facts& facts, const Limits& limits);

struct OpenIncident {
    std::int64_t id = 0;
    IncidentKind kind{};
    std::string object;
};
struct Changes {
    std::vector<Incident> opened;
    std::vector<std::int64_t> over;
};
Changes changes(std::span<const OpenIncident> open, const Judgement& judgement);

/// The held share of a source's results, of the last hour and before. What was counted at the first
/// look is the usual. One thread.
class HeldShare {
public:
    void add(Instant now, const Share& counted);
    Share recent(Instant now) const;
    Share usual(Instant now) const;

private:
    std::vector<std::pair<Instant, Share>> counted_;
    Share before_;
    bool looked_ = false;
};

}  // namespace labrelay::alarm
