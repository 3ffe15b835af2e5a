#pragma once

#include "labrelay/mapping/configuration.hpp"
#include "report.hpp"

namespace labrelay::bench {

/// Units by themselves, one thread: reading a UCUM text, converting a value, and what an analyte's
/// look-up costs for a spelling of its list and for one that only UCUM knows.
void measure_units(Report& report, const mapping::Configuration& configuration);

}  // namespace labrelay::bench
