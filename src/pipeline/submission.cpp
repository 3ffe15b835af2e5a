#include "labrelay/pipeline/submission.hpp"

#include "labrelay/pipeline/batch_answer.hpp"

namespace labrelay::pipeline {

std::string_view Submission::bytes_of(const SubmittedMember& member) const {
    return std::string_view(bytes).substr(member.arrival.batch->offset, member.size);
}

Answer answer_without_store(const Submission& submission) {
    if (!submission.batch) {
        return answer_without_store(submission.bytes, submission.arrival, submission.proposal.ack);
    }
    const SubmittedBatch& batch = *submission.batch;
    std::vector<UnstoredMember> members;
    members.reserve(batch.members.size());
    for (const SubmittedMember& member : batch.members) {
        members.push_back(
            {member.group, submission.bytes_of(member), member.arrival, member.proposal.ack});
    }
    return answer_batch_without_store(batch.content, submission.arrival, batch.reply,
                                      submission.proposal.ack.store_failure, members);
}

}  // namespace labrelay::pipeline
