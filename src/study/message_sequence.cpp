#include "message_sequence.hpp"

#include <fmt/format.h>

#include "labrelay/study/decide.hpp"

namespace labrelay::study {

MessageSequence::MessageSequence(const Proposal& proposal, const StateView& state)
    : proposal_(proposal) {
    const auto last = state.sequences.find(proposal.source);
    if (last != state.sequences.end() && last->second >= 0) {
        expected_ = last->second + 1;
    }
}

void MessageSequence::judge(Outcome& outcome) const {
    if (!proposal_.sequence) {
        return;
    }
    outcome.expected_sequence = expected_;
    const std::optional<std::int64_t> number = proposal_.sequence->number;
    if (outcome.state == MessageState::refused || number.value_or(0) == 0) {
        return;
    }
    if (*number < 0) {
        outcome.last_sequence = kAny;
        outcome.expected_sequence = kAny;
        return;
    }
    if (expected_ == kAny || *number == expected_) {
        return;
    }
    const std::string detail = fmt::format("{} was expected, {} came", expected_, *number);
    outcome.state = MessageState::refused;
    outcome.unaccepted = true;
    outcome.findings.push_back(
        {Code::sequence_gap, Severity::refuse, Place{"MSH-13", Place::kNoOffset}, detail, {}});
    outcome.notices.push_back({Code::sequence_gap,
                               {},
                               fmt::format("{}: number {} in message {}", proposal_.source, detail,
                                           proposal_.control_id)});
}

void MessageSequence::accept(Outcome& outcome) const {
    count_as_used(proposal_, outcome);
}

void count_as_used(const Proposal& proposal, Outcome& outcome) {
    if (proposal.sequence && proposal.sequence->number.value_or(0) > 0) {
        outcome.last_sequence = *proposal.sequence->number;
        outcome.expected_sequence = *proposal.sequence->number + 1;
    }
}

}  // namespace labrelay::study
