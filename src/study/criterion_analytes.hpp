#pragma once

#include <string>
#include <vector>

#include "labrelay/study/criterion.hpp"

namespace labrelay::study {

/// The analytes that a rule looks at: a result of these that is held, or changed after a lock,
/// could change its answer. Empty where no result decides it.
std::vector<std::string> analytes_of(const CriterionRule& rule);

}  // namespace labrelay::study
