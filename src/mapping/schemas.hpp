#pragma once

#include <array>
#include <string_view>

namespace labrelay::mapping {

/// The XSDs beside the mappings, built into the binary.
std::array<std::string_view, 5> schemas();

}  // namespace labrelay::mapping
