#pragma once

#include <cstddef>
#include <vector>

#include "labrelay/hl7/batch.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/pipeline/ack_policy.hpp"

namespace labrelay::pipeline {

/// What became of one member of a batch.
struct AnsweredMember {
    std::size_t group = 0;  ///< index into hl7::Batch::groups
    Answer answer;
    std::vector<Finding> findings;  ///< the outcome's
};

/// What the sender of a batch is told, at its end. `bytes` is one message, or, where the batch had
/// no envelope, one acknowledgement after the other (split_answers).
Answer answer_batch(const hl7::Batch& batch, const Arrival& arrival, mapping::BatchReply reply,
                    const std::vector<AnsweredMember>& members);

/// The messages to send for an answer: more than one where a batch had no envelope.
std::vector<std::string> split_answers(std::string bytes);

}  // namespace labrelay::pipeline
