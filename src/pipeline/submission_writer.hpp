#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "labrelay/pipeline/commit_store.hpp"
#include "labrelay/pipeline/snapshots.hpp"
#include "labrelay/pipeline/submission.hpp"
#include "transactions.hpp"

namespace labrelay::pipeline {

/// Decides a submission and writes it, in the transaction that is open; a batch member by member.
/// What it throws leaves the transaction for its caller to roll back; where it was thrown at a
/// member of a batch, that member can be set aside. One thread. See committer.md.
class SubmissionWriter {
public:
    /// All outlive it.
    SubmissionWriter(CommitStore& store, const Snapshots& snapshots, Transactions& transactions)
        : store_(store), snapshots_(snapshots), transactions_(transactions) {}

    /// What its sender may be told once the transaction is durable. What it teaches is in the
    /// registry then.
    Answer write(const Submission& submission, study::Registry& registry);
    /// The last resort: bytes and "held: internal", nothing derived.
    Answer write_bare(const Submission& submission);

    /// From now on the member that the last write() failed at is kept as its bytes and held. False:
    /// it failed at none, or all of them are set aside.
    bool set_aside_member(const SubmittedBatch& batch);
    /// What write() failed at and what is set aside.
    void forget_members();

private:
    /// A message as it is decided and written: a submission's own, or a member of its batch.
    struct Part {
        std::string_view bytes;
        const Arrival& arrival;
        const study::Proposal& proposal;
    };
    struct Decided {
        study::Proposal proposal;
        study::Outcome outcome;
        Answer answer;
    };
    Answer write_batch(const Submission& submission, study::Registry& registry);
    Decided write_part(const Part& part, study::Registry& registry);
    Decided decide(const Part& part, const study::Registry& registry);

    CommitStore& store_;
    const Snapshots& snapshots_;
    Transactions& transactions_;
    std::optional<MessageId> in_work_;  ///< a batch's member
    std::vector<MessageId> broken_;     ///< members that are set aside
};

}  // namespace labrelay::pipeline
