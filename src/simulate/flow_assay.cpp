#include <algorithm>
#include <array>

#include "assays.hpp"

namespace labrelay::simulate {
namespace {

struct Marker {
    std::string_view label;
    std::string_view count;    ///< analyte of the count
    std::string_view percent;  ///< analyte of the percent of lymphocytes; empty: not sent
};
constexpr std::array<Marker, 4> kMarkers{{
    {"CD45+", "CD45A", ""},
    {"CD3+", "CD3A", "CD3P"},
    {"CD3+CD4+", "CD4A", "CD4P"},
    {"CD3+CD8+", "CD8A", "CD8P"},
}};

std::int64_t with_noise(std::int64_t value, Random& random) {
    return value + value * random.between(-60, 60) / 1000;
}

std::string coded(std::string_view label) {
    return std::string(label) + "^^99BD";
}

Observation number(std::string code, std::string sub_id, const Number& value, std::string unit,
                   std::string_view analyte, std::string canonical) {
    Observation observation;
    observation.code = std::move(code);
    observation.sub_id = std::move(sub_id);
    observation.type = "NM";
    observation.value = text(value);
    observation.unit = std::move(unit);
    observation.expected.analyte = analyte;
    observation.expected.value_num = text(value);
    observation.expected.unit = std::move(canonical);
    observation.expected.result_state = "quantified";
    return observation;
}

/// Rounded half up to one digit after the point, as the cytometer prints it.
Number percent_of(std::int64_t part, std::int64_t whole) {
    return {(part * 2000 + whole) / (2 * whole), 1};
}

}  // namespace

Lymphocytes count_lymphocytes(const Course& course, int day_of_trial, Random& random) {
    const int day = std::min(std::max(day_of_trial, 0), 365);
    Lymphocytes cells;
    cells.cd4 = with_noise(course.cd4 + course.cd4_gain * day / 365, random);
    cells.cd8 = with_noise(course.cd8, random);
    cells.cd3 = cells.cd4 + cells.cd8 + random.between(50, 130);
    cells.cd45 = cells.cd3 + random.between(280, 560);
    return cells;
}

std::vector<Observation> flow_panel(const Lymphocytes& cells, FlowLabels labels) {
    const std::array<std::int64_t, 4> counts{cells.cd45, cells.cd3, cells.cd4, cells.cd8};
    const bool headers = labels == FlowLabels::export_headers;
    std::vector<Observation> panel;
    for (std::size_t i = 0; i < kMarkers.size(); ++i) {
        const Marker& marker = kMarkers[i];
        const std::string average = "(Average) " + std::string(marker.label);
        if (marker.percent.empty() && headers) {
            continue;
        }
        panel.push_back(number(coded(headers ? average + " Abs Cnt" : std::string(marker.label)),
                               headers ? "" : "1", Number{counts[i], 0}, "cells/uL", marker.count,
                               "/uL"));
        if (!marker.percent.empty()) {
            panel.push_back(number(coded(headers ? average + " %Lymph" : std::string(marker.label)),
                                   headers ? "" : "2", percent_of(counts[i], cells.cd45),
                                   headers ? "%Lymph" : "%", marker.percent, "%"));
        }
    }
    if (!headers) {
        const Number ratio{(cells.cd4 * 200 + cells.cd8) / (2 * cells.cd8), 2};
        panel.push_back(number(coded("4/8 Ratio"), "", ratio, "", "CD4CD8", "1"));
    }
    return panel;
}

Observation double_positives(const Lymphocytes& cells) {
    Observation observation;
    observation.code = coded("CD3+CD4+CD8+");
    observation.type = "NM";
    observation.value = std::to_string(cells.cd3 / 60);
    observation.unit = "cells/uL";
    observation.expected.disposition = "ignored";
    observation.expected.reason = "ignored-by-source";
    return observation;
}

}  // namespace labrelay::simulate
