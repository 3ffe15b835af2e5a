#pragma once

#include <span>
#include <vector>

#include "labrelay/core/time.hpp"
#include "labrelay/hl7/message.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/study/overlay.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::mapping {

/// Whether the steps are written down as sentences. They cost more than the mapping itself; what
/// they say can always be had again by mapping the same bytes a second time.
enum class Lineage : std::uint8_t { left_out, written };

/// What a message is mapped with. Everything is borrowed and must outlive the call.
struct MappingContext {
    const Configuration& configuration;
    const SourceDefinition& source;
    const study::Registry& registry;
    const hl7::Message& message;
    Instant received_at;
    Lineage lineage = Lineage::written;
    std::span<const study::Overlay> overlays = {};  ///< people's decisions for the message
};

struct MappedMessage {
    std::vector<study::ProposedObservation> observations;  ///< one an OBX, in their order
    std::vector<study::LearnedSpecimen> learned;  ///< where the source teaches specimens, by name
    std::vector<Finding> findings;                ///< about no observation of the message
    std::vector<study::ProposedNotice> notices;
};

/// Every OBX through the source's file: code -> analyte, subject, specimen, times, value, unit,
/// range, checks. Never guesses: an observation comes back as a candidate (stored), held or
/// ignored, with the rule and with every step in its lineage. Codes 301 to 516. A pure function;
/// the rules and their order stand in src/mapping/apply.md.
MappedMessage map_message(const MappingContext& context);

}  // namespace labrelay::mapping
