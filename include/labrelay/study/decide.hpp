#pragma once

#include <span>
#include <vector>

#include "labrelay/study/outcome.hpp"
#include "labrelay/study/overlay.hpp"
#include "labrelay/study/registry.hpp"
#include "labrelay/study/study_definition.hpp"

namespace labrelay::study {

/// How observations of a message stand already, when it is processed again.
struct PriorObservation {
    std::int32_t ordinal = 0;
    Disposition disposition = Disposition::held;
    SubjectId subject = {};  ///< whose result has or had it as a version; 0: none ever had
};

struct DecideInput {
    const Proposal& proposal;
    const StateView& state;
    const StudyRules& rules;
    const Registry& registry;
    /// Empty for a new message. Else the message is processed again: no duplicate check, and an
    /// observation that is stored stays as it is.
    std::span<const PriorObservation> prior = {};
    bool again = false;  ///< processed again, though it has no observation to stand here
    /// Every check writes what it compared into the lineage; else only those that say something.
    bool tell_checks = false;
    /// People's decisions for the message. What is stored is decided anew where one of them is news
    /// to it; the state must then hold subjects_in_question().
    std::span<const Overlay> overlays = {};
};

/// Beside those that the proposal names: whose results may hold a version of the message that is
/// decided anew. By id.
std::vector<SubjectId> subjects_in_question(std::span<const PriorObservation> prior,
                                            std::span<const Overlay> overlays,
                                            const Registry& registry);

/// Duplicate? Which version? Where placed? A pure function; runs inside the transaction. The same
/// set of messages gives the same end state in every order of arrival, but for the exceptions that
/// docs/architecture.md names.
Outcome decide(const DecideInput& input);

/// What decide() says of MSH-13, for a message that is kept without a decision.
void count_as_used(const Proposal& proposal, Outcome& outcome);

/// Brings `state` up to date with a decision, so that the next one of the batch sees it.
void apply(const Proposal& proposal, const Outcome& outcome, StateView& state);

/// Places all results of a subject anew, after day 0, a status or a window changed. Only what
/// differs.
struct Replacement {
    std::vector<ResultChange> changes;
    std::vector<Notice> notices;
};
Replacement place_again(const SubjectState& state, const Subject& subject, const StudyRules& rules);

}  // namespace labrelay::study
