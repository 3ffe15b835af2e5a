#pragma once

#include <cstddef>
#include <string>
#include <string_view>
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

/// A member of a batch that the store cannot take.
struct UnstoredMember {
    std::size_t group = 0;
    std::string_view bytes;
    const Arrival& arrival;
    const study::AckRequest& ack;
};

/// What is told of a batch when the store cannot take it: by `choice`, the source's, and never
/// anything positive. Nothing where a member that awaits an answer wants none of this kind: whoever
/// finds his message in no reply would take it for accepted.
Answer answer_batch_without_store(const hl7::Batch& batch, const Arrival& arrival,
                                  mapping::BatchReply reply, study::StoreFailure choice,
                                  const std::vector<UnstoredMember>& members);

/// The messages to send for an answer: more than one where a batch had no envelope.
std::vector<std::string> split_answers(std::string bytes);

}  // namespace labrelay::pipeline
