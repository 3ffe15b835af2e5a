#pragma once

#include <span>
#include <string>

#include "labrelay/study/grade.hpp"
#include "labrelay/study/proposal.hpp"

namespace labrelay::study {

/// The grade of a stored value once it is known whether the subject has a baseline of its analyte.
/// `value.grade` ends with `+` while that is open, and is given back as it is otherwise. Without a
/// baseline (`baseline` null) the rows against it do not apply. Two values that were reported in
/// different units are not compared: then every worse grade is possible, `1-4`. A pure function.
std::string grade_against_baseline(std::string_view analyte, const ResultValue& value,
                                   const ResultValue* baseline, std::span<const GradeScale> scales);

}  // namespace labrelay::study
