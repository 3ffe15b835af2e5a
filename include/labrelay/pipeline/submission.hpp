#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/hl7/batch.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "labrelay/pipeline/ack_policy.hpp"
#include "labrelay/pipeline/arrival.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::pipeline {

/// A member of a batch, with what process() made of it.
struct SubmittedMember {
    Arrival arrival;  ///< names the batch
    std::size_t size = 0;
    std::size_t group = 0;
    study::Proposal proposal;
};

struct SubmittedBatch {
    hl7::Batch content;
    mapping::BatchReply reply = mapping::BatchReply::all;
    std::vector<SubmittedMember> members;
};

/// A message or a whole batch that waits for its commit, with what process() made of it. Of a
/// batch, `proposal` names source and findings and has no observation; it and all its members are
/// written in one transaction.
struct Submission {
    std::string bytes;
    Arrival arrival;
    study::Proposal proposal;
    std::optional<SubmittedBatch> batch;

    /// A member's own bytes.
    std::string_view bytes_of(const SubmittedMember& member) const;
};

/// What the sender of a submission is told when the store cannot take it: never anything positive,
/// and nothing at all unless its source's `store-failure` says so.
Answer answer_without_store(const Submission& submission);

}  // namespace labrelay::pipeline
