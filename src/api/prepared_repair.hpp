#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "labrelay/api/repairs.hpp"

namespace labrelay::api {

/// So many are tried for a preview, so many one repair may change.
inline constexpr std::size_t kMostTried = 5'000;
inline constexpr std::size_t kMostChanged = 100'000;

/// A repair that was read, planned and not yet allowed.
struct Repairs::Prepared {
    const RepairKind* kind = nullptr;
    store::ProblemRow problem;
    nlohmann::json body;
    pipeline::RepairRequest request;
    std::vector<pipeline::RepairItem> held;
    study::StateView state;
    std::shared_ptr<const mapping::Configuration> configuration;
    study::Registry registry;
    bool keeps_values_back = false;  ///< from a person to whom a site or an analyte is closed
    std::int64_t counted = 0;        ///< that the problem holds, as the person sees it
    bool delivered = false;  ///< a target was told of a subject that it takes something from
    pipeline::RepairPlan plan;

    pipeline::RepairScene scene(const study::Registry& known) const {
        pipeline::RepairScene scene{*configuration, known, held};
        const auto from = state.subjects.find(request.from);
        if (from != state.subjects.end()) scene.from = &from->second;
        return scene;
    }
};

}  // namespace labrelay::api
