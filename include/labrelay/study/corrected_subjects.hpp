#pragma once

#include <vector>

#include "labrelay/study/outcome.hpp"

namespace labrelay::study {

/// The subjects one of whose results a message corrected or took back. What a check holds of such a
/// subject is asked again: the laboratory may have settled the contradiction. Sorted, each once.
std::vector<SubjectId> corrected_subjects(const Outcome& outcome);

/// Under what an observation waits that a check holds: `corrected:17`.
std::string awaited_correction(SubjectId subject);

}  // namespace labrelay::study
