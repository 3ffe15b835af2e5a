#pragma once

#include <string_view>

#include "labrelay/hl7/charset.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::pipeline {

/// The first of the two pure steps: decode, parse, recognise the source, bind observations, map, convert,
/// check. No socket, SQL, environment or clock; never throws on input.
study::Proposal process(std::string_view bytes, const Arrival& arrival,
                        const mapping::Configuration& configuration, const study::Registry& registry);

}  // namespace labrelay::pipeline
