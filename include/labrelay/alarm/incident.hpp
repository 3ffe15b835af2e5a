#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labrelay::alarm {

/// What a person must be told of. An incident is open once for a kind and an object: a source, a
/// target, a node, a critical value.
enum class IncidentKind : std::uint8_t {
    source_silent,
    source_clock,
    sequence_gap,
    held_share,
    store_away,
    target_away,
    delivery_lag,
    deliveries_rejected,
    disk_low,
    configuration_refused,
    problems_aged,
    audit_broken,
    critical_value,
    critical_unacknowledged,
    access_review_due,
};
std::string_view key(IncidentKind kind);  ///< `source-silent`
std::optional<IncidentKind> incident_kind_from(std::string_view key);
/// Of a participant, and urgent; everything else is of the system.
bool is_critical(IncidentKind kind);
/// What to do: the first line of each notice.
std::string advice(IncidentKind kind, std::string_view object);
/// The page that shows it: `/critical`.
std::string page(IncidentKind kind, std::string_view object);

/// Texts name ids of ours only: sources, targets, nodes, subjects' labels. No patient data.
struct Incident {
    IncidentKind kind{};
    std::string object;
    std::string study;  ///< of a critical value; empty: of none that is known
    std::string text;   ///< one sentence
};

}  // namespace labrelay::alarm
