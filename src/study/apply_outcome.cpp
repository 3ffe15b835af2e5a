#include <algorithm>

#include "labrelay/study/decide.hpp"

namespace labrelay::study {

void apply(const Proposal& proposal, const Outcome& outcome, StateView& state) {
    auto& messages = state.messages[{proposal.source, proposal.control_id}];
    const auto known = std::ranges::find(messages, proposal.message_id, &PriorMessage::id);
    if (known != messages.end()) {
        known->state = outcome.state;
    } else {
        messages.push_back({proposal.message_id, proposal.sameness, outcome.state});
    }
    if (outcome.last_sequence) {
        state.sequences[proposal.source] = *outcome.last_sequence;
    }
    for (const ResultChange& change : outcome.changes) {
        SubjectState& subject = state.subjects[change.after.key.subject];
        subject.id = change.after.key.subject;
        const auto found =
            std::ranges::find(subject.results, change.after.number, &ResultRecord::number);
        if (found != subject.results.end()) {
            *found = change.after;
        } else {
            subject.results.push_back(change.after);
        }
    }
}

}  // namespace labrelay::study
