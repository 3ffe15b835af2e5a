#pragma once

#include <optional>

#include "standardise.hpp"

namespace labrelay::mapping {

/// How the reported number becomes one of the analyte's: a factor, or `not_a_quantity` where it
/// stays in words. Nothing where the unit holds. Codes 410 to 413.
std::optional<units::UnitRule> settle_unit(const ValueQuestion& question, Notes& notes);

}  // namespace labrelay::mapping
