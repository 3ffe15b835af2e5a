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

/// The reply to a batch of which `code` is the verdict.
Answer write_reply(const hl7::Batch& batch, const Arrival& arrival, BatchReply reply,
                   hl7::AckCode code, const std::vector<AnsweredMember>& members) {
    Answer answer;
    answer.code = code;
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

}  // namespace

Answer answer_batch(const hl7::Batch& batch, const Arrival& arrival, BatchReply reply,
                    const std::vector<AnsweredMember>& members) {
    hl7::AckCode code = hl7::AckCode::aa;
    if (!std::all_of(members.begin(), members.end(), accepted)) {
        const bool some = std::any_of(members.begin(), members.end(), accepted);
        code = some ? hl7::AckCode::ae : hl7::AckCode::ar;
    }
    return write_reply(batch, arrival, reply, code, members);
}

Answer answer_batch_without_store(const hl7::Batch& batch, const Arrival& arrival, BatchReply reply,
                                  study::StoreFailure choice,
                                  const std::vector<UnstoredMember>& members) {
    Answer nothing;
    nothing.silent = true;
    nothing.code = choice == study::StoreFailure::reject ? hl7::AckCode::ar : hl7::AckCode::ae;
    if (choice == study::StoreFailure::close || reply == BatchReply::none) {
        return nothing;
    }
    std::vector<AnsweredMember> answered;
    bool untold = false;
    for (const UnstoredMember& member : members) {
        if (member.ack.silent) {
            continue;  // nobody waits for an answer to it: a response, or its source wants none
        }
        study::AckRequest request = member.ack;
        request.store_failure = choice;
        AnsweredMember told{
            member.group, answer_without_store(member.bytes, member.arrival, request), {}};
        untold = untold || (told.answer.accept.empty() && told.answer.bytes.empty());
        if (answered.empty()) {  // one fault, told once where one acknowledgement is for all
            told.findings.push_back(Finding{Code::store_unavailable, Severity::refuse, {}, {}, {}});
        }
        answered.push_back(std::move(told));
    }
    const bool each_is_told = reply != BatchReply::single || !batch.enveloped();
    if (answered.empty() || (untold && each_is_told)) {
        return nothing;
    }
    return write_reply(batch, arrival, reply, nothing.code, answered);
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
