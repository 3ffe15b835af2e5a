#pragma once

#include <string>
#include <vector>

#include "labrelay/core/finding.hpp"
#include "labrelay/hl7/delimiters.hpp"

namespace labrelay::hl7 {

/// The ERR segments of an acknowledgement, each ended by CR. `version` as version_number() gives
/// it: before 250 one segment with a repetition of ERR-1 for each finding, from 250 a segment each.
std::string build_error_segments(const std::vector<Finding>& errors, int version,
                                 const Delimiters& delimiters);

}  // namespace labrelay::hl7
