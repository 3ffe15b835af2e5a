#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "labrelay/core/result.hpp"

namespace labrelay::app {

/// The bytes of a file, or of standard input for `-`. Error: file-unreadable.
Result<std::string> read_input(const std::string& file);

/// The messages in a file's bytes: its MLLP frames where it holds any, else the whole as one
/// message.
std::vector<std::string> messages_in(std::string_view bytes);

/// read_input() and the first of messages_in().
Result<std::string> read_message(const std::string& file);

}  // namespace labrelay::app
