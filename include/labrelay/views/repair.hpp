#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "labrelay/pipeline/repair_candidates.hpp"
#include "labrelay/store/repair_query.hpp"

namespace labrelay::views {

/// The preview of a repair, as the page shows it: counts, what still holds, a few examples with
/// before and after, and which delivered values would change.
nlohmann::ordered_json preview_json(const pipeline::RepairPreview& preview,
                                    const study::Registry& registry);

/// Takes out of a preview what says a value or whose it is; the counts stay.
void keep_values_back(nlohmann::ordered_json& preview);

nlohmann::ordered_json repair_job_json(const store::RepairRow& repair);
nlohmann::ordered_json repair_end_json(const store::RepairEnd& end);

nlohmann::ordered_json subject_candidates_json(
    std::span<const pipeline::SubjectCandidate> candidates, const study::Registry& registry);
nlohmann::ordered_json visit_candidates_json(std::span<const pipeline::VisitCandidate> candidates);

/// `<message>.<ordinal>`, the message in base 32: how an observation is named in addresses.
std::string observation_name(ObservationId id);
std::optional<ObservationId> observation_from(std::string_view name);

}  // namespace labrelay::views
