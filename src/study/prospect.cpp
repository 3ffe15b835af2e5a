#include "prospect.hpp"

#include <algorithm>

namespace labrelay::study {
namespace {

using units::ResultState;

bool becomes_current(const ResultRecord& record, const StoredVersion& candidate) {
    ResultRecord as_stored = record;
    insert_version(as_stored, candidate);
    return as_stored.current_version().id == candidate.id;
}

}  // namespace

Prospect::Prospect(SubjectDraft& draft, std::span<const CheckCandidate> candidates)
    : draft_(draft) {
    // Room for all, so that no address moves.
    results_.reserve(draft.size() + candidates.size());
    for (SubjectDraft::Index index = 0; index < draft.size(); ++index) {
        const ResultRecord& record = draft.at(index);
        results_.push_back({&record.key, &record.current_version(), ProspectiveResult::kStored});
    }
    for (std::size_t number = 0; number < candidates.size(); ++number) {
        take(number, candidates[number]);
    }
}

void Prospect::take(std::size_t number, const CheckCandidate& candidate) {
    const StudyVerdict& verdict = *candidate.verdict;
    const StoredVersion* version = &verdict.candidate;
    if (verdict.version.promotes != nullptr) {
        StoredVersion& promoted = promoted_.emplace_back(verdict.candidate);
        promoted.value = verdict.version.promotes->value;
        promoted.analyte = verdict.version.promotes->analyte;
        version = &promoted;
    }
    if (!verdict.result) {
        results_.push_back({&verdict.key, version, number});
        current_.push_back(&results_.back());
    } else if (becomes_current(draft_.at(*verdict.result), *version)) {
        ProspectiveResult& result = results_[*verdict.result];
        result.version = version;
        result.candidate = number;
        current_.push_back(&result);
    }
}

Members Prospect::of_specimen(const ProspectiveResult& result) const {
    Members members;
    const auto add = [&](const ProspectiveResult& other) {
        if (other.key->derived.empty() && same_draw(*other.version, *result.version)) {
            members.push_back(&other);
        }
    };
    for (const SubjectDraft::Index index :
         draft_.of_specimen(result.key->source, result.key->specimen)) {
        add(results_[index]);
    }
    for (std::size_t index = draft_.size(); index < results_.size(); ++index) {
        const ResultKey& key = *results_[index].key;
        if (key.source == result.key->source && key.specimen == result.key->specimen) {
            add(results_[index]);
        }
    }
    return members;
}

Members Prospect::of_draw(const ProspectiveResult& result) const {
    const auto& collected = result.version->collected_local;
    if (!collected || !collected->has_time) {
        return of_specimen(result);
    }
    Members members;
    for (const ProspectiveResult& other : results_) {
        if (other.key->derived.empty() && same_draw(*other.version, *result.version)) {
            members.push_back(&other);
        }
    }
    return members;
}

const Members& Prospect::of_analyte(std::string_view analyte) const {
    if (by_analyte_.empty()) {
        for (const ProspectiveResult& result : results_) {
            if (result.key->derived.empty()) {
                by_analyte_[result.version->analyte].push_back(&result);
            }
        }
    }
    static const Members none;
    const auto found = by_analyte_.find(analyte);
    return found != by_analyte_.end() ? found->second : none;
}

bool comparable(const StoredVersion& version) {
    switch (version.status) {
        case ObservationStatus::final:
        case ObservationStatus::corrected:
        case ObservationStatus::promoted:
            break;
        case ObservationStatus::preliminary:
        case ObservationStatus::not_done:
        case ObservationStatus::withdrawn:
            return false;
    }
    return says_something(version);
}

bool drawn_before(const StoredVersion& left, const StoredVersion& right) {
    if (!left.collected_local || !right.collected_local) {
        return false;
    }
    const LocalTime& a = *left.collected_local;
    const LocalTime& b = *right.collected_local;
    if (a.instant && b.instant) {
        return *a.instant < *b.instant;
    }
    if (a.day != b.day) {
        return a.day < b.day;
    }
    return a.has_time && b.has_time && a.time_of_day < b.time_of_day;
}

}  // namespace labrelay::study
