#pragma once

#include <string>
#include <string_view>

#include "labrelay/core/result.hpp"

namespace labrelay::security {

/// The name of an account as it is kept: lower case, so that nobody has a name that differs from
/// another's by capitals only. 2 to 64 of a-z 0-9 . _ - @, beginning with a letter or digit.
/// Errors: body-bad.
Result<std::string> account_name(std::string_view text);

}  // namespace labrelay::security
