#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/study/lab_list.hpp"
#include "labrelay/study/reconcile.hpp"

namespace labrelay::views {

/// What the schedule expects by now, over all subjects; expected = received + held + missing.
struct ScheduleCounts {
    std::int64_t expected = 0;
    std::int64_t received = 0;
    std::int64_t held = 0;
    std::int64_t missing = 0;
    std::vector<std::string> missing_items;  ///< `S-004 M3 HIVVL`, of closed windows
};

/// One reconciliation of a study with a target, and with a laboratory's list where one was given.
struct Reconciliation {
    std::string study;
    std::string study_name;
    std::string target;
    std::string config_hash;
    std::string store_state;  ///< which state of the store was looked at
    Instant at;
    std::int64_t subjects = 0;
    std::int64_t kept_back =
        0;  ///< undecided post-lock items: the study database has the old value
    ScheduleCounts schedule;
    study::TargetComparison target_comparison;
    std::string list_name;  ///< of the file; empty: no list
    std::optional<study::ListComparison> list;

    std::size_t differences() const {
        return target_comparison.differences.size() + (list ? list->differences.size() : 0);
    }
};

/// The report that a person signs: what was compared, counts that add up, each difference in one
/// sentence, a place for the signature. Plain text; no identity in it.
std::string reconciliation_text(const Reconciliation& reconciliation);

/// The same as one JSON object.
std::string reconciliation_json(const Reconciliation& reconciliation);

}  // namespace labrelay::views
