#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/store/desk.hpp"
#include "labrelay/study/overlay.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::store {

/// A decision that is to hold for a message from now on.
struct NewOverlay {
    MessageId message;
    study::Overlay overlay;  ///< id, ended and news are the store's
};

/// A repair as it is queued: what a person decided, and which observations are to be looked at
/// again because of it.
struct NewRepair {
    std::optional<ProblemId> problem;
    std::string kind;     ///< `link-subject` …
    std::string request;  ///< JSON, as asked for
    std::vector<NewOverlay> overlays;
    std::vector<ObservationId> items;  ///< ordinal 0: the message itself
};

/// Writes the overlays and queues the messages of the items, each once, to be processed again; one
/// audit row for the repair and one for each overlay. The repair's id. Jobs run in the committer:
/// its own task (Committer::change) wakes it.
std::int64_t queue_repair(Desk& desk, const Act& act, const NewRepair& repair);

/// What has not begun will not: those items have no end. Errors: not-found, state-change-bad.
Result<void> stop_repair(Desk& desk, const Act& act, std::int64_t repair);

/// What else is asked anew where a repair is taken back: decisions that are over at once, for each
/// result that a fact of the registry decided (registry_undo.hpp), and the results themselves.
struct AskedAnew {
    std::vector<NewOverlay> over;
    std::vector<ObservationId> items;
};
/// Ends every decision that the repair made and queues its messages again, as a repair of kind
/// `undo`: the state before it comes back, and what was delivered is corrected. Facts of the
/// registry are the caller's, in the same transaction. The new repair's id. Errors: not-found,
/// state-change-bad: there is nothing to ask anew.
Result<std::int64_t> undo_repair(Desk& desk, const Act& act, std::int64_t repair,
                                 const AskedAnew& anew = {});

/// What the registry keeps of them, as JSON: before and after of an audit row.
std::string subject_record(const study::Subject& subject);
std::string specimen_record(const study::RegisteredSpecimen& specimen);

}  // namespace labrelay::store
