#pragma once

#include <string>
#include <string_view>

#include "labrelay/app/subject_view.hpp"
#include "labrelay/core/result.hpp"
#include "labrelay/store/reconcile_query.hpp"
#include "labrelay/store/store_writer.hpp"
#include "labrelay/targets/reconcile_reader.hpp"
#include "labrelay/views/reconciliation.hpp"

namespace labrelay::app {

/// What a reconciliation looks at: one study, as it is stored here and as the target holds it.
struct ReconcileQuestion {
    std::string study;
    std::string target;
    Instant at;
};
/// Errors: those of the reader.
Result<views::Reconciliation> compare_target(SubjectView& view, targets::ReconcileReader& reader,
                                             const ReconcileQuestion& question);
/// Adds the laboratory's list. Error: csv-* with all of the list's errors.
Result<void> compare_list(SubjectView& view, std::string_view csv, const std::string& name,
                          views::Reconciliation& reconciliation);

/// What it found, for the problems; as JSON for the running server (POST /api/v1/reconciliations).
std::vector<store::ReconciliationFindings> findings_of(const views::Reconciliation& all);
std::string to_json(const std::vector<store::ReconciliationFindings>& findings);
/// Enters what to_json() wrote. A line that says how many problems were opened and resolved. Error:
/// usage.
Result<std::string> enter_findings(store::StoreWriter& writer, std::string_view json,
                                   const store::Act& act);

}  // namespace labrelay::app
