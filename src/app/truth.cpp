#include "labrelay/app/truth.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "labrelay/core/file.hpp"

namespace labrelay::app {
namespace {

constexpr std::array kMembers{
    &TruthRow::control_id,   &TruthRow::observation, &TruthRow::disposition, &TruthRow::reason,
    &TruthRow::study,        &TruthRow::subject,     &TruthRow::visit,       &TruthRow::role,
    &TruthRow::analyte,      &TruthRow::comparator,  &TruthRow::value_num,   &TruthRow::unit,
    &TruthRow::result_state, &TruthRow::status};

constexpr std::string_view kHeader =
    "control_id,observation,disposition,reason,study,subject,visit,role,analyte,comparator,value_"
    "num,"
    "unit,result_state,status";

}  // namespace

std::string TruthRow::line() const {
    std::string text;
    for (const auto member : kMembers) {
        text += (text.empty() && member == kMembers.front() ? "" : ",") + this->*member;
    }
    return text;
}

Result<std::vector<TruthRow>> read_truth(const std::string& file) {
    const Result<std::string> text = read_file(file);
    if (!text) {
        return tl::unexpected(text.error());
    }
    std::vector<TruthRow> rows;
    std::size_t number = 0;
    std::size_t begin = 0;
    while (begin < text->size()) {
        const std::size_t end = std::min(text->find('\n', begin), text->size());
        const std::string_view line = std::string_view(*text).substr(begin, end - begin);
        begin = end + 1;
        ++number;
        const Place place{fmt::format("{}:{}", file, number)};
        if (number == 1) {
            if (line != kHeader) {
                return fail(Code::csv_header_bad, place, std::string(kHeader));
            }
            continue;
        }
        if (static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1 !=
            kMembers.size()) {
            return fail(Code::csv_malformed, place);
        }
        TruthRow row;
        std::size_t cell = 0;
        for (const auto member : kMembers) {
            const std::size_t comma = std::min(line.find(',', cell), line.size());
            row.*member = line.substr(cell, comma - cell);
            cell = comma + 1;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> compare(std::vector<TruthRow> expected, std::vector<TruthRow> actual) {
    std::sort(expected.begin(), expected.end());
    std::sort(actual.begin(), actual.end());
    std::vector<TruthRow> missing;
    std::vector<TruthRow> extra;
    std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(),
                        std::back_inserter(missing));
    std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(),
                        std::back_inserter(extra));
    std::vector<std::pair<std::string, std::string>> lines;
    lines.reserve(missing.size() + extra.size());
    for (const TruthRow& row : missing) {
        lines.emplace_back(row.control_id + "," + row.observation, "- expected " + row.line());
    }
    for (const TruthRow& row : extra) {
        lines.emplace_back(row.control_id + "," + row.observation, "+ came     " + row.line());
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    std::vector<std::string> differences;
    differences.reserve(lines.size());
    for (auto& [order, line] : lines) {
        differences.push_back(std::move(line));
    }
    return differences;
}

}  // namespace labrelay::app
