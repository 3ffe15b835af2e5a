#pragma once

#include <vector>

#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/apply.hpp"

namespace labrelay::mapping {

/// Specimens that the message names beside a registered patient, by name: what a source that knows
/// only specimen ids is placed by. Orders without a result teach too. Nothing is learned from an
/// order whose patient is in doubt.
std::vector<study::LearnedSpecimen> learn_specimens(
    const MappingContext& context, const std::vector<hl7::ObservationBinding>& bindings);

}  // namespace labrelay::mapping
