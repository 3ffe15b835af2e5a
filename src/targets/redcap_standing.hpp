#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labrelay/delivery/outbox.hpp"
#include "labrelay/targets/redcap_rows.hpp"

namespace labrelay::targets {

// What planning, sending and reading back ask of fields and standings. Pure.

/// Empty where it is not among them.
std::string value_in(const RedcapFields& fields, std::string_view name);
/// Nothing where nothing of the result stands.
const delivery::Standing* standing_of(const std::vector<delivery::Standing>& standings,
                                      std::int64_t number);
/// ` at m3_arm_1, lab_results instance 2`
std::string where_of(const RedcapPlace& place);

}  // namespace labrelay::targets
