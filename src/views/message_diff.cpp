#include "labrelay/views/message_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace labrelay::views {
namespace {

using nlohmann::ordered_json;
using Line = ShownMessage::Line;

constexpr std::size_t kMostPairs = 1'000'000;

/// Pairs of indices, one past the end where a line has no partner: the longest common sequence of
/// keys.
std::vector<std::pair<std::size_t, std::size_t>> paired(const std::vector<Line>& left,
                                                        const std::vector<Line>& right) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    std::size_t i = 0;
    std::size_t j = 0;
    if ((left.size() + 1) * (right.size() + 1) > kMostPairs) {
        for (; i < left.size() || j < right.size();) {
            pairs.emplace_back(std::min(i++, left.size()), std::min(j++, right.size()));
        }
        return pairs;
    }
    const std::size_t width = right.size() + 1;
    std::vector<std::uint32_t> common((left.size() + 1) * width, 0);
    for (std::size_t a = left.size(); a-- > 0;) {
        for (std::size_t b = right.size(); b-- > 0;) {
            common[a * width + b] =
                left[a].key == right[b].key
                    ? common[(a + 1) * width + b + 1] + 1
                    : std::max(common[(a + 1) * width + b], common[a * width + b + 1]);
        }
    }
    while (i < left.size() || j < right.size()) {
        if (i < left.size() && j < right.size() && left[i].key == right[j].key) {
            pairs.emplace_back(i++, j++);
        } else if (j == right.size() ||
                   (i < left.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            pairs.emplace_back(i++, right.size());
        } else {
            pairs.emplace_back(left.size(), j++);
        }
    }
    return pairs;
}

std::string_view field_of(const Line& line, std::size_t index) {
    return index < line.plain.size() ? std::string_view(line.plain[index]) : std::string_view();
}

ordered_json pair_json(const Line& left, const Line& right) {
    ordered_json fields = ordered_json::array();
    const std::size_t count = std::max(left.plain.size(), right.plain.size());
    for (std::size_t field = 0; field < count; ++field) {
        if (field_of(left, field) != field_of(right, field)) {
            fields.push_back(field + 1);
        }
    }
    const bool same = fields.empty();
    return {{"kind", same ? "same" : "changed"},
            {"id", right.id},
            {"left", left.text},
            {"right", right.text},
            {"fields", std::move(fields)}};
}

}  // namespace

ordered_json diff_json(const ShownMessage& before, const ShownMessage& now) {
    const std::vector<Line> left = before.lines();
    const std::vector<Line> right = now.lines();
    ordered_json segments = ordered_json::array();
    for (const auto& [i, j] : paired(left, right)) {
        if (i < left.size() && j < right.size()) {
            segments.push_back(pair_json(left[i], right[j]));
        } else if (i < left.size()) {
            segments.push_back({{"kind", "removed"},
                                {"id", left[i].id},
                                {"left", left[i].text},
                                {"right", nullptr},
                                {"fields", ordered_json::array()}});
        } else {
            segments.push_back({{"kind", "added"},
                                {"id", right[j].id},
                                {"left", nullptr},
                                {"right", right[j].text},
                                {"fields", ordered_json::array()}});
        }
    }
    return segments;
}

}  // namespace labrelay::views
