#pragma once

#include <span>
#include <string_view>

#include "labrelay/mapping/apply.hpp"
#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/proposal.hpp"
#include "labrelay/study/registry.hpp"

namespace labrelay::pipeline {

/// The first of the two pure steps: decode, parse, recognise the source, check the header, bind
/// observations, map, convert, check. No socket, SQL, environment or clock; never throws on input.
/// What a message is refused for and with which answer stands in docs/ack.md.
///
/// `overlays` are people's decisions for this message (docs/repair.md); a new message has none.
///
/// The lineage says every step in words; the listener writes it, because the store keeps what was
/// said when a value was stored.
study::Proposal process(std::string_view bytes, const Arrival& arrival,
                        const mapping::Configuration& configuration,
                        const study::Registry& registry,
                        mapping::Lineage lineage = mapping::Lineage::written,
                        std::span<const study::Overlay> overlays = {});

}  // namespace labrelay::pipeline
