#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labrelay::views {

// Texts made safe for the files that people take away. Pure.

/// In quotes; what a spreadsheet would calculate is made text.
std::string csv_cell(std::string_view text);
/// Cells with commas between, and the line's end.
std::string csv_line(std::span<const std::string> cells);
inline std::string csv_line(const std::vector<std::string>& cells) {
    return csv_line(std::span<const std::string>(cells));
}

/// For HTML and XML, in texts and in attributes. What XML does not allow becomes a blank.
std::string escaped(std::string_view text);

}  // namespace labrelay::views
