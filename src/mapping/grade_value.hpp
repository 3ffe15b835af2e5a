#pragma once

#include <vector>

#include "labrelay/mapping/apply.hpp"
#include "labrelay/study/registry.hpp"
#include "standardise.hpp"

namespace labrelay::mapping {

/// Grades a value by the scale of its subject's study, as it was reported: see grade.md. Sets
/// `grade` and `grade_scale` and says why in the lineage (`grade.daids`); where it is not gradable
/// only the reason is said. The subject's own baseline is compared later, with the stored results.
void grade_value(const MappingContext& context, const ValueQuestion& question,
                 const std::vector<const study::Subject*>& subjects, study::ResultValue& value,
                 Notes& notes);

}  // namespace labrelay::mapping
