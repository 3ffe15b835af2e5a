#include "labrelay/pipeline/divide.hpp"

#include <utility>

#include "sameness.hpp"

namespace labrelay::pipeline {

void divide(
    Submission& submission, hl7::Batch batch, const mapping::Configuration& configuration,
    const std::function<Arrival()>& arrive,
    const std::function<study::Proposal(std::string_view, const Arrival&)>& process_member) {
    const std::string_view bytes = submission.bytes;
    study::Proposal& whole = submission.proposal;
    whole.message_id = submission.arrival.message_id;
    whole.received_at = submission.arrival.received_at;
    whole.control_id = std::string(hl7::batch_control_id(batch));
    whole.message_type = batch.file_header.empty() ? "BHS" : "FHS";
    whole.sameness = sameness_of(bytes);
    whole.findings = batch.findings;
    whole.config_hash = configuration.hash();
    SubmittedBatch submitted;
    submitted.members.reserve(batch.members.size());
    for (const hl7::BatchMember& place : batch.members) {
        SubmittedMember member;
        member.arrival = arrive();
        member.arrival.received_at = submission.arrival.received_at;
        member.arrival.batch =
            BatchPlace{submission.arrival.message_id, place.offset, batch.hold(), batch.marked};
        member.size = place.size;
        member.group = place.group;
        member.proposal = process_member(bytes.substr(place.offset, place.size), member.arrival);
        whole.registry_version = member.proposal.registry_version;
        if (whole.source.empty() && !member.proposal.source.empty()) {
            whole.source = member.proposal.source;
            const mapping::SourceDefinition* source = configuration.source(whole.source);
            submitted.reply = source->batch_reply;
            whole.ack.store_failure = source->store_failure;
        }
        submitted.members.push_back(std::move(member));
    }
    submitted.content = std::move(batch);
    submission.batch = std::move(submitted);
}

}  // namespace labrelay::pipeline
