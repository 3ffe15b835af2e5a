#include "suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace labrelay::mapping {
namespace {

// Longer names are never typing errors of each other, and the table below is quadratic.
constexpr std::size_t kLongestName = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); case
/// counts for nothing.
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before(right.size() + 1);
    std::vector<std::size_t> above(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= left.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const bool same = lower(left[i - 1]) == lower(right[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                lower(left[i - 2]) == lower(right[j - 1])) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[right.size()];
}

}  // namespace

std::string did_you_mean(std::string_view written, const std::vector<std::string_view>& known) {
    if (written.empty() || written.size() > kLongestName) {
        return {};
    }
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(1, written.size() / 3) + 1;
    for (const std::string_view name : known) {
        if (name.empty() || name.size() > kLongestName) {
            continue;
        }
        const std::size_t away = distance(written, name);
        if (away < least && away < name.size()) {
            least = away;
            nearest = name;
        }
    }
    return nearest.empty() ? std::string() : fmt::format(" Did you mean \"{}\"?", nearest);
}

}  // namespace labrelay::mapping
