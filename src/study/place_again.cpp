#include <algorithm>

#include "labrelay/study/decide.hpp"
#include "subject_projection.hpp"

namespace labrelay::study {
namespace {

using Index = SubjectDraft::Index;

/// Places one measured result by the calendar as it is now.
void place_result(SubjectDraft& draft, Index index, bool several_studies,
                  std::vector<Notice>& notices) {
    const ResultRecord& record = draft.at(index);
    const StoredVersion& current = record.current_version();
    if (!stands(record.taken)) {
        return;  // it is nowhere any more
    }
    if (!current.collected && !current.collected_local) {
        return;  // a withdrawal that names no draw stays where its result stood
    }
    Draw draw = draft.calendar().draw_of(current);
    // What was reported before a withdrawal stays reported before it, whatever corrected it later.
    draw.reported = draft.calendar().moment(record.versions.front().version_time);
    const PlacementVerdict verdict = draft.calendar().place(draw, several_studies);
    Placement placement = placement_by(verdict, current, draft.calendar());
    if (placement.kind == VisitKind::scheduled && placement.visit == record.placement.visit) {
        placement.role = record.placement.role;
    }
    if (placement == record.placement) {
        return;
    }
    if (verdict.kind != PlacementVerdict::Kind::placed) {
        notices.push_back({verdict.rule, draft.subject().id, current.analyte});
    }
    draft.place(index, std::move(placement));
}

}  // namespace

Replacement place_again(const SubjectState& state, const Subject& subject,
                        const StudyRules& rules) {
    Replacement replacement;
    const StudyDefinition* study = rules.study(subject.study);
    if (study == nullptr) {
        return replacement;
    }
    SubjectDraft draft(&state, subject, *study);
    const bool several_studies = rules.studies.size() > 1;
    std::vector<TouchedSpecimen> specimens;
    for (Index index = 0; index < draft.size(); ++index) {
        const ResultKey& key = draft.at(index).key;
        if (key.derived.empty()) {
            place_result(draft, index, several_studies, replacement.notices);
            specimens.push_back({key.source, &key.specimen});
        }
    }
    const auto by_name = [](const TouchedSpecimen& left, const TouchedSpecimen& right) {
        return std::tie(left.source, *left.specimen) < std::tie(right.source, *right.specimen);
    };
    std::ranges::sort(specimens, by_name);
    specimens.erase(std::unique(specimens.begin(), specimens.end()), specimens.end());

    auto notices = project(draft, specimens, rules, Code::placement_moved);
    std::ranges::move(notices, std::back_inserter(replacement.notices));
    replacement.changes = std::move(draft).take_changes();
    for (ResultChange& change : replacement.changes) {
        if (change.placement_changed && change.reason == Code::none) {
            change.reason = Code::placement_moved;
        }
    }
    return replacement;
}

}  // namespace labrelay::study
