#pragma once

#include <string>
#include <vector>

#include "labrelay/study/proposal.hpp"

namespace labrelay::study {

/// Adds what would bring an observation back that is held or ignored by `rule`:
/// `patient:QILU-MRN:00481523`, `specimen:QILU-ACC:A1`, `subject:17`, `corrected:17`. Nothing for
/// what only a person repairs.
void add_awaiting(const ProposedObservation& observation, Code rule,
                  std::vector<std::string>& awaiting);

/// The same for patients whom a message without observations names.
void add_awaiting(const std::vector<Identifier>& patients, std::vector<std::string>& awaiting);

/// Sorted, each once.
void tidy_awaiting(std::vector<std::string>& awaiting);

}  // namespace labrelay::study
