#pragma once

#include <optional>

#include "labrelay/study/versions.hpp"
#include "subject_draft.hpp"

namespace labrelay::study {

/// What one study makes of one observation. Nothing is changed before every study has been asked,
/// because one study's hold keeps the observation out of all of them.
struct StudyVerdict {
    Disposition disposition = Disposition::stored;
    Code rule = Code::none;  ///< why held or ignored
    ObservationId id = {};
    ObservationStatus status = ObservationStatus::final;
    SubjectDraft* draft = nullptr;  ///< nothing where the study was not asked
    ResultKey key = {};
    std::optional<SubjectDraft::Index> result =
        {};  ///< of which it is a version, where there is one
    StoredVersion candidate = {};
    VersionVerdict version = {};
    PlacementVerdict placement = {};
};

/// Analyte, version and place of a candidate in the study of `draft`'s subject.
StudyVerdict ask_study(SubjectDraft& draft, const Proposal& proposal,
                       const ProposedObservation& observation);

/// Stores the candidate in the draft. Precondition: the verdict is `stored`, the version not yet
/// present.
void take(StudyVerdict& verdict, const ProposedObservation& observation);

/// For the lineage: where it stands and why; which version it is, once taken.
LineageStep place_step(const StudyVerdict& verdict, bool name_the_study);
LineageStep version_step(const StudyVerdict& verdict);

}  // namespace labrelay::study
