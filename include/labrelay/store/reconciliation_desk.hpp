#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/core/time.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/store/read_session.hpp"

namespace labrelay::store {

// Reconciliations that people asked for, with their reports. A report does not change any more once
// it is there; who signed it stands beside it.

enum class ReconciliationState : std::uint8_t { running, done, failed };
std::string_view to_string(ReconciliationState state);

struct ReconciliationRow {
    std::int64_t id = 0;
    std::string study;
    std::string target;
    std::string list_name;  ///< of the laboratory's list; empty: none
    ReconciliationState state = ReconciliationState::running;
    std::string asked_by;
    Instant asked;
    std::optional<Instant> ended;
    std::int64_t differences = 0;
    std::int64_t opened = 0;    ///< problems
    std::int64_t resolved = 0;  ///< problems
    std::string why;            ///< it failed
    std::string finding;        ///< of whoever signed
    std::int64_t signature = 0;
    std::string signed_by;  ///< name as printed; empty: nobody
    std::string meaning;
    std::optional<Instant> signed_at;
};

struct ReconciliationReport {
    ReconciliationRow row;
    std::string report;  ///< JSON
    std::string text;    ///< as a person reads it
};

struct NewReconciliation {
    std::string study;
    std::string target;
    std::string list_name;
    std::int64_t node = 0;  ///< that runs it
};
std::int64_t begin_reconciliation(Desk& desk, const Act& act, const NewReconciliation& asked);

struct EndedReconciliation {
    std::int64_t differences = 0;
    std::int64_t opened = 0;
    std::int64_t resolved = 0;
    std::string report;
    std::string text;
};
void end_reconciliation(Desk& desk, const Act& act, std::int64_t id,
                        const EndedReconciliation& ended);
void fail_reconciliation(Desk& desk, const Act& act, std::int64_t id, std::string_view why);
/// Those of a node that ended before they were done; how many.
std::int64_t fail_broken_reconciliations(Desk& desk, std::int64_t node);
/// Errors: not-found; state-change-bad where it is not done, or signed already.
Result<void> sign_reconciliation(Desk& desk, const Act& act, std::int64_t id,
                                 std::string_view finding, std::int64_t signature);

/// Newest first, without their reports; those before `before` (0: from the newest), of one study
/// where it is named.
std::vector<ReconciliationRow> reconciliations(ReadSession& session, std::string_view study,
                                               std::int64_t before, std::size_t limit);
std::optional<ReconciliationReport> reconciliation(ReadSession& session, std::int64_t id);
std::optional<ReconciliationReport> reconciliation(Desk& desk, std::int64_t id);

}  // namespace labrelay::store
