#pragma once

#include <filesystem>
#include <string>

#include "labrelay/core/result.hpp"

namespace labrelay::targets {

/// The first line of a file that only its owner can read: a token or a password. It is read again
/// each time it is needed, so that a repair needs no restart, and never logged. Error:
/// secret-file-bad, with the file and what is wrong with it.
Result<std::string> read_secret(const std::filesystem::path& file);

}  // namespace labrelay::targets
