#pragma once

#include <string>
#include <string_view>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/outcome.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::pipeline {

/// What the sender is told. A data fault is AA (held) unless the source is strict; see docs/ack.md.
struct Answer {
    bool silent = false;  ///< an acknowledgement is never acknowledged
    hl7::AckCode code = hl7::AckCode::aa;
    std::string bytes;
};

Answer answer(std::string_view bytes, const Arrival& arrival, const study::Proposal& proposal,
              const study::Outcome& outcome);

}  // namespace labrelay::pipeline
