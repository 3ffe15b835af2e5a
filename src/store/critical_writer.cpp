#include "critical_writer.hpp"

#include <algorithm>
#include <string_view>

#include "writer_core.hpp"

namespace labrelay::store {
namespace {

/// Details of checks begin with the check's id (mapping/value_checks.cpp).
std::string_view check_of(const Finding& finding) {
    const std::string_view detail = finding.detail;
    return detail.substr(0, std::min(detail.find(':'), detail.size()));
}

void write_critical(StoreWriter::Core& core, const pipeline::CommitItem& item,
                    const study::ProposedObservation& observation, const Finding& finding) {
    std::optional<std::int64_t> subject;
    if (!observation.subjects.empty()) subject = observation.subjects.front().value;
    core.db()
        .prepare(
            "INSERT INTO critical_value(message_id, ordinal, rule, subject_id, analyte, "
            "value_text, "
            "unit, source, at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT(message_id, ordinal) DO UPDATE SET "
            // Given to another subject, it is that subject's, and nobody has said that they know.
            "acknowledged_us = CASE WHEN excluded.subject_id <> critical_value.subject_id "
            "THEN NULL ELSE critical_value.acknowledged_us END, "
            "subject_id = coalesce(excluded.subject_id, critical_value.subject_id)")
        .bind(item.arrival.message_id.value, observation.ordinal, check_of(finding), subject,
              observation.analyte, observation.value.value_text, observation.value.unit,
              item.proposal.source, core.clock.now().microseconds)
        .run();
}

}  // namespace

void write_criticals(StoreWriter::Core& core, const pipeline::CommitItem& item) {
    if (!item.proposal.forwards) return;
    for (const study::DecidedObservation& decided : item.outcome.observations) {
        if (decided.disposition == study::Disposition::ignored) continue;
        const auto proposed = std::ranges::find(item.proposal.observations, decided.ordinal,
                                                &study::ProposedObservation::ordinal);
        if (proposed == item.proposal.observations.end()) continue;
        const auto critical =
            std::ranges::find(proposed->findings, Code::critical_value, &Finding::code);
        if (critical != proposed->findings.end()) write_critical(core, item, *proposed, *critical);
    }
}

}  // namespace labrelay::store
