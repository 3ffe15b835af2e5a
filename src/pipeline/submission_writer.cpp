#include "submission_writer.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "labrelay/pipeline/batch_answer.hpp"
#include "labrelay/pipeline/process.hpp"

namespace labrelay::pipeline {
namespace {

/// What stands for a message whose decision failed by a fault of ours: its bytes are kept and every
/// observation is held.
study::Outcome held_internal(const study::Proposal& proposal) {
    study::Outcome outcome;
    outcome.state = study::MessageState::held;
    outcome.findings = proposal.findings;
    outcome.findings.push_back(Finding{Code::internal_fault, Severity::hold, {}, {}, {}});
    for (const study::ProposedObservation& observation : proposal.observations) {
        study::DecidedObservation decided;
        decided.ordinal = observation.ordinal;
        decided.disposition = study::Disposition::held;
        decided.rule = Code::internal_fault;
        outcome.observations.push_back(std::move(decided));
    }
    outcome.counts.received = static_cast<std::int32_t>(proposal.observations.size());
    outcome.counts.held = outcome.counts.received;
    study::count_as_used(proposal, outcome);
    return outcome;
}

/// How a batch of the source is answered; a member that was kept as bytes may name one that is
/// gone.
mapping::BatchReply reply_of(const mapping::Configuration& configuration, std::string_view source,
                             mapping::BatchReply otherwise) {
    const mapping::SourceDefinition* known = configuration.source(source);
    return known == nullptr ? otherwise : known->batch_reply;
}

}  // namespace

Answer SubmissionWriter::write(const Submission& submission, study::Registry& registry) {
    if (submission.batch) {
        return write_batch(submission, registry);
    }
    return write_part({submission.bytes, submission.arrival, submission.proposal}, registry).answer;
}

/// The members in their order, each by the rules of a message, and the batch itself last, because
/// it keeps the reply.
Answer SubmissionWriter::write_batch(const Submission& submission, study::Registry& registry) {
    const SubmittedBatch& batch = *submission.batch;
    std::vector<AnsweredMember> answered;
    answered.reserve(batch.members.size());
    bool came_before = !batch.members.empty();
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    Decided whole;
    whole.proposal = submission.proposal;
    mapping::BatchReply reply = batch.reply;
    const bool made_with_another = whole.proposal.config_hash != configuration->hash();
    if (made_with_another) {
        whole.proposal.config_hash = configuration->hash();
        whole.proposal.source.clear();
        reply = mapping::BatchReply::all;
    }
    for (const SubmittedMember& member : batch.members) {
        in_work_ = member.arrival.message_id;
        Decided decided =
            write_part({submission.bytes_of(member), member.arrival, member.proposal}, registry);
        in_work_.reset();
        if (made_with_another && whole.proposal.source.empty() &&
            !decided.proposal.source.empty()) {
            whole.proposal.source = decided.proposal.source;
            reply = reply_of(*configuration, decided.proposal.source, reply);
        }
        came_before = came_before && decided.outcome.state == study::MessageState::duplicate;
        answered.push_back(
            {member.group, std::move(decided.answer), std::move(decided.outcome.findings)});
    }
    whole.outcome.state = study::MessageState::batch;
    whole.outcome.findings = submission.proposal.findings;
    whole.answer = answer_batch(batch.content, submission.arrival, reply, answered);
    store_.write(CommitItem{submission.bytes, submission.arrival, whole.proposal, whole.outcome,
                            whole.answer, !came_before});
    return std::move(whole.answer);
}

SubmissionWriter::Decided SubmissionWriter::write_part(const Part& part,
                                                       study::Registry& registry) {
    Decided decided = decide(part, registry);
    transactions_.write(decided.proposal, decided.outcome, registry, [&] {
        store_.write(CommitItem{part.bytes, part.arrival, decided.proposal, decided.outcome,
                                decided.answer});
    });
    return decided;
}

SubmissionWriter::Decided SubmissionWriter::decide(const Part& part,
                                                   const study::Registry& registry) {
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    Decided decided;
    decided.proposal = part.proposal;
    if (std::ranges::find(broken_, part.arrival.message_id) != broken_.end()) {
        decided.outcome = held_internal(decided.proposal);
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
        return decided;
    }
    try {
        if (decided.proposal.config_hash != configuration->hash() ||
            decided.proposal.registry_stamp != registry.stamp()) {
            decided.proposal = process(part.bytes, part.arrival, *configuration, registry);
        }
        store_.load(decided.proposal, transactions_.view());
        decided.outcome = study::decide(study::DecideInput{
            decided.proposal, transactions_.view(), configuration->rules(), registry, {}});
        if (decided.outcome.duplicate_of) {
            if (std::optional<Answer> before = store_.answer_of(*decided.outcome.duplicate_of)) {
                decided.answer = std::move(*before);
                return decided;
            }
        }
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
    } catch (const StoreFault&) {
        throw;
    } catch (const std::exception&) {
        decided.outcome = held_internal(decided.proposal);
        decided.answer = answer(part.bytes, part.arrival, decided.proposal, decided.outcome);
    }
    return decided;
}

bool SubmissionWriter::set_aside_member(const SubmittedBatch& batch) {
    if (!in_work_ || broken_.size() >= batch.members.size()) {
        return false;
    }
    broken_.push_back(*std::exchange(in_work_, std::nullopt));
    return true;
}

void SubmissionWriter::forget_members() {
    in_work_.reset();
    broken_.clear();
}

Answer SubmissionWriter::write_bare(const Submission& submission) {
    const study::Outcome outcome = held_internal(submission.proposal);
    Answer reply = answer(submission.bytes, submission.arrival, submission.proposal, outcome);
    store_.write(
        CommitItem{submission.bytes, submission.arrival, submission.proposal, outcome, reply});
    return reply;
}

}  // namespace labrelay::pipeline
