#include "labrelay/study/decide.hpp"

#include <algorithm>
#include <deque>

#include "awaiting.hpp"
#include "check_round.hpp"
#include "message_identity.hpp"
#include "message_sequence.hpp"
#include "study_verdict.hpp"
#include "subject_projection.hpp"

namespace labrelay::study {
namespace {

using Index = SubjectDraft::Index;

Finding finding(Code code, Severity severity, const Place& place) {
    Finding result;
    result.code = code;
    result.severity = severity;
    result.place = place;
    return result;
}

/// How an observation stands before the checks, and what its studies make of it.
struct Asked {
    DecidedObservation decided;
    std::vector<StudyVerdict> verdicts;
    bool open = false;  ///< the studies decide

    bool any(Disposition disposition) const {
        return std::ranges::find(verdicts, disposition, &StudyVerdict::disposition) !=
               verdicts.end();
    }
};

class MessageDecision {
public:
    explicit MessageDecision(const DecideInput& input)
        : input_(input),
          proposal_(input.proposal),
          again_(input.again || !input.prior.empty()),
          sequence_(proposal_, input.state) {
        outcome_.findings = proposal_.findings;
    }

    Outcome decide() && {
        if (is_answered_at_once()) {
            return std::move(outcome_);
        }
        const auto hold = std::ranges::find(proposal_.findings, Severity::hold, &Finding::severity);
        message_hold_ = hold == proposal_.findings.end() ? Code::none : hold->code;
        identity_twice_ = identity_twice(proposal_.observations);
        asked_.reserve(proposal_.observations.size());
        for (std::size_t at = 0; at < proposal_.observations.size(); ++at) {
            asked_.push_back(ask(at));
        }
        ask_checks();
        outcome_.observations.reserve(proposal_.observations.size());
        for (std::size_t at = 0; at < proposal_.observations.size(); ++at) {
            outcome_.observations.push_back(decide_observation(at));
        }
        if (proposal_.strict && !again_ && refuse_for_holds()) {
            return std::move(outcome_);
        }
        sequence_.accept(outcome_);
        finish();
        return std::move(outcome_);
    }

private:
    bool is_answered_at_once();
    bool refuse_for_holds();
    Asked ask(std::size_t at);
    void ask_checks();
    DecidedObservation decide_observation(std::size_t at);
    void decide_by_studies(const ProposedObservation& observation,
                           std::vector<StudyVerdict>& verdicts, CheckSaid& said,
                           DecidedObservation& decided);
    void store(const ProposedObservation& observation, std::vector<StudyVerdict>& verdicts,
               CheckSaid& said, DecidedObservation& decided);
    StudyVerdict ask(const ProposedObservation& observation, SubjectId subject);
    SubjectDraft& draft_of(const Subject& subject, const StudyDefinition& study);
    void note(const StudyVerdict& verdict, const ProposedObservation& observation,
              DecidedObservation& decided);
    void touch(SubjectDraft& draft, const ProposedObservation& observation);
    void finish();
    void count();

    struct Touched {
        SubjectDraft* draft;
        TouchedSpecimen specimen;
    };

