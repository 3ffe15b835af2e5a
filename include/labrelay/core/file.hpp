#pragma once

#include <filesystem>
#include <string>

#include "labrelay/core/result.hpp"

namespace labrelay {

/// All bytes of a file. Error: file-unreadable, with the system's words.
Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace labrelay
