#include "labrelay/pipeline/ack_policy.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "labrelay/hl7/header.hpp"
#include "labrelay/pipeline/ack_condition.hpp"

namespace labrelay::pipeline {
namespace {

using hl7::AckCode;
using hl7::AckContent;
using study::MessageState;
using study::Outcome;

AckCode code_of(const Outcome& outcome) {
    switch (outcome.state) {
        case MessageState::refused:
            return outcome.reject ? AckCode::ar : AckCode::ae;
        // Bytes that are no message: it will never be a better one.
        case MessageState::quarantined:
            return AckCode::ar;
        case MessageState::received:
        case MessageState::processed:
        case MessageState::held:
        case MessageState::duplicate:
        case MessageState::batch:
            return AckCode::aa;
    }
    return AckCode::ar;
}

/// What the acceptance says where the application would say `verdict`.
AckCode acceptance(AckCode verdict) {
    switch (verdict) {
        case AckCode::ar:
        case AckCode::cr:
            return AckCode::cr;
        case AckCode::ae:
        case AckCode::ce:
            return AckCode::ce;
        case AckCode::aa:
        case AckCode::ca:
            return AckCode::ca;
    }
    return AckCode::cr;
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

/// Writes the acknowledgements of one message, whose header is read once.
class AckWriter {
public:
    explicit AckWriter(std::string_view bytes) : bytes_(bytes) {
        if (hl7::header_too_long(bytes)) {
            return;
        }
        // Where MSH-18 is empty, 8859/1 carries every byte of the sender's names there and back
        // unchanged.
        Result<hl7::Decoded> decoded =
            hl7::decode_message(header_line(bytes), hl7::Charset::iso_8859_1);
        if (decoded) {
            charset_ = decoded->charset;
            if (Result<hl7::Message> message = hl7::Message::parse(std::move(decoded->text))) {
                message_ = std::move(*message);
            }
        }
    }
    std::string write(const AckContent& content) const {
        return message_ ? hl7::build_ack(*message_, charset_, content)
                        : hl7::build_ack_of_unreadable(bytes_, content);
    }

private:
    std::string_view bytes_;
    hl7::Charset charset_ = hl7::Charset::iso_8859_1;
    std::optional<hl7::Message> message_;
};

/// MSH-10 of the accept acknowledgement: no message id has this length, so it is unique too.
std::string accept_id(const Arrival& arrival) {
    return arrival.ack_id + "C";
}

struct Wish {
    AckCondition accept;
    AckCondition application;
    bool apart;

    explicit Wish(const study::AckRequest& request)
        : accept(ack_condition(request.accept)),
          application(ack_condition(request.application)),
          apart(request.apart) {}
    bool original_mode() const {
        return accept == AckCondition::unsaid && application == AckCondition::unsaid;
    }
};

AckContent accept_content(AckContent application, const Arrival& arrival, AckCode code) {
    application.code = code;
    application.ack_id = accept_id(arrival);
    application.accept_condition = "NE";
    application.application_condition = "NE";
    return application;
}

/// An application acknowledgement that goes its own way asks for an accept acknowledgement.
void ask_for(AckContent& application, bool apart) {
    application.accept_condition = apart ? "AL" : "NE";
    application.application_condition = "NE";
}

/// Enhanced mode (chapter 2.9.3). What is not accepted is told once: by CE or CR where MSH-15 wants
/// it, else by AE or AR where MSH-16 does.
void answer_enhanced(const AckWriter& writer, const Arrival& arrival, const Wish& wish,
                     bool accepted, AckContent content, Answer& answer) {
    if (accepted) {
        if (wants(wish.accept, true)) {
            AckContent accept = accept_content(content, arrival, AckCode::ca);
            accept.errors.clear();
            accept.text.clear();
            answer.accept = writer.write(accept);
        }
    } else if (wants(wish.accept, false)) {
        answer.accept = writer.write(accept_content(content, arrival, acceptance(answer.code)));
        return;
    }
    if (wants(wish.application, answer.code == AckCode::aa)) {
        answer.apart = wish.apart && accepted;
        ask_for(content, answer.apart);
        answer.bytes = writer.write(content);
    }
}

/// The acknowledgements of a message of which `answer.code` is the verdict; `content` lacks what
/// message and arrival say.
void write_answer(std::string_view bytes, const Arrival& arrival, const study::AckRequest& request,
                  bool accepted, AckContent content, Answer& answer) {
    content.code = answer.code;
    content.ack_id = arrival.ack_id;
    content.time = arrival.received_at;
    content.assumed_version = request.assumed_version;
    const AckWriter writer(bytes);
    const Wish wish(request);
    if (wish.original_mode()) {
        answer.bytes = writer.write(content);
    } else {
        answer_enhanced(writer, arrival, wish, accepted, std::move(content), answer);
    }
}

}  // namespace

Answer answer(std::string_view bytes, const Arrival& arrival, const study::Proposal& proposal,
              const Outcome& outcome) {
    Answer answer;
    answer.silent = proposal.ack.silent;
    answer.code = code_of(outcome);
    if (answer.silent) {
        return answer;
    }
    AckContent content;
    content.errors = refusals(outcome);
    content.text = text_of(outcome, content.errors);
    content.expected_sequence = outcome.expected_sequence;
    write_answer(bytes, arrival, proposal.ack, !outcome.unaccepted, std::move(content), answer);
    return answer;
}

Answer answer_without_store(std::string_view bytes, const Arrival& arrival,
                            const study::AckRequest& request) {
    Answer answer;
    answer.code = request.store_failure == study::StoreFailure::reject ? AckCode::ar : AckCode::ae;
    answer.silent = request.silent || request.store_failure == study::StoreFailure::close;
    if (!answer.silent) {
        AckContent content;
        content.errors = {Finding{Code::store_unavailable, Severity::refuse, {}, {}, {}}};
        content.text = std::string(entry(Code::store_unavailable).text);
        write_answer(bytes, arrival, request, false, std::move(content), answer);
    }
    return answer;
}

}  // namespace labrelay::pipeline
