#include "labrelay/app/intake.hpp"

#include <spdlog/spdlog.h>

#include <functional>

#include "labrelay/hl7/ack.hpp"
#include "labrelay/hl7/header.hpp"
#include "labrelay/pipeline/batch_answer.hpp"
#include "labrelay/pipeline/divide.hpp"
#include "labrelay/pipeline/process.hpp"

namespace labrelay::app {
namespace {

using Reply = transport::MessageSink::Reply;

Reply close_without_answer() {
    return Reply{{}, true, true};
}

/// process() never throws on input; if it does, that is our fault, and the message is kept and
/// held.
study::Proposal process_or_hold(std::string_view bytes, const pipeline::Arrival& arrival,
                                const mapping::Configuration& configuration,
                                const study::Registry& registry) {
    try {
        return pipeline::process(bytes, arrival, configuration, registry);
    } catch (const std::exception& fault) {
        spdlog::error("message {}: {} ({})", to_base32(arrival.message_id),
                      key(Code::internal_fault), fault.what());
        study::Proposal proposal;
        proposal.message_id = arrival.message_id;
        proposal.received_at = arrival.received_at;
        const hl7::Header header = hl7::read_header_of_unreadable(bytes);
        proposal.control_id = header.control_id;
        proposal.ack.accept = header.accept_ack;
        proposal.ack.application = header.application_ack;
        proposal.findings.push_back(Finding{Code::internal_fault, Severity::hold, {}, {}, {}});
        proposal.config_hash = configuration.hash();
        proposal.registry_version = registry.version();
        proposal.registry_stamp = registry.stamp();
        return proposal;
    }
}

/// What a committer says that cannot store it.
std::future<pipeline::Committed> not_taken(const pipeline::Submission& submission) {
    std::promise<pipeline::Committed> said;
    said.set_value({pipeline::answer_without_store(submission), false});
    return said.get_future();
}

/// The peer's address with its port is the connection's.
std::size_t key_of(const transport::Origin& origin) {
    return std::hash<std::string>{}(origin.peer);
}

Reply reply_of(pipeline::Answer answer) {
    Reply reply;
    if (!answer.accept.empty()) {
        reply.messages.push_back(std::move(answer.accept));
    }
    if (!answer.bytes.empty() && !answer.apart) {
        for (std::string& message : pipeline::split_answers(std::move(answer.bytes))) {
            reply.messages.push_back(std::move(message));
        }
    }
    return reply;
}

/// The sender keeps its message: it is told so, or the connection is closed.
Reply reply_without_store(pipeline::Answer answer) {
    Reply reply = reply_of(std::move(answer));
    reply.close = reply.messages.empty();
    reply.not_stored = true;
    return reply;
}

}  // namespace

pipeline::Committer& Intake::committer_of(std::size_t key) const {
    return *lanes_[key % lanes_.size()];
}

/// A lane that has a subject to itself remembers it from message to message.
pipeline::Committer& Intake::committer_for(const pipeline::Submission& submission,
                                           const transport::Origin& origin) const {
    const study::Proposal& proposal = submission.batch && !submission.batch->members.empty()
                                          ? submission.batch->members.front().proposal
                                          : submission.proposal;
    if (proposal.sequence) {
        return committer_of(std::hash<std::string>{}(proposal.source));
    }
    for (const study::ProposedObservation& observation : proposal.observations) {
        if (!observation.subjects.empty()) {
            return committer_of(static_cast<std::size_t>(observation.subjects.front().value));
        }
    }
    return committer_of(key_of(origin));
}

pipeline::Arrival Intake::arrive(const transport::Origin& origin) {
    pipeline::Arrival arrival;
    arrival.message_id = ids_.next();
    arrival.received_at = clock_.now();
    arrival.port = origin.port;
    arrival.peer = origin.peer;
    arrival.certificate = origin.certificate;
    arrival.ack_id = to_base32(arrival.message_id);
    return arrival;
}

pipeline::Submission Intake::submission_of(std::string bytes, const transport::Origin& origin,
                                           const mapping::Configuration& configuration,
                                           const study::Registry& registry) {
    pipeline::Submission submission;
    submission.arrival = arrive(origin);
    submission.bytes = std::move(bytes);
    std::optional<hl7::Batch> batch = hl7::split_batch(submission.bytes);
    if (!batch) {
        submission.proposal =
            process_or_hold(submission.bytes, submission.arrival, configuration, registry);
        return submission;
    }
    const auto process_member = [&](std::string_view member, const pipeline::Arrival& arrival) {
        return process_or_hold(member, arrival, configuration, registry);
    };
    pipeline::divide(
        submission, *std::move(batch), configuration, [&] { return arrive(origin); },
        process_member);
    return submission;
}

Reply Intake::receive(std::string bytes, const transport::Origin& origin) {
    std::vector<std::string> one;
    one.push_back(std::move(bytes));
    return receive_all(std::move(one), origin).front();
}

std::vector<Reply> Intake::receive_all(std::vector<std::string> messages,
                                       const transport::Origin& origin) {
    const bool is_a_node = is_a_node_();
    const std::shared_ptr<const mapping::Configuration> configuration = snapshots_.configuration();
    const study::Registry registry = snapshots_.registry();
    std::vector<std::pair<std::string, std::future<pipeline::Committed>>> waiting;  // by source
    for (std::string& bytes : messages) {
        pipeline::Submission submission =
            submission_of(std::move(bytes), origin, *configuration, registry);
        std::string source = submission.proposal.source;
        pipeline::Committer& committer = committer_for(submission, origin);
        waiting.emplace_back(std::move(source), is_a_node && committer.healthy()
                                                    ? committer.submit(std::move(submission))
                                                    : not_taken(submission));
    }
    std::vector<Reply> replies;
    for (auto& [source, future] : waiting) {
        pipeline::Committed committed = future.get();
        replies.push_back(committed.stored ? reply_of(std::move(committed.answer))
                                           : reply_without_store(std::move(committed.answer)));
        replies.back().source = std::move(source);
    }
    return replies;
}

/// Evidence first, then the answer: only a frame that is too large gets one, because only its
/// sender still waits for it.
Reply Intake::quarantine(std::string bytes, Code why, const transport::Origin& origin) {
    if (!is_a_node_()) {
        return close_without_answer();
    }
    pipeline::Arrival arrival = arrive(origin);
    arrival.offset = origin.offset;
    Reply reply;
    reply.close = why == Code::hllp_block || why == Code::mllp_release_2;
    if (why == Code::frame_too_large) {
        hl7::AckContent content;
        content.code = hl7::AckCode::ar;
        content.ack_id = arrival.ack_id;
        content.time = arrival.received_at;
        content.text = std::string(entry(why).text);
        content.errors.push_back(Finding{why, Severity::refuse, {}, {}, {}});
        reply.messages.push_back(hl7::build_ack_of_unreadable(bytes, content));
        reply.close = true;
    }
    spdlog::warn("frame from {} on port {} kept as evidence {}: {}", origin.peer, origin.port,
                 to_base32(arrival.message_id), key(why));
    if (!committer_of(key_of(origin)).quarantine(std::move(bytes), arrival, why).get()) {
        return close_without_answer();
    }
    return reply;
}

void Intake::on_connection_event(Code what, const std::string& peer, std::string_view detail) {
    spdlog::warn("connection from {}: {} {}", peer, key(what), detail);
}

}  // namespace labrelay::app
