#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/commit_store.hpp"

namespace labrelay::pipeline {

/// What a person asks for, by the names of docs/repair.md. Which fields count depends on the kind.
struct RepairRequest {
    std::string kind;
    std::string authority;  ///< of the identifier, of the specimen's name
    std::string value;      ///< the identifier
    std::string specimen;
    std::string collected_at;
    std::string visit;  ///< `unscheduled` too
    std::string reason_code;
    std::map<std::string, std::string> fields;  ///< correct-subject: columns of subjects.csv
    SubjectId subject;
    SubjectId from;
    SubjectId to;
    std::vector<ObservationId> observations;  ///< empty: all that the problem holds
};

/// One held observation that a repair is about; ordinal 0: the message itself.
struct RepairItem {
    ObservationId id;
    Code rule{};  ///< why it is held
    std::string value_reported;
    std::string unit_reported;
    SubjectId subject;  ///< 0: nobody yet
    study::SpecimenIdentity specimen;
    std::string analyte;  ///< empty: its code is not mapped
};

/// What a plan may know: borrowed.
struct RepairScene {
    const mapping::Configuration& configuration;
    const study::Registry& registry;
    std::span<const RepairItem> held;
    const study::SubjectState* from = nullptr;  ///< move-specimen: what is stored of `from`
};

struct PlannedOverlay {
    MessageId message;
    study::Overlay overlay;
};

/// What a repair would write, and what would be processed again because of it. Pure data: it is
/// tried (repair_trial.hpp) or enacted.
struct RepairPlan {
    RegistryChange change;
    std::vector<PlannedOverlay> overlays;
    std::vector<ObservationId> items;
    /// Where something is taught: with which configuration. Nothing: the one that holds.
    std::shared_ptr<const mapping::Configuration> configuration;
    std::vector<SubjectId> subjects;  ///< whom it touches: the right is asked for each
};

/// The plan of every kind that changes no configuration. Errors: body-bad (the place names the
/// field), not-found, registry-conflict, csv-value-bad.
Result<RepairPlan> plan_repair(const RepairRequest& request, const RepairScene& scene);

/// The registry as the store would have it after the change; its version is one later.
study::Registry registry_after(const study::Registry& registry, const RegistryChange& change);

}  // namespace labrelay::pipeline