    const DecideInput& input_;
    const Proposal& proposal_;
    bool again_;
    MessageSequence sequence_;
    Outcome outcome_;
    Code message_hold_ = Code::none;
    std::vector<bool> identity_twice_;
    std::deque<SubjectDraft> drafts_;
    std::vector<Asked> asked_;
    std::vector<CheckSaid> said_;
    std::vector<Touched> touched_;
};

bool MessageDecision::is_answered_at_once() {
    if (!again_) {
        const MessageIdentity identity = identify(proposal_, input_.state);
        if (identity.duplicate_of) {
            outcome_.state = MessageState::duplicate;
            outcome_.duplicate_of = identity.duplicate_of;
            outcome_.findings.push_back(finding(Code::duplicate_message, Severity::note,
                                                Place{"MSH-10", Place::kNoOffset}));
            return true;
        }
        if (identity.reused && !proposal_.refused) {
            const Severity severity = proposal_.strict ? Severity::refuse : Severity::note;
            outcome_.findings.push_back(
                finding(Code::control_id_reused, severity, Place{"MSH-10", Place::kNoOffset}));
            outcome_.state = proposal_.strict ? MessageState::refused : MessageState::processed;
        }
    }
    if (proposal_.refused) {
        outcome_.state = MessageState::refused;
        outcome_.reject = proposal_.reject;
        outcome_.unaccepted = true;
    }
    if (!again_) {
        sequence_.judge(outcome_);
    }
    return outcome_.state == MessageState::refused;
}

/// A strict source hears of every hold at once, and nothing is kept of the message but its bytes.
bool MessageDecision::refuse_for_holds() {
    std::vector<Finding> refusals;
    for (std::size_t at = 0; at < outcome_.observations.size(); ++at) {
        const DecidedObservation& decided = outcome_.observations[at];
        if (decided.disposition != Disposition::held) {
            continue;
        }
        const ProposedObservation& proposed = proposal_.observations[at];
        const auto mapped = std::ranges::find(proposed.findings, decided.rule, &Finding::code);
        const auto said = std::ranges::find(decided.findings, decided.rule, &Finding::code);
        refusals.push_back(mapped != proposed.findings.end() ? *mapped
                           : said != decided.findings.end()
                               ? *said
                               : finding(decided.rule, Severity::refuse, proposed.place));
        refusals.back().severity = Severity::refuse;
    }
    if (refusals.empty()) {
        return false;
    }
    std::ranges::move(refusals, std::back_inserter(outcome_.findings));
    outcome_.state = MessageState::refused;
    outcome_.observations.clear();
    // Its sender sends it again: no later fact may turn what was refused into a value.
    outcome_.awaiting.clear();
    return true;
}

Asked MessageDecision::ask(std::size_t at) {
    const ProposedObservation& observation = proposal_.observations[at];
    Asked asked;
    DecidedObservation& decided = asked.decided;
    decided.ordinal = observation.ordinal;
    decided.disposition = observation.disposition;
    decided.rule = observation.rule;
    const auto prior =
        std::ranges::find(input_.prior, observation.ordinal, &PriorObservation::ordinal);
    if (prior != input_.prior.end() && prior->disposition == Disposition::stored) {
        decided.disposition = Disposition::stored;
        decided.rule = Code::none;
        return asked;
    }
    if (observation.disposition != Disposition::stored) {
        return asked;
    }
    if (message_hold_ != Code::none) {
        decided.disposition = Disposition::held;
        decided.rule = message_hold_;
    } else if (identity_twice_[at]) {
        decided.disposition = Disposition::held;
        decided.rule = Code::identity_twice;
        decided.findings.push_back(finding(decided.rule, Severity::hold, observation.place));
    } else {
        asked.open = true;
        asked.verdicts.reserve(observation.subjects.size());
        for (const SubjectId subject : observation.subjects) {
            asked.verdicts.push_back(ask(observation, subject));
        }
    }
    return asked;
}

/// Every subject's study is asked about all that the message would store of it, together.
void MessageDecision::ask_checks() {
    said_.resize(proposal_.observations.size());
    for (SubjectDraft& draft : drafts_) {
        std::vector<CheckCandidate> candidates;
        for (std::size_t at = 0; at < asked_.size(); ++at) {
            if (asked_[at].any(Disposition::held)) {
                continue;
            }
            for (const StudyVerdict& verdict : asked_[at].verdicts) {
                if (verdict.draft == &draft && verdict.disposition == Disposition::stored &&
                    verdict.version.kind == VersionVerdict::Kind::store) {
                    candidates.push_back({at, &verdict});
                }
            }
        }
        run_checks(draft, candidates, proposal_, input_.rules, input_.tell_checks, said_);
    }
}

DecidedObservation MessageDecision::decide_observation(std::size_t at) {
    const ProposedObservation& observation = proposal_.observations[at];
    DecidedObservation decided = std::move(asked_[at].decided);
    if (asked_[at].open) {
        decide_by_studies(observation, asked_[at].verdicts, said_[at], decided);
    }
    if (decided.disposition != Disposition::stored) {
        add_awaiting(observation, decided.rule, outcome_.awaiting);
    }
    return decided;
}

void MessageDecision::decide_by_studies(const ProposedObservation& observation,
                                        std::vector<StudyVerdict>& verdicts, CheckSaid& said,
                                        DecidedObservation& decided) {
    decided.disposition = Disposition::ignored;
    decided.rule = Code::unknown_subject;
    const auto first = [&](Disposition disposition) {
        return std::ranges::find(verdicts, disposition, &StudyVerdict::disposition);
    };
    const auto held = first(Disposition::held);
    if (verdicts.empty() || held != verdicts.end()) {
        decided.disposition = Disposition::held;
        if (held != verdicts.end()) {
            decided.rule = held->rule;
            decided.lineage.push_back(place_step(*held, verdicts.size() > 1));
        }
        decided.findings.push_back(finding(decided.rule, Severity::hold, observation.place));
        if (held != verdicts.end() && held->placement.rule == decided.rule) {
            decided.findings.back().detail = held->placement.because;
        }
        return;
    }
    const auto stored = first(Disposition::stored);
    if (stored == verdicts.end()) {
        decided.rule = verdicts.front().rule;
        decided.repeat_of = verdicts.front().version.repeat_of;
        return;
    }
    if (said.hold != Code::none) {
        decided.disposition = Disposition::held;
        decided.rule = said.hold;
        decided.lineage.push_back(place_step(*stored, verdicts.size() > 1));
    } else {
        decided.disposition = Disposition::stored;
        decided.rule = Code::none;
        store(observation, verdicts, said, decided);
    }
    std::ranges::move(said.lineage, std::back_inserter(decided.lineage));
    std::ranges::move(said.findings, std::back_inserter(decided.findings));
}

void MessageDecision::store(const ProposedObservation& observation,
                            std::vector<StudyVerdict>& verdicts, CheckSaid& said,
                            DecidedObservation& decided) {
    for (StudyVerdict& verdict : verdicts) {
        if (verdict.disposition != Disposition::stored ||
            verdict.version.kind == VersionVerdict::Kind::present) {
            continue;
        }
        take(verdict, observation);
        decided.lineage.push_back(place_step(verdict, verdicts.size() > 1));
        decided.lineage.push_back(version_step(verdict));
        note(verdict, observation, decided);
    }
    std::ranges::move(said.notices, std::back_inserter(outcome_.notices));
}

SubjectDraft& MessageDecision::draft_of(const Subject& subject, const StudyDefinition& study) {
    for (SubjectDraft& draft : drafts_) {
        if (draft.subject().id == subject.id) {
            return draft;
        }
    }
    const auto state = input_.state.subjects.find(subject.id);
    const SubjectState* stored = state != input_.state.subjects.end() ? &state->second : nullptr;
    return drafts_.emplace_back(stored, subject, study);
}

void MessageDecision::note(const StudyVerdict& verdict, const ProposedObservation& observation,
                           DecidedObservation& decided) {
    SubjectDraft& draft = *verdict.draft;
    if (verdict.version.note != Code::none) {
        decided.findings.push_back(
            finding(verdict.version.note, Severity::note, observation.place));
    }
    if (verdict.version.notice != Code::none) {
        outcome_.notices.push_back({verdict.version.notice, draft.subject().id,
                                    draft.at(*verdict.result).current_version().analyte});
    }
    touch(draft, observation);
}

StudyVerdict MessageDecision::ask(const ProposedObservation& observation, SubjectId subject_id) {
    const Subject* subject = input_.registry.subject(subject_id);
    if (subject == nullptr) {
        return {.disposition = Disposition::held, .rule = Code::unknown_subject};
    }
    const StudyDefinition* study = input_.rules.study(subject->study);
    if (study == nullptr || !study->accepts_source(proposal_.source)) {
        return {.disposition = Disposition::ignored, .rule = Code::study_does_not_accept_source};
    }
    return ask_study(draft_of(*subject, *study), proposal_, observation);
}

void MessageDecision::touch(SubjectDraft& draft, const ProposedObservation& observation) {
    const TouchedSpecimen specimen{proposal_.source, &observation.specimen};
    const bool known = std::ranges::any_of(touched_, [&](const Touched& touched) {
        return touched.draft == &draft && touched.specimen == specimen;
    });
    if (!known) {
        touched_.push_back({&draft, specimen});
    }
}

void MessageDecision::finish() {
    for (SubjectDraft& draft : drafts_) {
        std::vector<TouchedSpecimen> specimens;
        for (const Touched& touched : touched_) {
            if (touched.draft == &draft) {
                specimens.push_back(touched.specimen);
            }
        }
        auto notices = project(draft, specimens, input_.rules, Code::nearer_draw);
        std::ranges::move(notices, std::back_inserter(outcome_.notices));
    }
    for (SubjectDraft& draft : drafts_) {
        auto changes = std::move(draft).take_changes();
        std::ranges::move(changes, std::back_inserter(outcome_.changes));
    }
    for (const LearnedSpecimen& learned : proposal_.learned) {
        const RegisteredSpecimen* known = input_.registry.specimen(learned.specimen.name);
        if (known == nullptr || *known != learned.specimen) {
            outcome_.learned.push_back(learned);
        }
    }
    for (const ProposedNotice& notice : proposal_.notices) {
        outcome_.notices.push_back({notice.code, notice.subject, notice.detail});
    }
    outcome_.notices = each_once(std::move(outcome_.notices));
    add_awaiting(proposal_.unknown_patients, outcome_.awaiting);
    tidy_awaiting(outcome_.awaiting);
    count();
}

void MessageDecision::count() {
    Counts& counts = outcome_.counts;
    for (const DecidedObservation& decided : outcome_.observations) {
        ++counts.received;
        switch (decided.disposition) {
            case Disposition::stored:
                ++counts.stored;
                break;
            case Disposition::held:
                ++counts.held;
                break;
            case Disposition::ignored:
                ++counts.ignored;
                break;
        }
    }
    const bool held = counts.held > 0 || (message_hold_ != Code::none && counts.received == 0);
    outcome_.state = held ? MessageState::held : MessageState::processed;
}

}  // namespace

Outcome decide(const DecideInput& input) {
    return MessageDecision(input).decide();
}

}  // namespace labrelay::study
