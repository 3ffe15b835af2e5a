#pragma once

#include <set>
#include <string>
#include <vector>

#include "subject_draft.hpp"

namespace labrelay::study {

/// Chooses, for each of `visits` and each panel, the one specimen that stands for the visit; the
/// others become additional. Rules: src/study/placement.md. Returns a notice where a nearer draw
/// came after another had been delivered.
std::vector<Notice> choose_roles(SubjectDraft& draft, const std::set<std::string>& visits,
                                 Code reason);

}  // namespace labrelay::study
