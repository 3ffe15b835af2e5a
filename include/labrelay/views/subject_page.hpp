#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "labrelay/store/subject_page.hpp"
#include "labrelay/study/criteria.hpp"
#include "labrelay/views/sight.hpp"

namespace labrelay::views {

/// Takes out what is closed to the person, so that whatever is computed from it cannot tell.
void remove_closed(study::SubjectState& state, const study::Subject& subject, const Sight& sight);
void remove_closed(std::vector<study::HeldResult>& held, const study::Subject& subject,
                   const Sight& sight);
void remove_closed(study::Completeness& completeness, const study::Subject& subject,
                   const Sight& sight);

/// `in screening`, `randomised`, `treated`, `withdrawn`, `screen failure`, `registered`.
std::string_view status_of(const study::Subject& subject);

/// A row of the matrix of subjects and visits. What it is made of has nothing closed in it.
struct MatrixRow {
    const study::Subject& subject;
    const study::StudyDefinition& study;
    const study::Completeness& completeness;
    const study::Eligibility& eligibility;
    const std::vector<study::ScopeLock>& locks;
};
nlohmann::ordered_json matrix_row_json(const MatrixRow& row);
/// The marks of a cell in their order: an expected analyte of a small panel, else the panel.
nlohmann::ordered_json marks_json(const study::StudyDefinition& study, const Sight& sight);
nlohmann::ordered_json visits_json(const study::StudyDefinition& study);

struct SubjectReport {
    const MatrixRow& row;
    const store::SubjectPage& page;
    std::vector<store::NoticeAt> notices;
    bool revealed = false;
};
/// Without its problems, which are the caller's.
nlohmann::ordered_json subject_json(const SubjectReport& report, const Sight& sight);

/// One thing that is outstanding at a time.
struct Outstanding {
    study::OutstandingItem item;
    std::optional<Instant> since;
    ProblemId problem;
};
/// Of one visit of the subject where it is named.
std::vector<Outstanding> outstanding_at(const study::Subject& subject,
                                        const study::StudyDefinition& study,
                                        study::SubjectStanding standing,
                                        const std::vector<store::HeldAt>& held,
                                        const std::vector<store::NoticeAt>& notices, Instant at,
                                        const Sight& sight, const std::string& visit = {});
nlohmann::ordered_json outstanding_json(const Outstanding& outstanding, std::string_view subject);

}  // namespace labrelay::views
