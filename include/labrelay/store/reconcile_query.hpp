#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/store/act.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/store/store_writer.hpp"
#include "labrelay/study/reconcile.hpp"

namespace labrelay::store {

/// A result as a study database is to hold it: what is kept back by a lock stands as it was told.
struct ResultForTarget {
    delivery::DeliveredResult result;
    SubjectId subject;
    bool forwarded = true;
    /// Of its delivery to the target that is not over; empty: none.
    std::string delivery_state;
};
/// Every result of the study that the target was told of or is to be told of, in one view of the
/// store.
std::vector<ResultForTarget> results_for_target(ReadSession& session, const std::string& study,
                                                std::string_view target);

/// Which state of the store was looked at: its newest message and registry fact.
std::string state_of_store(ReadSession& session);

/// What a reconciliation found, to become problems. A problem is opened once, resolved when a later
/// run finds it settled, and opened again when it comes back; one that a person dismissed stays so.
struct ReconciliationFindings {
    std::string study;
    std::string target;  ///< or the list: the beginning of every detail
    /// Rules of which `found` is all there is: what an earlier run found and this one did not is
    /// settled.
    std::vector<Code> complete;
    std::vector<study::Difference> found;
    std::vector<study::Difference> settled;
};
struct ReconciliationEntry {
    std::int64_t opened = 0;
    std::int64_t resolved = 0;
};
/// Throws pipeline::StoreFault.
ReconciliationEntry enter_reconciliation(StoreWriter& writer,
                                         const ReconciliationFindings& findings, const Act& act);

}  // namespace labrelay::store
