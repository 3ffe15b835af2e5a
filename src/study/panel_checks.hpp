#pragma once

#include <vector>

#include "derived_values.hpp"
#include "labrelay/core/finding.hpp"

namespace labrelay::study {

/// Compares results of one specimen that must agree: the ratio that was reported with the counts,
/// log10 with copies. A difference is a flag and never a hold. Rules: src/study/derived.md.
std::vector<Finding> check_panel(SpecimenResults results);

}  // namespace labrelay::study
