#pragma once

#include <vector>

#include "element.hpp"
#include "labrelay/mapping/source_definition.hpp"
#include "loading.hpp"

namespace labrelay::mapping {

/// Reads one `<observation>` and appends it: a line for its code, and one for each of its LOINC
/// codes.
void read_observation(Element& element, const Catalogue& catalogue,
                      std::vector<ObservationLine>& lines);

}  // namespace labrelay::mapping
