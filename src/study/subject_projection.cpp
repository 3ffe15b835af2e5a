#include "subject_projection.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "derived_values.hpp"
#include "roles.hpp"

namespace labrelay::study {
namespace {

using Index = SubjectDraft::Index;

void withdraw(SubjectDraft& draft, Index index, SpecimenResults results) {
    std::vector<StoredVersion> versions = withdraw_derived(draft.at(index), results);
    if (versions.size() != draft.at(index).versions.size()) {
        draft.replace_versions(index, std::move(versions));
    }
    // A target that never heard of it is not told; one that did is told of the withdrawal.
    Placement placement = draft.at(index).placement;
    placement.forwarded = false;
    draft.place(index, std::move(placement));
}

/// The specimen's derived result of an analyte. No key is made to ask for it, because most
/// specimens have none.
std::optional<Index> derived_of(SubjectDraft& draft, const TouchedSpecimen& touched,
                                std::string_view analyte) {
    const auto& indices = draft.of_specimen(touched.source, *touched.specimen);
    const auto found = std::ranges::find_if(
        indices, [&](Index index) { return draft.at(index).key.derived == analyte; });
    return found == indices.end() ? std::nullopt : std::optional(*found);
}

void update_derived(SubjectDraft& draft, const TouchedSpecimen& touched, const StudyRules& rules) {
    std::vector<const ResultRecord*> results;
    for (const Index index : draft.of_specimen(touched.source, *touched.specimen)) {
        results.push_back(&draft.at(index));
    }
    for (DerivedResult& derived : derive(results, rules, draft.subject().sex)) {
        if (draft.study().panel_of(derived.analyte) == nullptr) {
            continue;
        }
        std::optional<Index> index = derived_of(draft, touched, derived.analyte);
        if (derived.versions.empty()) {
            if (index) {
                withdraw(draft, *index, results);
            }
            continue;
        }
        if (!index) {
            index = draft.add({draft.subject().id,
                               std::string(touched.source),
                               *touched.specimen,
                               {},
                               {},
                               std::string(derived.analyte)});
        }
        if (!same_versions(draft.at(*index).versions, derived.versions)) {
            draft.replace_versions(*index, std::move(derived.versions));
        }
        Placement placement = derived.primary->placement;
        placement.forwarded = placement.forwarded && draft.at(*index).current_version().forwards;
        draft.place(*index, std::move(placement));
    }
}

void add_visit(std::set<std::string>& visits, const ResultRecord* record) {
    if (record != nullptr && record->placement.kind == VisitKind::scheduled) {
        visits.insert(record->placement.visit);
    }
}

}  // namespace

Placement placement_by(const PlacementVerdict& verdict, const StoredVersion& current,
                       const SubjectCalendar& calendar) {
    Placement placement;
    placement.study_day = verdict.study_day;
    placement.forwarded =
        current.forwards && calendar.forwards() && verdict.kind != PlacementVerdict::Kind::ignored;
    if (verdict.kind == PlacementVerdict::Kind::placed) {
        placement.visit = verdict.visit;
        placement.kind = verdict.visit_kind;
    }
    return placement;
}

std::vector<Notice> project(SubjectDraft& draft, std::span<const TouchedSpecimen> touched,
                            const StudyRules& rules, Code reason) {
    for (const TouchedSpecimen& specimen : touched) {
        update_derived(draft, specimen, rules);
    }
    std::set<std::string> visits;
    for (Index index = 0; index < draft.size(); ++index) {
        if (draft.is_changed(index)) {
            add_visit(visits, &draft.at(index));
            add_visit(visits, draft.stored(index));
        }
    }
    return choose_roles(draft, visits, reason);
}

}  // namespace labrelay::study
