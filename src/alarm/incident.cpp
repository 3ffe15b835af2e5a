#include "labrelay/alarm/incident.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace labrelay::alarm {
namespace {

struct Row {
    IncidentKind kind;
    std::string_view key;
    std::string_view advice;  // {}: the object
    std::string_view page;
};

using K = IncidentKind;
constexpr std::array kRows{
    Row{K::source_silent, "source-silent",
        "Ask the laboratory whether {} still sends, and look at its connection.", "/sources/{}"},
    Row{K::source_clock, "source-clock",
        "Have the clock of {} set right: the order of its results depends on it.", "/sources/{}"},
    Row{K::sequence_gap, "sequence-gap",
        "Ask the laboratory to send the missing messages of {} again.", "/sources/{}"},
    Row{K::held_share, "held-share",
        "Look at the newest problems of {}: it may have changed what it sends.",
        "/problems?source={}"},
    Row{K::store_away, "store-away",
        "Look at the database and the disk of {}: nothing is accepted until it can be stored.",
        "/traffic"},
    Row{K::target_away, "target-away",
        "Look at the study database {}: results wait here until it takes them.",
        "/deliveries?target={}"},
    Row{K::delivery_lag, "delivery-lag",
        "Find out why the study database {} falls behind: results wait for it.",
        "/deliveries?target={}"},
    Row{K::deliveries_rejected, "deliveries-rejected",
        "Repair why {} refuses these deliveries, then send them again.",
        "/deliveries?target={}&state=rejected"},
    Row{K::disk_low, "disk-low", "Make room on {}: messages are refused when its disk is full.",
        "/settings/alarms"},
    Row{K::configuration_refused, "configuration-refused",
        "See in the log of {} why it does not take the active configuration.", "/mappings"},
    Row{K::problems_aged, "problems-aged", "Work on the oldest problems of {}.",
        "/problems?source={}&sort=age"},
    Row{K::audit_broken, "audit-broken",
        "Keep the database of {} as it is, compare its anchors with the log, and find out who had "
        "access to the files.",
        "/audit"},
    Row{K::critical_value, "critical-value",
        "Tell whoever is responsible for the participant now, then acknowledge it.", "/critical"},
    Row{K::critical_unacknowledged, "critical-unacknowledged",
        "Nobody has acknowledged a critical value: tell whoever is responsible now.", "/critical"},
    Row{K::access_review_due, "access-review-due",
        "Have somebody look through {} and roles, and record the review.", "/settings/reviews"},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].kind) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order());

const Row& row(IncidentKind kind) {
    return kRows[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view key(IncidentKind kind) {
    return row(kind).key;
}

std::optional<IncidentKind> incident_kind_from(std::string_view key) {
    const auto* const found = std::ranges::find(kRows, key, &Row::key);
    return found == kRows.end() ? std::nullopt : std::optional(found->kind);
}

bool is_critical(IncidentKind kind) {
    return kind == K::critical_value || kind == K::critical_unacknowledged;
}

std::string advice(IncidentKind kind, std::string_view object) {
    return fmt::format(fmt::runtime(row(kind).advice), object);
}

std::string page(IncidentKind kind, std::string_view object) {
    return fmt::format(fmt::runtime(row(kind).page), object);
}

}  // namespace labrelay::alarm
