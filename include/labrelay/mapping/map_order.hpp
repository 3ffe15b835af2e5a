#pragma once

#include "labrelay/mapping/apply.hpp"

namespace labrelay::mapping {

/// A message that carries no results (an order, a patient message): every OBX is ignored as
/// not-a-result-message, and where `teaches`, the orders teach the specimen registry as those of a
/// result message do.
MappedMessage map_without_results(const MappingContext& context, bool teaches);

}  // namespace labrelay::mapping
