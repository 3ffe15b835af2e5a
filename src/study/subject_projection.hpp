#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "subject_draft.hpp"

namespace labrelay::study {

/// One specimen of one source whose results changed.
struct TouchedSpecimen {
    std::string_view source;
    const SpecimenIdentity* specimen;

    friend bool operator==(const TouchedSpecimen& left, const TouchedSpecimen& right) {
        return left.source == right.source && *left.specimen == *right.specimen;
    }
};

/// The placement of a result whose current version is placed by `verdict`. A stored result is never
/// lost: where the verdict is a hold it is unscheduled, where it is ignored it is not forwarded
/// either.
Placement placement_by(const PlacementVerdict& verdict, const StoredVersion& current,
                       const SubjectCalendar& calendar);

/// Brings everything that follows from the measured results of a subject up to date: derived
/// results of the touched specimens, and roles at the visits of what changed. `reason` goes with
/// changes of role.
std::vector<Notice> project(SubjectDraft& draft, std::span<const TouchedSpecimen> touched,
                            const StudyRules& rules, Code reason);

}  // namespace labrelay::study
