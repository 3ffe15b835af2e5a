#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"
#include "labrelay/hl7/binding.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::mapping {

/// What one message needs to know while its observations are mapped.
struct MappingContext {
    const Configuration& configuration;
    const SourceDefinition& source;
    const study::Registry& registry;
    const hl7::Message& message;
    Instant received_at;
};

/// One OBX through the source's file: code -> analyte, subject, specimen, times, value, unit, range,
/// checks. Never guesses: the entry comes back as a candidate (stored), held or ignored, with the rule, and
/// with every step in its lineage. Codes 301 to 514.
study::ProposedObservation map_observation(const MappingContext& context,
                                           const hl7::ObservationBinding& binding, std::int32_t ordinal);

/// What the message teaches about specimens, where the source teaches at all.
std::vector<study::LearnedSpecimen> learn_specimens(
    const MappingContext& context, const std::vector<study::ProposedObservation>& observations);

}  // namespace labrelay::mapping
