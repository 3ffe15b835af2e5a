#include "subject_draft.hpp"

#include <algorithm>

#include "labrelay/study/versions.hpp"

namespace labrelay::study {

SubjectDraft::SubjectDraft(const SubjectState* state, const Subject& subject,
                           const StudyDefinition& study)
    : calendar_(subject, study), state_(state) {
    if (state_ == nullptr) {
        return;
    }
    view_.reserve(state_->results.size() + 16);
    for (const ResultRecord& record : state_->results) {
        view_.push_back(&record);
        last_number_ = std::max(last_number_, record.number);
    }
}

const PlacementVerdict& SubjectDraft::place_draw(const StoredVersion& version,
                                                 bool several_studies) {
    Draw draw = calendar_.draw_of(version);
    if (!last_placed_ || last_placed_->draw != draw ||
        last_placed_->several_studies != several_studies) {
        PlacementVerdict verdict = calendar_.place(draw, several_studies);
        last_placed_ = LastPlaced{std::move(draw), several_studies, std::move(verdict)};
    }
    return last_placed_->verdict;
}

const ResultRecord* SubjectDraft::stored(Index index) const {
    return state_ != nullptr && index < state_->results.size() ? &state_->results[index] : nullptr;
}

const std::vector<SubjectDraft::Index>& SubjectDraft::of_specimen(
    std::string_view source, const SpecimenIdentity& specimen) {
    for (const SpecimenIndex& known : specimens_) {
        if (known.source == source && known.specimen == specimen) {
            return known.results;
        }
    }
    SpecimenIndex& fresh =
        specimens_.emplace_back(SpecimenIndex{std::string(source), specimen, {}});
    for (Index index = 0; index < view_.size(); ++index) {
        const ResultKey& key = view_[index]->key;
        if (key.specimen == specimen && key.source == source) {
            fresh.results.push_back(index);
        }
    }
    return fresh.results;
}

std::optional<SubjectDraft::Index> SubjectDraft::find(const ResultKey& key) {
    const auto& results = of_specimen(key.source, key.specimen);
    const auto found = std::ranges::find_if(results, [&](Index index) {
        const ResultKey& other = view_[index]->key;
        return other.code == key.code && other.sub_id == key.sub_id && other.derived == key.derived;
    });
    return found == results.end() ? std::nullopt : std::optional(*found);
}

SubjectDraft::Change& SubjectDraft::change(Index index) {
    const auto found = std::ranges::find(changes_, index, &Change::index);
    if (found != changes_.end()) {
        return *found;
    }
    Change& fresh = changes_.emplace_back(Change{index, *view_[index], false, Code::none});
    view_[index] = &fresh.after;
    return fresh;
}

SubjectDraft::Index SubjectDraft::add(ResultKey key) {
    const Index index = view_.size();
    Change& fresh = changes_.emplace_back(Change{index, {}, true, Code::none});
    fresh.after.number = ++last_number_;
    fresh.after.key = std::move(key);
    view_.push_back(&fresh.after);
    for (SpecimenIndex& known : specimens_) {
        if (known.source == fresh.after.key.source && known.specimen == fresh.after.key.specimen) {
            known.results.push_back(index);
        }
    }
    return index;
}

void SubjectDraft::insert_version(Index index, StoredVersion version) {
    Change& changed = change(index);
    study::insert_version(changed.after, std::move(version));
    changed.value_changed = true;
}

void SubjectDraft::replace_versions(Index index, std::vector<StoredVersion> versions) {
    Change& changed = change(index);
    changed.after.versions = std::move(versions);
    changed.after.current = changed.after.versions.size() - 1;
    changed.value_changed = true;
}

void SubjectDraft::take_back(Index index, ObservationId id, Taken how) {
    Change& changed = change(index);
    study::take_back(changed.after, id, how);
    changed.value_changed = true;
}

void SubjectDraft::let_go(Index index) {
    Change& changed = change(index);
    changed.after.taken = changed.after.taken == Taken::left ? Taken::no : Taken::back;
    changed.value_changed = true;
}

void SubjectDraft::place(Index index, Placement placement) {
    if (view_[index]->placement != placement) {
        change(index).after.placement = std::move(placement);
    }
}

void SubjectDraft::give_reason(Index index, Code reason) {
    change(index).reason = reason;
}

std::vector<ResultChange> SubjectDraft::take_changes() && {
    std::vector<ResultChange> changes;
    changes.reserve(changes_.size());
    for (Change& changed : changes_) {
        const ResultRecord* before = stored(changed.index);
        const bool moved = before == nullptr || before->placement != changed.after.placement;
        // What was taken out to be decided anew, and came back as it was, has not changed.
        if (before != nullptr && before->taken == changed.after.taken &&
            before->current == changed.after.current &&
            before->versions == changed.after.versions) {
            changed.value_changed = false;
        }
        if (!moved && !changed.value_changed) {
            continue;
        }
        if (before != nullptr && moved) {
            ++changed.after.placement_version;
        }
        changes.push_back({std::move(changed.after), changed.value_changed, moved, changed.reason});
    }
    std::ranges::sort(changes, {}, [](const ResultChange& change) { return change.after.number; });
    return changes;
}

}  // namespace labrelay::study
