#pragma once

#include <functional>
#include <string_view>

#include "labrelay/mapping/configuration.hpp"
#include "labrelay/pipeline/submission.hpp"

namespace labrelay::pipeline {

/// Makes the members of the batch that `submission.bytes` is: each with an arrival of its own from
/// `arrive` that names the batch (submission.arrival must be made already), and with what
/// `process_member` says of its bytes. The submission's own proposal says which source sent the
/// batch (the first that a member names) and what is wrong with it.
void divide(Submission& submission, hl7::Batch batch, const mapping::Configuration& configuration,
            const std::function<Arrival()>& arrive,
            const std::function<study::Proposal(std::string_view, const Arrival&)>& process_member);

}  // namespace labrelay::pipeline
