#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace labrelay::mapping {

/// ` Did you mean "facility"?` where one of `known` is near to `written`, else "". Pure.
std::string did_you_mean(std::string_view written, const std::vector<std::string_view>& known);

}  // namespace labrelay::mapping
