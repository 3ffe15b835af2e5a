#pragma once

#include <string>
#include <string_view>

namespace labrelay::simulate {

/// UTF-8 as a hospital LIS in China sends it. Throws std::runtime_error where the C library cannot
/// convert.
std::string to_gb18030(std::string_view utf8);

}  // namespace labrelay::simulate
