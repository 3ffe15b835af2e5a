#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "labrelay/pipeline/repair_trial.hpp"
#include "labrelay/store/problem_query.hpp"
#include "labrelay/store/read_session.hpp"
#include "labrelay/study/overlay.hpp"

namespace labrelay::store {

enum class RepairState : std::uint8_t { queued, running, done, stopped };
std::string_view to_string(RepairState state);

struct RepairRow {
    std::int64_t id = 0;
    std::optional<ProblemId> problem;
    std::string kind;
    RepairState state = RepairState::queued;
    std::int64_t total = 0;
    std::int64_t stored = 0;
    std::int64_t held = 0;
    std::int64_t ignored = 0;
    std::int64_t failed = 0;
    std::int64_t done() const { return stored + held + ignored + failed; }
    std::string actor;
    std::string reason;
    std::string request;  ///< JSON
    Instant created;
    std::optional<Instant> started;
    std::optional<Instant> ended;
    std::int64_t version = 1;
};
std::optional<RepairRow> repair(ReadSession& session, std::int64_t id);
/// Newest first.
std::vector<RepairRow> repairs_of(ReadSession& session, ProblemId problem, std::size_t limit);

/// A repair that has not ended, or only just has.
struct MovingRepair {
    std::int64_t id = 0;
    std::optional<ProblemId> problem;
};
/// What has not ended, and of the newest 200 repairs what ended since; by id.
std::vector<MovingRepair> moving_repairs(ReadSession& session, Instant ended_since);

struct RepairEnd {
    ObservationId id;
    std::string control_id;
    std::string disposition;  ///< `S`, `H`, `I`, `F` (failed); empty: not yet, or stopped before
    Code rule = Code::none;
    // For whom it is.
    std::string source;
    SubjectId subject;    ///< 0: nobody yet
    std::string analyte;  ///< empty: its code is not mapped
};
/// The next `limit` after `after`, in order of their ids.
std::vector<RepairEnd> repair_ends(ReadSession& session, std::int64_t repair, ObservationId after,
                                   std::size_t limit);

/// How many results of a repair are of one subject and analyte and ended so.
struct RepairShare {
    std::string source;
    SubjectId subject;
    std::string analyte;
    std::string disposition;
    std::int64_t count = 0;
};
std::vector<RepairShare> repair_shares(ReadSession& session, std::int64_t repair);

/// What a problem holds now, as repairs need it: up to `limit` of `ProblemRow::held`, by id.
std::vector<pipeline::RepairItem> held_by(ReadSession& session, ProblemId problem,
                                          std::size_t limit);

/// Tries a plan on one view of the store, while others write to it.
pipeline::RepairPreview try_repair(ReadSession& session, const pipeline::RepairPlan& plan,
                                   const pipeline::RepairScene& scene, std::size_t most);

/// Whom a repair touched: by its results, and by what was decided.
std::vector<SubjectId> subjects_of_repair(ReadSession& session, std::int64_t repair);
/// The decisions of a repair that hold.
struct RepairOverlay {
    MessageId message;
    study::Overlay overlay;
};
std::vector<RepairOverlay> overlays_of_repair(ReadSession& session, std::int64_t repair);
/// Some target was told of one of the subject's results.
bool anything_delivered(ReadSession& session, SubjectId subject);

}  // namespace labrelay::store
