#include "labrelay/pipeline/batch_answer.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "labrelay/hl7/message.hpp"

namespace labrelay::pipeline {
namespace {

using mapping::BatchReply;

bool accepted(const AnsweredMember& member) {
    return member.answer.silent || member.answer.code == hl7::AckCode::aa;
}

/// One acknowledgement of the whole: AA where every member has one, AR where none has, else AE.
std::string answer_whole(const hl7::Batch& batch, const Arrival& arrival, hl7::AckCode code,
                         const std::vector<AnsweredMember>& members) {
    hl7::AckContent content;
    content.code = code;
    content.ack_id = arrival.ack_id;
    content.time = arrival.received_at;
    const auto refused =
        std::count_if(members.begin(), members.end(),
                      [](const AnsweredMember& member) { return !accepted(member); });
    if (refused > 0) {
        content.text = fmt::format("{} of {} messages were refused", refused, members.size());
    }
    for (const AnsweredMember& member : members) {
        std::copy_if(member.findings.begin(), member.findings.end(),
                     std::back_inserter(content.errors),
                     [](const Finding& finding) { return finding.severity == Severity::refuse; });
    }
    const std::string header = hl7::header_for_whole(batch);
    if (const auto message = hl7::Message::parse(header)) {
        return hl7::build_ack(*message, hl7::Charset::utf_8, content);
    }
    return hl7::build_ack_of_unreadable(header, content);
}

}  // namespace

Answer answer_batch(const hl7::Batch& batch, const Arrival& arrival, BatchReply reply,
                    const std::vector<AnsweredMember>& members) {
    Answer answer;
    const bool all_accepted = std::all_of(members.begin(), members.end(), accepted);
    const bool none_accepted = std::none_of(members.begin(), members.end(), accepted);
    if (!all_accepted) {
        answer.code = none_accepted ? hl7::AckCode::ar : hl7::AckCode::ae;
    }
    std::vector<hl7::BatchReplyPart> parts;
    for (const AnsweredMember& member : members) {
        if (reply == BatchReply::errors && accepted(member)) {
            continue;
        }
        // In enhanced mode a member may want two, or none.
        for (const std::string* ack : {&member.answer.accept, &member.answer.bytes}) {
            if (!ack->empty() && !(ack == &member.answer.bytes && member.answer.apart)) {
                parts.push_back({member.group, *ack});
            }
        }
    }
    if (reply == BatchReply::none) {
        answer.silent = true;
    } else if (!batch.enveloped()) {
        for (const hl7::BatchReplyPart& part : parts) {
            answer.bytes += part.ack;
        }
        answer.silent = parts.empty();
    } else if (reply == BatchReply::single) {
        answer.bytes = answer_whole(batch, arrival, answer.code, members);
    } else {
        answer.bytes = hl7::build_batch_reply(batch, arrival.ack_id, arrival.received_at, parts);
    }
    return answer;
}

std::vector<std::string> split_answers(std::string bytes) {
    std::vector<std::string> messages;
    const std::optional<hl7::Batch> several = hl7::split_batch(bytes);
    if (!several || several->enveloped()) {
        messages.push_back(std::move(bytes));
        return messages;
    }
    for (const hl7::BatchMember& member : several->members) {
        messages.push_back(bytes.substr(member.offset, member.size));
    }
    return messages;
}

}  // namespace labrelay::pipeline
