#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace labrelay::app {

/// Reads lines from `input` (a file descriptor) and writes one line for each to `output`. What has
/// been answered is written before it waits for more, so that a program can ask line by line and
/// wait for each answer. A CR before the line's end goes; a line of more than 64 KiB is answered
/// with its first 64 KiB, which no command takes for anything.
void answer_lines(int input, std::FILE* output,
                  const std::function<std::string(std::string_view)>& answer);

/// Line breaks, tabs and other control characters as blanks: a reason stands on one line.
std::string on_one_line(std::string text);

}  // namespace labrelay::app
