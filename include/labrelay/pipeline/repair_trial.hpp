#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "labrelay/pipeline/repair_plan.hpp"
#include "labrelay/study/decide.hpp"

namespace labrelay::pipeline {

/// How a trial asks the store, from one view of it. What they throw passes through.
struct TrialStore {
    std::function<std::optional<StoredMessage>(MessageId)> message;
    std::function<void(const study::Proposal&, study::StateView&)> load;
    std::function<void(SubjectId, study::StateView&)> load_subject;
};

/// How one observation of a repair would end.
struct TrialEnd {
    ObservationId id;
    std::string control_id;
    Code held_by{};  ///< as it is now; none: it is stored
    study::Disposition disposition = study::Disposition::held;
    Code rule{};       ///< why held or ignored
    std::string text;  ///< the value where it is stored; without identity
};

/// A value that a target was told of and would be told anew. Texts: value, unit and visit.
struct DeliveredChange {
    SubjectId subject;
    std::int64_t number = 0;  ///< of the result within the subject
    std::string analyte;
    std::string visit;
    std::string from;
    std::string to;
    std::string result_id;  ///< the study databases' name of it; the store fills it in
};

/// What a plan would do, without a trace of it.
struct RepairPreview {
    std::size_t total = 0;
    std::size_t tried = 0;  ///< fewer than total: the rest was not looked at
    std::size_t would_store = 0;
    std::size_t still_held = 0;
    std::size_t ignored = 0;
    std::size_t unreadable = 0;         ///< their bytes are gone
    std::map<Code, std::size_t> still;  ///< of what is held, by rule
    std::vector<TrialEnd> ends;
    std::vector<DeliveredChange> delivered_changes;
};

/// Runs process() and decide() over every message of the plan as the job would, in its order, with
/// the registry, configuration and overlays that it would have; nothing is written. At most `most`
/// observations are tried.
RepairPreview try_repair(const RepairPlan& plan, const RepairScene& scene, const TrialStore& store,
                         std::size_t most);

}  // namespace labrelay::pipeline
