#pragma once

#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"

namespace labrelay::mapping {

/// Several tubes of one draw and their average (`<replicates>` of docs/mapping.md), within one
/// order and specimen, after every observation was mapped by itself. Where the average can be
/// stored, the tubes are ignored (replicate-of-average); where it cannot, or where several tubes
/// came without one, the tubes are held (average-missing): which of them is the result is not for
/// us to choose. One tube alone is a result by its own line.
void settle_replicates(const MappingContext& context,
                       const std::vector<hl7::ObservationBinding>& bindings,
                       std::vector<study::ProposedObservation>& observations);

}  // namespace labrelay::mapping
