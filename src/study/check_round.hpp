#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "labrelay/study/outcome.hpp"
#include "prospect.hpp"

namespace labrelay::study {

/// What the checks say about one observation of a message.
struct CheckSaid {
    Code hold = Code::none;  ///< the first that holds it
    std::vector<Finding> findings;
    std::vector<LineageStep> lineage;
    std::vector<Notice> notices;  ///< for a person, where the observation is stored all the same
};

/// Asks a study's panel and delta checks about a message's candidates for one subject, before
/// anything is stored. `said` has one entry an observation of the proposal; what is said is added.
/// The rules stand in src/study/checks.md.
void run_checks(SubjectDraft& draft, std::span<const CheckCandidate> candidates,
                const Proposal& proposal, const StudyRules& rules, bool tell,
                std::vector<CheckSaid>& said);

/// A check says the same of several observations of a message; a person hears of it once.
std::vector<Notice> each_once(std::vector<Notice> notices);

}  // namespace labrelay::study
