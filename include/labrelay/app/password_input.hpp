#pragma once

#include <string>

#include "labrelay/core/result.hpp"

namespace labrelay::app {

/// A password from a person: on a terminal asked for twice without showing it, else the first line
/// of standard input; or the first line of `file`, where one is named. Never an argument: everybody
/// on the host sees those. Errors: file-unreadable; usage, where the two differ or there is none.
Result<std::string> read_password(const std::string& file, const std::string& whose);

}  // namespace labrelay::app
