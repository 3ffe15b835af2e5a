#include "labrelay/pipeline/ack_policy.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace labrelay::pipeline {
namespace {

using study::MessageState;
using study::Outcome;

hl7::AckCode code_of(const Outcome& outcome) {
    switch (outcome.state) {
        case MessageState::refused:
            return outcome.reject ? hl7::AckCode::ar : hl7::AckCode::ae;
        // Bytes that are no message: it will never be a better one.
        case MessageState::quarantined:
            return hl7::AckCode::ar;
        case MessageState::received:
        case MessageState::processed:
        case MessageState::held:
        case MessageState::duplicate:
        case MessageState::batch:
            return hl7::AckCode::aa;
    }
    return hl7::AckCode::ar;
}

std::vector<Finding> refusals(const Outcome& outcome) {
    std::vector<Finding> found;
    std::copy_if(outcome.findings.begin(), outcome.findings.end(), std::back_inserter(found),
                 [](const Finding& finding) { return finding.severity == Severity::refuse; });
    return found;
}

/// A number of observations and the catalogue's words: nothing of the patient can get in.
std::string text_of(const Outcome& outcome, const std::vector<Finding>& errors) {
    if (!errors.empty()) {
        return std::string(entry(errors.front().code).text);
    }
    if (outcome.counts.held > 0) {
        return fmt::format("{} of {} observations are held for review", outcome.counts.held,
                           outcome.counts.received);
    }
    return {};
}

/// MSH alone: an acknowledgement repeats nothing else of the message.
std::string_view header_line(std::string_view bytes) {
    return bytes.substr(0, bytes.find_first_of("\r\n"));
}

std::string build(std::string_view bytes, const hl7::AckContent& content) {
    // Where MSH-18 is empty, 8859/1 carries every byte of the sender's names there and back
    // unchanged.
    Result<hl7::Decoded> decoded =
        hl7::decode_message(header_line(bytes), hl7::Charset::iso_8859_1);
    if (decoded) {
        if (const auto message = hl7::Message::parse(std::move(decoded->text))) {
            return hl7::build_ack(*message, decoded->charset, content);
        }
    }
    return hl7::build_ack_of_unreadable(bytes, content);
}

}  // namespace

Answer answer(std::string_view bytes, const Arrival& arrival, const study::Proposal& proposal,
              const Outcome& outcome) {
    Answer answer;
    const auto is_acknowledgement = [](const Finding& finding) {
        return finding.code == Code::ack_received;
    };
    answer.silent =
        std::any_of(proposal.findings.begin(), proposal.findings.end(), is_acknowledgement);
    answer.code = code_of(outcome);
    if (answer.silent) {
        return answer;
    }
    hl7::AckContent content;
    content.code = answer.code;
    content.ack_id = arrival.ack_id;
    content.time = arrival.received_at;
    content.errors = refusals(outcome);
    content.text = text_of(outcome, content.errors);
    answer.bytes = build(bytes, content);
    return answer;
}

}  // namespace labrelay::pipeline
