#pragma once

#include "standardise.hpp"
#include "value_checks.hpp"

namespace labrelay::mapping {

/// The value with its reference range, by sex and age, and what the checks of the value say. The
/// laboratory's own range goes before the analyte's. Where no study has them, plausibility holds
/// and a flag that differs is flagged.
study::ResultValue check_value(const ValueQuestion& question, const Person& person,
                               const ValueChecks& checks, StandardValue standard, Notes& notes);

}  // namespace labrelay::mapping
