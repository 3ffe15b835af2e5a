#include "labrelay/study/decide.hpp"

#include <algorithm>
#include <deque>

#include "awaiting.hpp"
#include "check_round.hpp"
#include "labrelay/core/sentences.hpp"
#include "message_identity.hpp"
#include "message_sequence.hpp"
#include "study_verdict.hpp"
#include "subject_projection.hpp"
#include "whole_specimen.hpp"

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
    bool settled = false;  ///< it is stored and stays as it is
    bool open = false;     ///< the studies decide
    /// Results that had the observation as a version until it was decided anew.
    std::vector<std::pair<SubjectDraft*, Index>> taken = {};

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
        for (const ProposedObservation& observation : proposal_.observations) {
            asked_.push_back(stand(observation));
        }
        for (std::size_t at = 0; at < proposal_.observations.size(); ++at) {
            ask(at);
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
    Asked stand(const ProposedObservation& observation);
    void ask(std::size_t at);
    void ask_checks();
    void take_out(const ProposedObservation& observation, Asked& asked);
    void take_out_of(SubjectDraft& draft, const ProposedObservation& observation, Taken how,
                     Asked& asked);
    void tell_taken(const Asked& asked, const DecidedObservation& decided,
                    const ProposedObservation& observation);
    bool accepts(const ProposedObservation& observation, Code rule, DecidedObservation& decided);
    void waive(const ProposedObservation& observation, CheckSaid& said,
               DecidedObservation& decided);
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
    void touch(SubjectDraft& draft, std::string_view source, const SpecimenIdentity& specimen);
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

/// How it stands before anybody is asked; what is decided anew is taken out of its results.
Asked MessageDecision::stand(const ProposedObservation& observation) {
    Asked asked;
    DecidedObservation& decided = asked.decided;
    decided.ordinal = observation.ordinal;
    decided.disposition = observation.disposition;
    decided.rule = observation.rule;
    const auto prior =
        std::ranges::find(input_.prior, observation.ordinal, &PriorObservation::ordinal);
    if (prior == input_.prior.end()) {
        return asked;
    }
    if (prior->disposition == Disposition::stored &&
        !has_news(input_.overlays, observation.ordinal)) {
        decided.disposition = Disposition::stored;
        decided.rule = Code::none;
        asked.settled = true;
    } else if (prior->subject) {
        take_out(observation, asked);
    }
    return asked;
}

void MessageDecision::ask(std::size_t at) {
    const ProposedObservation& observation = proposal_.observations[at];
    Asked& asked = asked_[at];
    DecidedObservation& decided = asked.decided;
    if (asked.settled || observation.disposition != Disposition::stored) {
        return;
    }
    if (message_hold_ != Code::none) {
        decided.disposition = Disposition::held;
        decided.rule = message_hold_;
        return;
    }
    if (identity_twice_[at]) {
        decided.disposition = Disposition::held;
        decided.rule = Code::identity_twice;
        decided.findings.push_back(finding(decided.rule, Severity::hold, observation.place));
        return;
    }
    asked.open = true;
    asked.verdicts.reserve(observation.subjects.size());
    for (const SubjectId subject : observation.subjects) {
        StudyVerdict& verdict = asked.verdicts.emplace_back(ask(observation, subject));
        if (verdict.version.kind == VersionVerdict::Kind::hold &&
            verdict.rule == verdict.version.rule && accepts(observation, verdict.rule, decided)) {
            verdict.version.kind = VersionVerdict::Kind::store;
            verdict.disposition = Disposition::stored;
            verdict.rule = Code::none;
        }
    }
}

/// What is decided anew is first no version of anything any more. Where the same comes of it again,
/// nothing has changed.
void MessageDecision::take_out(const ProposedObservation& observation, Asked& asked) {
    const Overlay* whose = decision(input_.overlays, observation.ordinal, OverlayKind::subject);
    asked.decided.anew = true;
    for (const SubjectId id :
         subjects_in_question(input_.prior, input_.overlays, input_.registry)) {
        const Subject* subject = input_.registry.subject(id);
        const StudyDefinition* study =
            subject != nullptr ? input_.rules.study(subject->study) : nullptr;
        if (study != nullptr && input_.state.subjects.contains(id)) {
            const bool moved = whose != nullptr && whose->moves() && whose->subject != id;
            take_out_of(draft_of(*subject, *study), observation, moved ? Taken::moved : Taken::back,
                        asked);
        }
    }
}

void MessageDecision::take_out_of(SubjectDraft& draft, const ProposedObservation& observation,
                                  Taken how, Asked& asked) {
    const ObservationId id{proposal_.message_id, observation.ordinal};
    const bool come_back = std::ranges::any_of(input_.overlays, [&](const Overlay& overlay) {
        return overlay.ended && overlay.news && overlay.moves() &&
               overlay.from == draft.subject().id && overlay.about(observation.ordinal);
    });
    for (Index index = 0; index < draft.size(); ++index) {
        const ResultRecord& record = draft.at(index);
        if (!record.key.derived.empty()) {
            continue;
        }
        if (come_back && was_moved(record.taken) && record.key.source == proposal_.source &&
            record.key.specimen == observation.specimen) {
            draft.let_go(index);
        }
        if (!study::stands(draft.at(index).taken)) {
            continue;
        }
        if (std::ranges::find(record.versions, id, &StoredVersion::id) == record.versions.end()) {
            continue;
        }
        draft.take_back(index, id, how);
        const ResultRecord& after = draft.at(index);
        Placement placement = after.placement;
        if (!study::stands(after.taken)) {
            placement.forwarded = false;
        } else if (after.current_version().collected || after.current_version().collected_local) {
            placement = placement_by(draft.place_draw(after.current_version(), false),
                                     after.current_version(), draft.calendar());
            if (placement.visit == after.placement.visit) {
                placement.role = after.placement.role;
            }
        }
        draft.place(index, std::move(placement));
        asked.taken.emplace_back(&draft, index);
        touch(draft, after.key.source, after.key.specimen);
    }
}

/// Why it went where it is no version any more.
void MessageDecision::tell_taken(const Asked& asked, const DecidedObservation& decided,
                                 const ProposedObservation& observation) {
    const Overlay* whose = decision(input_.overlays, observation.ordinal, OverlayKind::subject);
    const ObservationId id{proposal_.message_id, observation.ordinal};
    for (const auto& [draft, index] : asked.taken) {
        const ResultRecord& record = draft->at(index);
        const bool stands =
            study::stands(record.taken) &&
            std::ranges::find(record.versions, id, &StoredVersion::id) != record.versions.end();
        const bool moved =
            whose != nullptr && whose->moves() && whose->subject != draft->subject().id;
        const Code reason = moved ? Code::moved_from_subject : decided.rule;
        if (!stands && reason != Code::none) {
            draft->give_reason(index, reason);
        }
    }
}

/// Says whether a person took the value as it is, or did so for another value.
bool MessageDecision::accepts(const ProposedObservation& observation, Code rule,
                              DecidedObservation& decided) {
    switch (acceptance(input_.overlays, observation.ordinal, rule, observation.value.value_reported,
                       observation.value.unit_reported)) {
        case Acceptance::none:
            return false;
        case Acceptance::stale:
            decided.findings.push_back(
                finding(Code::overlay_stale, Severity::warning, observation.place));
            return false;
        case Acceptance::accepted:
            break;
    }
    decided.findings.push_back(
        finding(Code::accepted_by_person, Severity::note, observation.place));
    decided.findings.back().detail = key(rule);
    decided.lineage.push_back(
        {std::string(key(Code::accepted_by_person)), say(Sentence::person_accepts, key(rule))});
    return true;
}

/// What checks hold, as far as a person does not accept it.
void MessageDecision::waive(const ProposedObservation& observation, CheckSaid& said,
                            DecidedObservation& decided) {
    if (said.hold == Code::none || input_.overlays.empty()) {
        return;
    }
    said.hold = Code::none;
    for (Finding& found : said.findings) {
        if (found.severity != Severity::hold) {
            continue;
        }
        if (accepts(observation, found.code, decided)) {
            found.severity = Severity::warning;
        } else if (said.hold == Code::none) {
            said.hold = found.code;
        }
    }
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
        waive(observation, said_[at], decided);
        decide_by_studies(observation, asked_[at].verdicts, said_[at], decided);
    }
    tell_taken(asked_[at], decided, observation);
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
            decided.findings.back().detail = held->placement.because.text();
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
        const Overlay* whose = decision(input_.overlays, observation.ordinal, OverlayKind::subject);
        if (whose != nullptr && whose->moves()) {
            verdict.draft->give_reason(*verdict.result, Code::moved_to_subject);
        }
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
    touch(draft, proposal_.source, observation.specimen);
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

void MessageDecision::touch(SubjectDraft& draft, std::string_view source,
                            const SpecimenIdentity& name) {
    const TouchedSpecimen specimen{source, &name};
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
        notices = withdrawn_whole(draft, proposal_.message_id, specimens);
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
