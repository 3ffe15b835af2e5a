#pragma once

#include <optional>

#include "standardise.hpp"

namespace labrelay::mapping {

/// The value with its reference range, checked for plausibility. The laboratory's own range goes
/// before the analyte's. Holds: implausible-value; warns: flag-differs.
study::ResultValue check_value(const ValueQuestion& question, std::optional<study::Sex> sex,
                               StandardValue standard, Notes& notes);

}  // namespace labrelay::mapping
