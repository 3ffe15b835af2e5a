#include "labrelay/study/corrected_subjects.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace labrelay::study {
namespace {

bool takes_something_back(const ResultChange& change) {
    if (!change.value_changed || !change.after.key.derived.empty()) {
        return false;
    }
    switch (change.after.current_version().status) {
        case ObservationStatus::corrected:
        case ObservationStatus::withdrawn:
            return true;
        case ObservationStatus::preliminary:
        case ObservationStatus::final:
        case ObservationStatus::promoted:
        case ObservationStatus::not_done:
            return false;
    }
    return false;
}

}  // namespace

std::vector<SubjectId> corrected_subjects(const Outcome& outcome) {
    std::vector<SubjectId> subjects;
    for (const ResultChange& change : outcome.changes) {
        if (takes_something_back(change)) {
            subjects.push_back(change.after.key.subject);
        }
    }
    std::ranges::sort(subjects);
    subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
    return subjects;
}

std::string awaited_correction(SubjectId subject) {
    return fmt::format("corrected:{}", subject.value);
}

}  // namespace labrelay::study
