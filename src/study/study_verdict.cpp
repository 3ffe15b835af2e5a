#include "study_verdict.hpp"

#include <algorithm>
#include <utility>

#include "candidate_version.hpp"
#include "labrelay/core/sentences.hpp"
#include "subject_projection.hpp"

namespace labrelay::study {
namespace {

ResultKey key_of(const SubjectDraft& draft, const Proposal& proposal,
                 const ProposedObservation& observation) {
    const std::string code = observation.identity_unit.empty()
                                 ? observation.code
                                 : observation.code + " in " + observation.identity_unit;
    return {
        draft.subject().id, proposal.source, observation.specimen, code, observation.sub_id, {}};
}

StudyVerdict&& end_with(StudyVerdict& verdict, Disposition disposition, Code rule) {
    verdict.disposition = disposition;
    verdict.rule = rule;
    return std::move(verdict);
}

/// A result that was taken away has no version to be judged against.
bool has_version(const StudyVerdict& verdict) {
    return verdict.result && stands(verdict.draft->at(*verdict.result).taken);
}

/// A person said that the specimen is another subject's: whatever comes of it later is not this
/// one's by itself, whichever test it is.
bool was_moved_away(SubjectDraft& draft, const ResultKey& key) {
    const auto& results = draft.of_specimen(key.source, key.specimen);
    return std::ranges::any_of(
        results, [&](SubjectDraft::Index index) { return was_moved(draft.at(index).taken); });
}

void ask_placement(StudyVerdict& verdict, bool several_studies) {
    const StoredVersion& candidate = verdict.candidate;
    if (!candidate.collected && !candidate.collected_local) {
        verdict.disposition = Disposition::held;
        verdict.rule = Code::collection_time_missing;
        return;
    }
    verdict.placement = verdict.draft->place_draw(candidate, several_studies);
    // A value that stands in a study is withdrawn whatever its date allows.
    if (has_version(verdict) && candidate.status == ObservationStatus::withdrawn) {
        return;
    }
    switch (verdict.placement.kind) {
        case PlacementVerdict::Kind::placed:
            return;
        case PlacementVerdict::Kind::held:
            verdict.disposition = Disposition::held;
            break;
        case PlacementVerdict::Kind::ignored:
            verdict.disposition = Disposition::ignored;
            break;
    }
    verdict.rule = verdict.placement.rule;
}

void place(SubjectDraft& draft, SubjectDraft::Index result, const PlacementVerdict& verdict) {
    const ResultRecord& record = draft.at(result);
    Placement placement = placement_by(verdict, record.current_version(), draft.calendar());
    if (placement.visit == record.placement.visit) {
        placement.role = record.placement.role;
    }
    draft.place(result, std::move(placement));
}

}  // namespace

StudyVerdict ask_study(SubjectDraft& draft, const Proposal& proposal,
                       const ProposedObservation& observation) {
    StudyVerdict verdict;
    verdict.id = {proposal.message_id, observation.ordinal};
    verdict.status = observation.status;
    verdict.draft = &draft;
    verdict.key = key_of(draft, proposal, observation);
    verdict.result = draft.find(verdict.key);
    verdict.candidate = candidate_version(proposal, observation);
    static const std::vector<StoredVersion> none;
    const bool stands = has_version(verdict);
    const auto& versions = stands ? draft.at(*verdict.result).versions : none;
    if (stands) {
        complete_from(verdict.candidate, draft.at(*verdict.result).current_version());
    }
    if (draft.study().panel_of(verdict.candidate.analyte) == nullptr) {
        return end_with(verdict, Disposition::ignored, Code::not_a_study_analyte);
    }
    if (!observation.subject_by_person && was_moved_away(draft, verdict.key)) {
        return end_with(verdict, Disposition::held, Code::moved_from_subject);
    }
    verdict.version = judge_version(versions, verdict.candidate, observation.own_version_time);
    if (verdict.version.kind == VersionVerdict::Kind::repeat) {
        return end_with(verdict, Disposition::ignored, Code::repeat_of);
    }
    ask_placement(verdict, observation.subjects.size() > 1);
    if (verdict.disposition == Disposition::stored &&
        verdict.version.kind == VersionVerdict::Kind::hold) {
        return end_with(verdict, Disposition::held, verdict.version.rule);
    }
    return verdict;
}

void take(StudyVerdict& verdict, const ProposedObservation& observation) {
    SubjectDraft& draft = *verdict.draft;
    if (verdict.version.promotes != nullptr) {
        verdict.candidate.value = verdict.version.promotes->value;
        verdict.candidate.analyte = verdict.version.promotes->analyte;
    }
    std::optional<ObservationId> current_before;
    if (has_version(verdict)) {
        current_before = draft.at(*verdict.result).current_version().id;
    } else if (!verdict.result) {
        verdict.result = draft.add(std::move(verdict.key));
    }
    draft.insert_version(*verdict.result, std::move(verdict.candidate));
    const StoredVersion& current = draft.at(*verdict.result).current_version();
    if (current.id == current_before) {
        return;
    }
    place(draft, *verdict.result,
          current.id == verdict.id ? verdict.placement
                                   : draft.place_draw(current, observation.subjects.size() > 1));
}

LineageStep place_step(const StudyVerdict& verdict, bool name_the_study) {
    if (!name_the_study || verdict.draft == nullptr) {
        return {"place", verdict.placement.because};
    }
    return {"place",
            say(Sentence::of_study, verdict.draft->study().id) + verdict.placement.because};
}

LineageStep version_step(const StudyVerdict& verdict) {
    const ResultRecord& record = verdict.draft->at(*verdict.result);
    const bool is_current = record.current_version().id == verdict.id;
    return {std::string(lineage_rule(verdict.status)),
            say(is_current ? Sentence::version_current : Sentence::version_superseded,
                record.versions.size())};
}

}  // namespace labrelay::study
